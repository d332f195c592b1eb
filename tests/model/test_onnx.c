/* SPDX-License-Identifier: Apache-2.0 */
/* An exported ONNX model, read back by protobuf-c: the graph's nodes, shapes and values. */
#include "common/activations.h"
#include "gradus/gradus.h"
#include "scratch.h"

#include <onnx.pb-c.h>

static GrOnnx__ModelProto *read_message(const char *path)
{
    static unsigned char bytes[1 << 14];
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    GrOnnx__ModelProto *message = gr_onnx__model_proto__unpack(NULL, size, bytes);
    assert_non_null(message);
    return message;
}

static GrOnnx__ModelProto *export_network(const gradus_network *network, gradus_model **model)
{
    char *path = scratch_path("m.onnx");
    assert_ok(gradus_model_create(network, 7, model));
    assert_ok(gradus_model_export_onnx(*model, path));
    return read_message(path);
}

/* The operators must be these, as in "Div Flatten Gemm ...", each with the output of the previous one as input. */
static void assert_nodes(const GrOnnx__GraphProto *graph, const char *expected)
{
    char found[256] = "";
    const char *below = graph->input[0]->name;
    for (size_t i = 0; i < graph->n_node; i++) {
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s%s", i == 0 ? "" : " ",
                 graph->node[i]->op_type);
        assert_string_equal(graph->node[i]->input[0], below);
        below = graph->node[i]->output[0];
    }
    assert_string_equal(found, expected);
    assert_string_equal(below, "probabilities");
}

static void assert_shape(const GrOnnx__ValueInfoProto *value, const char *name, const int64_t *sizes, size_t rank)
{
    const GrOnnx__TensorShapeProto *shape = value->type->tensor_type->shape;
    assert_string_equal(value->name, name);
    assert_int_equal(value->type->tensor_type->elem_type, GR_ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT);
    assert_int_equal(shape->n_dim, rank + 1);
    assert_string_equal(shape->dim[0]->dim_param, "N");
    for (size_t i = 0; i < rank; i++)
        assert_int_equal(shape->dim[1 + i]->dim_value, sizes[i]);
}

static void test_images(void **state)
{
    (void)state;
    const gradus_network network = {.layers = 2, .sizes = {6, 4, 3}, .image_width = 3, .image_height = 2};
    gradus_model *model = NULL;
    GrOnnx__ModelProto *message = export_network(&network, &model);
    const GrOnnx__GraphProto *graph = message->graph;
    assert_int_equal(message->opset_import[0]->version, 13);
    assert_string_equal(message->producer_version, gradus_version());
    assert_nodes(graph, "Div Flatten Gemm Relu Gemm Softmax");
    assert_shape(graph->input[0], "input", (const int64_t[]){1, 2, 3}, 3);
    assert_int_equal(graph->n_output, 2);
    assert_shape(graph->output[0], "logits", (const int64_t[]){3}, 1);
    assert_shape(graph->output[1], "probabilities", (const int64_t[]){3}, 1);

    assert_int_equal(graph->n_initializer, 5);
    const float scale = 255;
    assert_memory_equal(graph->initializer[0]->raw_data.data, &scale, sizeof scale);
    for (size_t l = 0; l < 2; l++) {
        float *weights = NULL, *bias = NULL;
        const GrOnnx__TensorProto *w = graph->initializer[1 + 2 * l], *b = graph->initializer[2 + 2 * l];
        assert_ok(gradus_model_layer(model, l, &weights, &bias));
        assert_string_equal(w->name, l == 0 ? "fc1.weight" : "fc2.weight");
        assert_int_equal(w->n_dims, 2);
        assert_int_equal(w->dims[0], network.sizes[l + 1]);
        assert_int_equal(w->dims[1], network.sizes[l]);
        assert_int_equal(w->raw_data.len, network.sizes[l + 1] * network.sizes[l] * sizeof(float));
        assert_memory_equal(w->raw_data.data, weights, w->raw_data.len);
        assert_int_equal(b->n_dims, 1);
        assert_int_equal(b->raw_data.len, network.sizes[l + 1] * sizeof(float));
        assert_memory_equal(b->raw_data.data, bias, b->raw_data.len);
    }
    gr_onnx__model_proto__free_unpacked(message, NULL);
    gradus_model_destroy(model);
}

/* Floats are not divided. */
static void test_floats(void **state)
{
    (void)state;
    const gradus_network network = {.layers = 1, .sizes = {5, 2}, .floats = true};
    gradus_model *model = NULL;
    GrOnnx__ModelProto *message = export_network(&network, &model);
    assert_nodes(message->graph, "Gemm Softmax");
    assert_string_equal(message->graph->input[0]->doc_string, "features as they are");
    gr_onnx__model_proto__free_unpacked(message, NULL);
    gradus_model_destroy(model);
}

static void test_no_images(void **state)
{
    (void)state;
    const gradus_network network = {.layers = 1, .sizes = {5, 2}};
    gradus_model *model = NULL;
    GrOnnx__ModelProto *message = export_network(&network, &model);
    assert_nodes(message->graph, "Div Gemm Softmax");
    assert_shape(message->graph->input[0], "input", (const int64_t[]){5}, 1);
    gr_onnx__model_proto__free_unpacked(message, NULL);
    gradus_model_destroy(model);
}

/* Whether one of the graph's first nodes, its tensors or its input has this name. */
static bool is_known(const GrOnnx__GraphProto *graph, size_t nodes, const char *name)
{
    bool known = strcmp(graph->input[0]->name, name) == 0;
    for (size_t i = 0; i < nodes; i++)
        known |= strcmp(graph->node[i]->output[0], name) == 0;
    for (size_t t = 0; t < graph->n_initializer; t++)
        known |= strcmp(graph->initializer[t]->name, name) == 0;
    return known;
}

/* Every node's inputs are defined before it, and no two outputs and no two tensors have the same name. */
static void assert_consistent(const GrOnnx__GraphProto *graph)
{
    for (size_t i = 0; i < graph->n_node; i++) {
        for (size_t k = 0; k < graph->node[i]->n_input; k++)
            assert_true(is_known(graph, i, graph->node[i]->input[k]));
        assert_false(is_known(graph, i, graph->node[i]->output[0]));
    }
    for (size_t t = 0; t < graph->n_initializer; t++)
        for (size_t other = 0; other < t; other++)
            assert_string_not_equal(graph->initializer[t]->name, graph->initializer[other]->name);
}

/* The largest number of layers, with each activation, which is the same between all layers: 4 nodes of the input, a
 * Gemm of each layer, the Softmax, and the activations. */
static void test_deepest(void **state)
{
    (void)state;
    gradus_network network = {.layers = GRADUS_LAYERS_MAX, .input_mean = 0.5f, .input_deviation = 0.5f};
    for (size_t i = 0; i <= GRADUS_LAYERS_MAX; i++)
        network.sizes[i] = 4;
    for (int a = 0; a < ACTIVATION_COUNT; a++) {
        gradus_model *model = NULL;
        network.activation = (gradus_activation)a;
        GrOnnx__ModelProto *message = export_network(&network, &model);
        const GrOnnx__GraphProto *graph = message->graph;
        const size_t first = 4, activations = graph->n_node - first - GRADUS_LAYERS_MAX - 1;
        const size_t period = 1 + activations / (GRADUS_LAYERS_MAX - 1);
        assert_true(activations > 0 && activations % (GRADUS_LAYERS_MAX - 1) == 0);
        assert_string_equal(graph->node[first]->op_type, "Gemm");
        for (size_t i = first; i + 1 < graph->n_node; i++)
            assert_string_equal(graph->node[i]->op_type, graph->node[first + (i - first) % period]->op_type);
        assert_consistent(graph);
        gr_onnx__model_proto__free_unpacked(message, NULL);
        gradus_model_destroy(model);
    }
}

/* The operators before the first Gemm and between two, and their number of constants. */
static void assert_functions(gradus_activation activation, float deviation, const char *input, const char *between,
                             size_t constants)
{
    const gradus_network network = {
        .layers = 3, .sizes = {5, 4, 4, 2}, .activation = activation, .input_deviation = deviation};
    gradus_model *model = NULL;
    GrOnnx__ModelProto *message = export_network(&network, &model);
    const GrOnnx__GraphProto *graph = message->graph;
    char found[256] = "", expected[256];
    for (size_t i = 0; i < graph->n_node; i++)
        snprintf(found + strlen(found), sizeof found - strlen(found), " %s", graph->node[i]->op_type);
    snprintf(expected, sizeof expected, " %s Gemm %s Gemm %s Gemm Softmax", input, between, between);
    assert_string_equal(found, expected);
    assert_int_equal(graph->n_initializer, constants + 2 * 3);
    gr_onnx__model_proto__free_unpacked(message, NULL);
    gradus_model_destroy(model);
}

static void test_functions(void **state)
{
    (void)state;
    assert_functions(GRADUS_LEAKY_RELU, 0, "Div", "LeakyRelu", 1);
    assert_functions(GRADUS_SIGMOID, 0, "Div", "Sigmoid", 1);
    assert_functions(GRADUS_TANH, 0.5f, "Div Sub Div", "Tanh", 3);
    assert_functions(GRADUS_GELU, 0.5f, "Div Sub Div", "Mul Erf Add Mul Mul", 6);
    assert_functions(GRADUS_SILU, 0, "Div", "Sigmoid Mul", 1);
}

static void test_no_folder(void **state)
{
    (void)state;
    const gradus_network network = {.layers = 1, .sizes = {5, 2}};
    gradus_model *model = NULL;
    assert_ok(gradus_model_create(&network, 7, &model));
    assert_fails(gradus_model_export_onnx(model, scratch_path("none/m.onnx")), GRADUS_ERROR_OUTPUT,
                 "none/m.onnx: cannot be created");
    gradus_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_images),  scratch_test(test_floats),    scratch_test(test_no_images),
        scratch_test(test_deepest), scratch_test(test_functions), scratch_test(test_no_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
