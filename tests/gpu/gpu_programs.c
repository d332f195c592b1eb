/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists what gradus would build and launch on GPUs that are not present, for gpu_compile.py.
 *
 *   gpu_programs list FOLDER [GPU]...  of all GPUs or of these: writes each program to FOLDER/<number>.cl; prints a line
 *                                      for each program and launch
 *   gpu_programs occupancy             reads lines "gpu work-items registers local-bytes"; prints each one's groups per
 *                                      unit
 *
 * The lines of `list`, with tabs in between:
 *   program  number  gpu  target  file's first line of kernels  options
 *   launch   gpu  network  batch  engine  program's number  kernel  work-items  work-groups  units  launches a step
 */
#include "core/memory.h"
#include "device/device.h"
#include "engine/product/product.h"
#include "engine/select/engines.h"
#include "fake_opencl.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES_FULL 41000
#define SAMPLES_BATCHES 60000
#define SIDE 28
#define STEPS 100 /* of which launches a step are a mean */

static void require(gradus_status status)
{
    if (status == GRADUS_OK)
        return;
    fprintf(stderr, "gpu_programs: %s\n", gradus_last_error());
    exit(1);
}

/* ---- Data sets ---- */

/* Images with ink in a tenth of their pixels, and ten classes. */
static gradus_dataset *make_dataset(size_t samples)
{
    const size_t count = samples * SIDE * SIDE;
    uint8_t *pixels = NULL, *labels = NULL;
    gradus_dataset *dataset = NULL;
    require(gr_allocate(count, &pixels));
    require(gr_allocate(samples, &labels));
    for (size_t i = 0; i < count; i += 10)
        pixels[i] = (uint8_t)(1 + i % 255);
    for (size_t i = 0; i < samples; i++)
        labels[i] = (uint8_t)(i % 10);
    require(gr_dataset_adopt(pixels, labels, samples, SIDE, SIDE, &dataset));
    return dataset;
}

/* ---- Trainings ---- */

typedef struct training {
    size_t hidden, batch; /* batch 0: full batches */
    bool everything;      /* with the kernels that only some options need */
} training;

static const training trainings[] = {
    {10, 0, false},  {32, 0, false},   {128, 0, false},   {512, 0, false},   {10, 32, false},  {10, 128, false},
    {32, 32, false}, {128, 32, false}, {128, 128, false}, {512, 128, false}, {128, 128, true},
};
#define TRAININGS (sizeof trainings / sizeof *trainings)

static engine_settings settings_of(const training *t)
{
    engine_settings settings = {.batch = t->batch};
    gradus_optimizer options = {.name = t->batch > 0 ? "adam" : "sgd",
                                .momentum = 0.9f,
                                .beta1 = 0.9f,
                                .beta2 = 0.999f,
                                .rho = 0.99f,
                                .epsilon = 1e-8f};
    if (t->everything) {
        options.clip_norm = 1;
        options.max_norm = 3;
        options.weight_decay = 1e-4f;
        settings.regularization = (regularization){0.5f, 0.2f, 0.1f, 1};
        settings.augmentation = (augmentation){{1.5f, 20, 0.2f, 0.8f}, 9};
    }
    require(gr_optimizer_make(&options, &settings.optimizer));
    return settings;
}

/* A few steps as a training takes them, which begin an epoch. */
static void take_steps(engine *e)
{
    const engine_type *type = e->type;
    const size_t batch = e->batch > 0 ? e->batch : e->dataset->info.samples;
    update_step steps[STEPS];
    for (size_t i = 0; i < STEPS; i++)
        steps[i] = gr_optimizer_step(&e->optimizer, 0.1f, i + 1);
    if (type->take_steps != NULL) {
        for (size_t i = 0; i < STEPS && e->batch == 0; i++) /* an epoch is one step */
            require(type->take_steps(e, &(step_run){0, batch, &steps[i], 1, false}));
        if (e->batch > 0)
            require(type->take_steps(e, &(step_run){0, STEPS * batch, steps, STEPS, false}));
        return;
    }
    for (size_t i = 0; i < STEPS; i++) {
        require(type->gradient(e, e->batch > 0 ? i * batch : 0, batch));
        require(type->update(e, &steps[i]));
    }
}

/* What a training does besides its steps. */
static void do_the_rest(engine *e, float *probabilities)
{
    const engine_type *type = e->type;
    batch_sums sums;
    require(type->gradient(e, 0, e->batch > 0 ? e->batch : e->dataset->info.samples));
    require(type->keep_parameters(e));
    require(type->restore_parameters(e));
    require(type->evaluate(e, 0, e->batch > 0 ? e->batch : e->dataset->info.samples));
    require(type->read_sums(e, &sums));
    if (type->probabilities != NULL && e->batch == 0)
        require(type->probabilities(e, probabilities));
}

/* ---- Listing ---- */

static void print_launches(const gpu_description *gpu, const char *network, size_t batch, const char *by, bool steps)
{
    const fake_launch *l = NULL;
    for (size_t i = 0; (l = fake_launch_at(i)) != NULL; i++)
        printf("launch\t%s\t%s\t%zu\t%s\t%zu\t%s\t%zu\t%zu\t%zu\t%g\n", gpu->key, network, batch, by, l->program,
               l->kernel, l->items, l->groups, gpu->model.units, steps ? (double)l->count / STEPS : 0);
    fake_launches_clear();
}

static void list_engine(gradus_device *device, const gpu_description *gpu, const training *t, const engine_type *type,
                        const gradus_dataset *dataset, float *probabilities)
{
    const gradus_network network = {
        .layers = 2,
        .sizes = {SIDE * SIDE, t->hidden, 10},
        .activation = t->everything ? GRADUS_TANH : GRADUS_RELU,
    };
    const engine_settings settings = settings_of(t);
    const permutation order = gr_permutation((uint32_t)dataset->info.samples, 1, 1);
    engine *e = NULL;
    char name[32], by[32];
    snprintf(name, sizeof name, "784-%zu-10", t->hidden);
    snprintf(by, sizeof by, "%s%s", type->name, t->everything ? ", all options" : "");
    const engine like = {.type = type,
                         .network = network,
                         .dataset = dataset,
                         .batch = settings.batch,
                         .optimizer = settings.optimizer,
                         .regularization = settings.regularization,
                         .augmentation = settings.augmentation};
    if (gr_engine_unsupported(type, &like, device) != NULL)
        return;
    require(gr_engine_create_with(type, &settings, device, &network, dataset, &e));
    if (t->batch > 0)
        require(e->type->shuffle(e, &order));
    fake_launches_clear();
    take_steps(e);
    print_launches(gpu, name, t->batch, by, true);
    do_the_rest(e, probabilities);
    print_launches(gpu, name, t->batch, by, false);
    gr_engine_destroy(e);
}

/* ---- Products on tensor cores ---- */

/* All of a layer's products, by all candidates. */
static void list_products(gradus_device *device, const gpu_description *gpu, const gradus_network *network,
                          size_t layer, size_t samples)
{
    const size_t inputs = network->sizes[layer], outputs = network->sizes[layer + 1];
    char name[32];
    snprintf(name, sizeof name, "%zu-%zu", inputs, outputs);
    for (size_t kind = 0; kind < gr_product_kinds(layer); kind++) {
        const product_shape shape = gr_product_of_layer(network, layer, (product_kind)kind, samples);
        product_candidate all[PRODUCT_CANDIDATES];
        const size_t count = gr_product_candidates(device, &gr_product_tensor, &shape, EFFORT_THOROUGH, all);
        for (size_t c = 0; c < count; c++) {
            product *made = NULL;
            require(gr_product_create(device, &shape, &all[c], &(product_buffers){0}, &made));
            require(gr_product_enqueue(device, made));
            gr_product_destroy(made);
        }
    }
    print_launches(gpu, name, samples, "tensor products", false);
}

static void list_tensor_products(gradus_device *device, const gpu_description *gpu)
{
    static const size_t widths[] = {128, 800}, samples[] = {SAMPLES_FULL, 512, 128};
    for (size_t w = 0; w < sizeof widths / sizeof *widths && device->tensor != TENSOR_NONE; w++)
        for (size_t s = 0; s < sizeof samples / sizeof *samples; s++) {
            const gradus_network network = {.layers = 3, .sizes = {SIDE * SIDE, widths[w], widths[w], 10}};
            list_products(device, gpu, &network, 0, samples[s]);
            list_products(device, gpu, &network, 1, samples[s]);
        }
}

/* ---- All ---- */

static gradus_device *open_device(const gpu_description *gpu)
{
    gradus_device_options options = gradus_device_options_default();
    gradus_device *device = NULL;
    options.selector = gpu->name;
    options.products = "own";
    require(gradus_device_open_with(&options, &device));
    const gpu_model model = gr_gpu_model_of(device);
    if (memcmp(&model, &gpu->model, sizeof model) != 0) {
        fprintf(stderr, "gpu_programs: %s is not recognised\n", gpu->name);
        exit(1);
    }
    return device;
}

static void list_programs(void)
{
    const fake_program *p = NULL;
    for (size_t i = 0; (p = fake_program_at(i)) != NULL; i++)
        printf("program\t%zu\t%s\t%s\t%.*s\t%s\n", i, p->gpu->key, fake_target(p->gpu->key),
               (int)strcspn(p->source, "\n"), p->source, p->options);
}

/* Whether `key` is one of the texts, or there are none. */
static bool is_wanted(const char *key, char **wanted, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(wanted[i], key) == 0)
            return true;
    return count == 0;
}

static void list(const char *folder, char **wanted, size_t count)
{
    static const engine_type *const types[] = {&gr_engine_fused, &gr_engine_layered, &gr_engine_sparse};
    gradus_dataset *full = make_dataset(SAMPLES_FULL), *batches = make_dataset(SAMPLES_BATCHES);
    float *probabilities = NULL;
    require(gr_allocate(SAMPLES_FULL * 10, &probabilities));
    fake_programs_to(folder);
    for (size_t g = 0; gr_gpu_description(g) != NULL; g++) {
        const gpu_description *gpu = gr_gpu_description(g);
        if (!is_wanted(gpu->key, wanted, count))
            continue;
        gradus_device *device = open_device(gpu);
        for (size_t i = 0; i < TRAININGS; i++)
            for (size_t k = 0; k < sizeof types / sizeof *types; k++)
                list_engine(device, gpu, &trainings[i], types[k], trainings[i].batch > 0 ? batches : full,
                            probabilities);
        list_tensor_products(device, gpu);
        gradus_device_close(device);
    }
    list_programs();
    free(probabilities);
    gradus_dataset_destroy(full);
    gradus_dataset_destroy(batches);
}

/* ---- Occupancy ---- */

static const gpu_model *model_of(const char *key)
{
    for (size_t i = 0; gr_gpu_description(i) != NULL; i++)
        if (strcmp(gr_gpu_description(i)->key, key) == 0)
            return &gr_gpu_description(i)->model;
    fprintf(stderr, "gpu_programs: no GPU %s\n", key);
    exit(1);
}

static void occupancy(void)
{
    char key[64];
    size_t items = 0, registers = 0, local_bytes = 0;
    while (scanf("%63s %zu %zu %zu", key, &items, &registers, &local_bytes) == 4)
        printf("%zu\n", gr_gpu_groups_per_unit(model_of(key), items, registers, local_bytes));
}

int main(int count, char **arguments)
{
    setenv("GRADUS_PROGRAM_CACHE", "0", 1);
    if (count >= 3 && strcmp(arguments[1], "list") == 0) {
        setenv("XDG_CACHE_HOME", arguments[2], 1);
        list(arguments[2], arguments + 3, (size_t)count - 3);
        return 0;
    }
    if (count == 2 && strcmp(arguments[1], "occupancy") == 0) {
        occupancy();
        return 0;
    }
    fprintf(stderr, "usage: gpu_programs list FOLDER [GPU]... | occupancy\n");
    return 64;
}
