/* SPDX-License-Identifier: Apache-2.0 */
/* Engine "blas": divides a batch among threads, adds up their sums, and creates and destroys the engine. */
#include "engine/blas/blas.h"
#include "core/cores.h"
#include "core/memory.h"
#include "engine/blas/blas_state.h"

#include <cblas.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* A slice of the notebook's images is then 1.6 MB as floats. 256 to 1024 samples are equally fast; more do not fit the
 * cache, fewer make the sums of dW too short for an efficient GEMM. */
#define SLICE_SAMPLES 512
/* If a layer of a slice would have more floats than this, because samples are large, slices are shorter ... */
#define SLICE_FLOATS ((size_t)1 << 22)
/* ... down to this length, which is also the smallest number of samples for a thread. */
#define SAMPLES_MIN 64

/* ---- Threads ---- */

/*
 * Note [one BLAS thread]: each of the engine's threads calls BLAS for itself, so BLAS must not start further ones. The
 * way to set that depends on how OpenBLAS was built, which is known only when it is loaded. With POSIX threads the
 * number applies to the process: it is set for the time of a batch and restored. With OpenMP it belongs to the calling
 * thread: the engine's threads set theirs once, one after the other, because OpenBLAS does not protect its tables then;
 * OpenBLAS reports the last number that was set, so the program's own is set again. A sequential build has nothing to
 * set.
 */
static void run_single_threaded(const blas *e, void (*work)(void *context, size_t member), void *context)
{
    const int threads = openblas_get_num_threads();
    const bool shared = openblas_get_parallel() == OPENBLAS_THREAD;
    if (shared)
        openblas_set_num_threads(1);
    gr_team_run(e->team, work, context);
    if (shared)
        openblas_set_num_threads(threads);
}

static void set_own_threads(void *context, size_t member)
{
    pthread_mutex_t *lock = context;
    (void)member;
    pthread_mutex_lock(lock);
    openblas_set_num_threads(1);
    pthread_mutex_unlock(lock);
}

static gradus_status create_team(blas *e)
{
    gradus_status status = GRADUS_OK;
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    TRY(gr_team_create(e->part_count, &e->team));
    if (openblas_get_parallel() == OPENBLAS_OPENMP) {
        const int threads = openblas_get_num_threads();
        gr_team_run(e->team, set_own_threads, &lock);
        openblas_set_num_threads(threads);
    }
cleanup:
    return status;
}

/* ---- A batch ---- */

typedef struct batch {
    blas *e;
    size_t first, count;
    bool with_gradient;   /* of a training */
    float *probabilities; /* (C x B), computed instead of gradient and sums; NULL: not computed */
} batch;

static void process_slice(const batch *b, blas_part *part, size_t first, size_t n)
{
    const gradus_network *net = &b->e->common.base.network;
    gr_blas_forward(b->e, part, first, n, b->with_gradient);
    if (b->probabilities != NULL) {
        gr_blas_softmax(b->e, part, n, b->probabilities + first * net->sizes[net->layers]);
        return;
    }
    gr_blas_softmax_cross_entropy(b->e, part, first, n, b->with_gradient);
    if (b->with_gradient)
        gr_blas_backward(b->e, part, n, 1.0f / (float)b->count);
}

/* Processes all slices of one part of the batch. */
static void process_part(void *context, size_t member)
{
    const batch *b = context;
    blas_part *part = &b->e->parts[member];
    const size_t begin = b->first + b->count * member / b->e->part_count;
    const size_t end = b->first + b->count * (member + 1) / b->e->part_count;
    part->sums = (batch_sums){0, 0};
    if (b->with_gradient)
        memset(part->gradient, 0, b->e->common.base.layout.length * sizeof *part->gradient);
    for (size_t s = begin; s < end; s += b->e->slice)
        process_slice(b, part, s, end - s < b->e->slice ? end - s : b->e->slice);
}

/* Adds up the parts' gradients, for this member's range of the parameters. */
static void combine_gradients(void *context, size_t member)
{
    const blas *e = context;
    const size_t begin = e->common.base.layout.length * member / e->part_count;
    const size_t end = e->common.base.layout.length * (member + 1) / e->part_count;
    memcpy(e->gradient + begin, e->parts[0].gradient + begin, (end - begin) * sizeof *e->gradient);
    for (size_t p = 1; p < e->part_count; p++)
        for (size_t i = begin; i < end; i++)
            e->gradient[i] += e->parts[p].gradient[i];
}

static void run_batch(blas *e, size_t first, size_t count, bool with_gradient)
{
    batch b = {.e = e, .first = first, .count = count, .with_gradient = with_gradient};
    batch_sums sums = {0, 0};
    run_single_threaded(e, process_part, &b);
    for (size_t p = 0; p < e->part_count; p++) {
        sums.loss += e->parts[p].sums.loss;
        sums.correct += e->parts[p].sums.correct;
    }
    e->common.sums = sums;
}

/* ---- The engine ---- */

static gradus_status blas_gradient(engine *base, size_t first, size_t count)
{
    blas *e = (blas *)base;
    run_batch(e, first, count, true);
    gr_team_run(e->team, combine_gradients, e);
    return GRADUS_OK;
}

static gradus_status blas_evaluate(engine *base, size_t first, size_t count)
{
    run_batch((blas *)base, first, count, false);
    return GRADUS_OK;
}

static gradus_status blas_update(engine *base, const update_step *step)
{
    blas *e = (blas *)base;
    gr_optimizer_update_float(&base->optimizer, step, &base->network, &base->layout, e->parameters, e->gradient,
                              e->first, e->second);
    gr_host_engine_note_step(&e->common);
    return GRADUS_OK;
}

static gradus_status blas_probabilities(engine *base, float *out)
{
    batch b = {.e = (blas *)base, .count = base->dataset->info.samples, .probabilities = out};
    run_single_threaded(b.e, process_part, &b);
    return GRADUS_OK;
}

static gradus_status blas_write_parameters(engine *base, const float *parameters)
{
    blas *e = (blas *)base;
    const size_t bytes = base->layout.length * sizeof *parameters;
    memcpy(e->parameters, parameters, bytes);
    if (e->first != NULL)
        memset(e->first, 0, bytes);
    if (e->second != NULL)
        memset(e->second, 0, bytes);
    gr_host_engine_begin(&e->common);
    return GRADUS_OK;
}

static gradus_status blas_read_parameters(engine *base, float *parameters)
{
    memcpy(parameters, ((const blas *)base)->parameters, base->layout.length * sizeof *parameters);
    return GRADUS_OK;
}

static gradus_status blas_read_state(engine *base, const engine_state *state)
{
    const blas *e = (const blas *)base;
    gr_host_engine_read_state(&e->common, (void *[]){e->parameters, e->kept, e->first, e->second}, state);
    return GRADUS_OK;
}

static gradus_status blas_write_state(engine *base, const engine_state *state)
{
    blas *e = (blas *)base;
    gr_host_engine_write_state(&e->common, (void *[]){e->parameters, e->kept, e->first, e->second}, state);
    return GRADUS_OK;
}

static gradus_status blas_keep_parameters(engine *base)
{
    blas *e = (blas *)base;
    return gr_host_engine_is_sound(&e->common) ? blas_read_parameters(base, e->kept) : GRADUS_OK;
}

static gradus_status blas_restore_parameters(engine *base)
{
    return blas_write_parameters(base, ((blas *)base)->kept);
}

static gradus_status blas_read_gradient(engine *base, float *gradient)
{
    memcpy(gradient, ((const blas *)base)->gradient, base->layout.length * sizeof *gradient);
    return GRADUS_OK;
}

/* ---- Creation and destruction ---- */

static size_t minimum(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t widest_layer(const gradus_network *network)
{
    size_t widest = 0;
    for (size_t l = 0; l <= network->layers; l++)
        widest = network->sizes[l] > widest ? network->sizes[l] : widest;
    return widest;
}

/* Chooses the number of threads: the requested one, else the number that OpenBLAS would use (OPENBLAS_NUM_THREADS, else
 * the processors) and the process may use; but no more than there are samples for. */
static gradus_status choose_parts(blas *e)
{
    const engine *base = &e->common.base;
    const size_t samples = base->batch > 0 ? base->batch : base->dataset->info.samples;
    const size_t widest = widest_layer(&base->network);
    if (widest > INT_MAX)
        return gr_fail(GRADUS_ERROR_ARGUMENT, "engine blas: found a layer of %zu units, expected at most %d", widest,
                       INT_MAX);
    const size_t usual = minimum((size_t)openblas_get_num_threads(), gr_cores_available());
    if (e->common.base.threads == 0)
        e->common.base.threads = usual;
    e->part_count = minimum(e->common.base.threads, gr_divide_up(samples, SAMPLES_MIN));
    e->slice = minimum(SLICE_SAMPLES, gr_divide_up(samples, e->part_count));
    while (e->slice > SAMPLES_MIN && e->slice * widest > SLICE_FLOATS)
        e->slice = (e->slice + 1) / 2;
    return GRADUS_OK;
}

static gradus_status create_activations(const blas *e, size_t units, float **out)
{
    gradus_status status = GRADUS_OK;
    size_t count = 0;
    TRY(gr_multiply(units, e->slice, "the activations", &count));
    TRY(gr_allocate(count, out));
cleanup:
    return status;
}

static gradus_status create_part(const blas *e, blas_part *part)
{
    gradus_status status = GRADUS_OK;
    const gradus_network *net = &e->common.base.network;
    for (size_t l = 0; l <= net->layers; l++)
        TRY(create_activations(e, net->sizes[l], &part->a[l]));
    for (size_t l = 0; l + 1 < net->layers; l++)
        TRY(create_activations(e, net->sizes[l + 1], &part->dz[l]));
    part->dz[net->layers - 1] = part->a[net->layers];
    for (size_t l = 0; !gr_engine_is_plain(&e->common.base) && l + 1 < net->layers; l++)
        TRY(create_activations(e, net->sizes[l + 1], &part->slopes[l]));
    TRY(gr_allocate(widest_layer(net), &part->factors));
    TRY(gr_allocate(net->sizes[0], &part->pixels));
    TRY(gr_allocate(e->common.base.layout.length, &part->gradient));
cleanup:
    return status;
}

static void destroy_part(const blas *e, blas_part *part)
{
    for (size_t l = 0; l <= e->common.base.network.layers; l++)
        free(part->a[l]);
    for (size_t l = 0; l + 1 < e->common.base.network.layers; l++) {
        free(part->dz[l]);
        free(part->slopes[l]);
    }
    free(part->factors);
    free(part->pixels);
    free(part->gradient);
}

static void blas_destroy(engine *base)
{
    blas *e = (blas *)base;
    gr_team_destroy(e->team);
    for (size_t p = 0; e->parts != NULL && p < e->part_count; p++)
        destroy_part(e, &e->parts[p]);
    free(e->parts);
    free(e->ones);
    gr_host_engine_release(&e->common);
    free(e->gradient);
    free(e->first);
    free(e->second);
    free(e->kept);
    free(e->parameters);
    free(e);
}

static gradus_status blas_create(const engine *base, gradus_device *device, engine **out)
{
    gradus_status status = GRADUS_OK;
    (void)device;
    blas *e = NULL;

    TRY(gr_allocate(1, &e));
    TRY(gr_host_engine_init(&e->common, base));
    e->transforms = base->network.input_deviation != 0 || base->regularization.input_dropout > 0;
    TRY(choose_parts(e));
    TRY(gr_allocate(e->part_count, &e->parts));
    for (size_t p = 0; p < e->part_count; p++)
        TRY(create_part(e, &e->parts[p]));
    TRY(gr_allocate(e->slice, &e->ones));
    for (size_t s = 0; s < e->slice; s++)
        e->ones[s] = 1;
    TRY(gr_allocate(base->layout.length, &e->parameters));
    TRY(gr_allocate(base->layout.length, &e->kept));
    TRY(gr_allocate(base->layout.length, &e->gradient));
    if (gr_optimizer_has_first_moment(&base->optimizer))
        TRY(gr_allocate(base->layout.length, &e->first));
    if (gr_optimizer_has_second_moment(&base->optimizer))
        TRY(gr_allocate(base->layout.length, &e->second));
    TRY(create_team(e));
    *out = &e->common.base;
    e = NULL;
cleanup:
    if (e != NULL)
        blas_destroy(&e->common.base);
    return status;
}

const engine_type gr_engine_blas = {
    .name = "blas",
    .needs_device = false,
    .create = blas_create,
    .write_parameters = blas_write_parameters,
    .read_parameters = blas_read_parameters,
    .read_state = blas_read_state,
    .write_state = blas_write_state,
    .shuffle = gr_host_engine_shuffle,
    .gradient = blas_gradient,
    .update = blas_update,
    .evaluate = blas_evaluate,
    .keep_parameters = blas_keep_parameters,
    .restore_parameters = blas_restore_parameters,
    .send_sums = gr_host_engine_send_sums,
    .await_sums = gr_host_engine_await_sums,
    .read_sums = gr_host_engine_read_sums,
    .read_gradient = blas_read_gradient,
    .probabilities = blas_probabilities,
    .destroy = blas_destroy,
};
