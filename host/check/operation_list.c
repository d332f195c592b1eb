/* SPDX-License-Identifier: Apache-2.0 */
/* The list of operations, and the shapes of each. */
#include "check/check.h"

/* ---- Shapes of a check ---- */

/* 1 x 1, primes, exactly a work-group and one more, more columns than row sums have pieces, the notebook's rows. */
static const check_shape element_shapes[] = {{1, 1, 0},  {7, 13, 0},   {1, 64, 0},    {1, 65, 0},
                                             {3, 43, 0}, {10, 129, 0}, {10, 1031, 0}, {127, 257, 0}};
static const check_shape class_shapes[] = {{2, 1, 0},     {3, 7, 0},    {10, 64, 0}, {10, 65, 0},
                                           {10, 1031, 0}, {47, 131, 0}, {256, 33, 0}};
/* O x S x I of products. Both of CLBlast's methods: one kernel for small products, padded copies for large ones. Tiles
 * of own kernels: exactly one, one more, many; a depth of several blocks and shares. */
static const check_shape product_shapes[] = {{1, 1, 1},      {7, 13, 17},     {10, 65, 784},  {10, 1031, 131},
                                             {64, 64, 64},   {65, 129, 129},  {10, 129, 128}, {127, 257, 129},
                                             {129, 3001, 3}, {128, 640, 784}, {513, 97, 257}};
/* The same for kernels that a CPU's compiler needs long for: each shape has tiles of its own. */
static const check_shape gpu_product_shapes[] = {{1, 1, 1}, {10, 65, 784}, {65, 129, 129}, {129, 301, 3}};
/* The same for tensor cores, which tests emulate: operands in vectors along the depth; across it; in none, and shares. */
static const check_shape tensor_product_shapes[] = {{12, 65, 264}, {66, 33, 130}, {33, 67, 67}};
/* H x B x F of engines; H is also the width of a second hidden layer. The last has several tiles for every core. */
static const check_shape engine_shapes[] = {{1, 1, 1}, {10, 97, 784}, {17, 63, 29}, {65, 130, 49}, {5, 9001, 12}};

/* The same for steps: one work-item takes all of them, and all cores. */
static const check_shape step_shapes[] = {{10, 97, 784}, {90, 400, 300}};
static const check_shape gpu_step_shapes[] = {{10, 97, 784}};

/* The same for operations that compile several times for each shape. */
static const check_shape regularization_shapes[] = {{17, 163, 149}};
/* Height x width x samples: the smallest image, one pixel more than a piece of a row, digits, more rows than
 * columns. */
static const check_shape image_shapes[] = {{2, 2, 5}, {3, 17, 7}, {28, 28, 43}, {129, 31, 3}};

/* Rounds, or vectors (a multiple of 4), x work-groups. */
static const check_shape limit_shapes[] = {{4, 1, 0}, {8, 3, 0}, {1000, 2, 0}};

#define SHAPES(list) list, sizeof(list) / sizeof *(list)

/* ---- Shapes of a network ---- */

static size_t input(const gradus_network *network, const gradus_dataset_info *info, check_shape *shapes)
{
    shapes[0] = (check_shape){network->sizes[0], info->samples, 0};
    return 1;
}

/* The outputs of the layers before `end`, each shape once. */
static size_t outputs_of(const gradus_network *network, size_t end, size_t samples, check_shape *shapes)
{
    size_t count = 0;
    for (size_t l = 0; l < end; l++) {
        size_t same = 0;
        while (same < count && shapes[same].rows != network->sizes[l + 1])
            same++;
        if (same == count)
            shapes[count++] = (check_shape){network->sizes[l + 1], samples, 0};
    }
    return count;
}

static size_t hidden_layers(const gradus_network *network, const gradus_dataset_info *info, check_shape *shapes)
{
    return outputs_of(network, network->layers - 1, info->samples, shapes);
}

static size_t all_layers(const gradus_network *network, const gradus_dataset_info *info, check_shape *shapes)
{
    return outputs_of(network, network->layers, info->samples, shapes);
}

static size_t classes(const gradus_network *network, const gradus_dataset_info *info, check_shape *shapes)
{
    shapes[0] = (check_shape){network->sizes[network->layers], info->samples, 0};
    return 1;
}

static size_t order(const gradus_network *network, const gradus_dataset_info *info, check_shape *shapes)
{
    (void)network;
    shapes[0] = (check_shape){1, info->samples, 0};
    return 1;
}

static size_t images(const gradus_network *network, const gradus_dataset_info *info, check_shape *shapes)
{
    (void)network;
    shapes[0] = (check_shape){info->height, info->width, info->samples};
    return 1;
}

static size_t parameters(const gradus_network *network, const gradus_dataset_info *info, check_shape *shapes)
{
    (void)info;
    shapes[0] = (check_shape){gr_network_layout(network).length, 1, 0};
    return 1;
}

/* A dummy shape, for operations that have none or iterate over the layers themselves. */
static size_t whole_network(const gradus_network *network, const gradus_dataset_info *info, check_shape *shapes)
{
    (void)network, (void)info;
    shapes[0] = (check_shape){0};
    return 1;
}

/* ---- The list ---- */

const operation gr_operations[] = {
    {"expand_bytes", gr_check_expand_bytes, SHAPES(element_shapes), input},
    {"bias_broadcast", gr_check_bias_broadcast, SHAPES(element_shapes), all_layers},
    {"relu_forward", gr_check_relu_forward, SHAPES(element_shapes), hidden_layers},
    {"relu_backward", gr_check_relu_backward, SHAPES(element_shapes), hidden_layers},
    {"activation_forward", gr_check_activation_forward, SHAPES(element_shapes), hidden_layers},
    {"activation_backward", gr_check_activation_backward, SHAPES(element_shapes), hidden_layers},
    {"input_transform", gr_check_input_transform, SHAPES(element_shapes), input},
    {"softmax_forward", gr_check_softmax_forward, SHAPES(class_shapes), classes},
    {"softmax_cross_entropy", gr_check_softmax_cross_entropy, SHAPES(class_shapes), classes},
    {"row_sums", gr_check_row_sums, SHAPES(element_shapes), all_layers},
    {"row_sums_group", gr_check_row_sums_group, SHAPES(element_shapes), all_layers},
    {"shuffle_samples", gr_check_shuffle_samples, SHAPES(element_shapes), order},
    {"gather_samples", gr_check_gather_samples, SHAPES(element_shapes), input},
    {"augment_samples", gr_check_augment_samples, SHAPES(image_shapes), images},
    {"update_parameters", gr_check_update_parameters, SHAPES(element_shapes), parameters},
    {"norms_group", gr_check_norms_group, SHAPES(element_shapes), parameters},
    {"keep_parameters", gr_check_keep_parameters, SHAPES(element_shapes), parameters},
    {"product_clblast", gr_check_product_clblast, SHAPES(product_shapes), whole_network},
    {"product_cpu", gr_check_product_cpu, SHAPES(product_shapes), whole_network},
    {"product_gpu", gr_check_product_gpu, SHAPES(gpu_product_shapes), whole_network},
    {"product_tensor", gr_check_product_tensor, SHAPES(tensor_product_shapes), whole_network},
    {"limit_fma", gr_check_limit_fma, SHAPES(limit_shapes), whole_network},
    {"limit_read", gr_check_limit_read, SHAPES(limit_shapes), whole_network},
    {"engine_layered", gr_check_engine_layered, SHAPES(engine_shapes), whole_network},
    {"sparse_cpu", gr_check_sparse_cpu, SHAPES(engine_shapes), whole_network},
    {"sparse_gpu", gr_check_sparse_gpu, SHAPES(engine_shapes), whole_network},
    {"first_groups", gr_check_first_groups, SHAPES(engine_shapes), whole_network},
    {"first_elements", gr_check_first_elements, SHAPES(engine_shapes), whole_network},
    {"first_dense", gr_check_first_dense, SHAPES(engine_shapes), whole_network},
    {"first_wide", gr_check_first_wide, SHAPES(engine_shapes), whole_network},
    {"first_batch", gr_check_first_batch, SHAPES(engine_shapes), whole_network},
    {"batch_steps", gr_check_batch_steps, SHAPES(step_shapes), whole_network},
    {"fused_cpu_regularization", gr_check_fused_cpu_regularization, SHAPES(regularization_shapes), whole_network},
    {"fused_batch_regularization", gr_check_fused_batch_regularization, SHAPES(regularization_shapes), whole_network},
    {"first_gpu", gr_check_first_gpu, SHAPES(engine_shapes), whole_network},
    {"batch_gpu", gr_check_batch_gpu, SHAPES(engine_shapes), whole_network},
    {"batch_gpu_steps", gr_check_batch_gpu_steps, SHAPES(gpu_step_shapes), whole_network},
    {"batch_gpu_regularization", gr_check_batch_gpu_regularization, SHAPES(regularization_shapes), whole_network},
};
const size_t gr_operation_count = sizeof gr_operations / sizeof *gr_operations;
