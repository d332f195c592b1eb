/* SPDX-License-Identifier: Apache-2.0 */
/* The plan of engine "fused" for mini-batches on GPUs. */
#include "engine/fused_batch_gpu/batch_gpu_plan.h"
#include "core/memory.h"

#include "fused_batch_gpu/batch_gpu_launch.h"

/* ---- Parameters to tune ---- */

#define LANES_USUAL 4 /* samples of a work-group of batch_forward; see Note [samples of a work-group] there, */
#define LANES_MAX 8   /* and with so many work-groups that they would run one after the other */
#define FORWARD_THREADS 512
#define UPDATE_THREADS 256
#define THREADS_STEP 64
#define LOCAL_BYTES_MAX ((size_t)49152)

/* Of batch_steps: */
#define STEPS_THREADS 256
#define TILE_MAX 32         /* samples of a tile */
#define UNIT_BLOCK_MAX 12   /* of a work-item, */
#define UNIT_REGISTERS 12   /*   which has four sums and eight moments for each in registers, */
#define OTHER_REGISTERS 132 /*   and these besides, */
#define AMD_REGISTERS 180   /*   with AMD's compiler, which loads more values ahead, */
#define INTEL_REGISTERS 200 /*   and with Intel's, so that work-groups which fit have few units */
#define UNITS_MAX 32        /* of the first layer */
#define STEPS_LOCAL_BYTES_MAX ((size_t)65536)
#define STEP_MULTIPLICATIONS 1e6 /* of a product with X; more take one work-group longer than two launches */

/* ---- The plan ---- */

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Bytes of local memory of a work-group of batch_forward. */
static size_t local_bytes(const gradus_network *network, const batch_gpu_plan *plan, size_t lanes)
{
    const size_t vectors = network->sizes[0] + 2 * plan->rows + plan->forward_threads + 1;
    return vectors * lanes * sizeof(float);
}

static size_t choose_lanes(const gradus_network *network, size_t batch, const gpu_model *model,
                           const batch_gpu_plan *plan)
{
    const size_t local_max = smaller(LOCAL_BYTES_MAX, model->group_local_bytes);
    size_t lanes = gr_divide_up(batch, LANES_USUAL) > 2 * model->units ? LANES_MAX : LANES_USUAL;
    while (lanes > 0 && local_bytes(network, plan, lanes) > local_max)
        lanes /= 2;
    return lanes;
}

static void place_rows(const gradus_network *network, batch_gpu_plan *plan)
{
    for (size_t l = 0; l < network->layers; l++) {
        plan->rows_at[l] = plan->rows;
        plan->rows += network->sizes[l + 1];
        plan->inputs_at[l] = plan->tape;
        plan->tape += network->sizes[l];
    }
    for (size_t l = 0; l < network->layers; l++) {
        plan->dz_at[l] = plan->tape;
        plan->tape += network->sizes[l + 1];
        plan->slabs_at[l + 1] = plan->slabs_at[l] + gr_divide_up(network->sizes[l] + 1, SLAB_COLUMNS);
    }
}

gradus_status gr_batch_gpu_plan(const gradus_network *network, size_t batch, const gpu_model *model,
                                batch_gpu_plan *out)
{
    batch_gpu_plan plan = {0};
    const size_t threads =
        model->group_items < THREADS_STEP ? model->group_items : model->group_items / THREADS_STEP * THREADS_STEP;
    plan.forward_threads = smaller(FORWARD_THREADS, threads);
    plan.update_threads = smaller(UPDATE_THREADS, threads);
    place_rows(network, &plan);
    plan.lanes = choose_lanes(network, batch, model, &plan);
    if (plan.lanes == 0)
        return gr_fail(GRADUS_ERROR_DEVICE,
                       "engine fused, for GPUs: %zu features and %zu units in all layers are too many for %.1f KB of "
                       "local memory",
                       network->sizes[0], plan.rows,
                       (double)smaller(LOCAL_BYTES_MAX, model->group_local_bytes) / 1024);
    plan.forward_local_bytes = local_bytes(network, &plan, plan.lanes);
    *out = plan;
    return GRADUS_OK;
}

/* ---- Many steps in a launch ---- */

static size_t steps_local_bytes(const gradus_network *network, const parameter_layout *layout,
                                const batch_steps_plan *plan)
{
    size_t rows = 0;
    for (size_t l = 0; l < network->layers; l++)
        rows += network->sizes[l + 1];
    const size_t sums = STEPS_SUM_UNITS * plan->threads * STEPS_LANES;
    const size_t weights = STEPS_WEIGHTS(gr_divide_up(network->sizes[0], 4), network->sizes[1]);
    const size_t rest = layout->length - layout->bias[0];
    const size_t floats = weights + 2 * rest + sums + (2 * rows + 2) * plan->vectors * STEPS_LANES;
    return floats * sizeof(float);
}

/* Whether a work-group with this plan fits into a unit's registers and local memory. */
static bool steps_fit(const gpu_model *model, const batch_steps_plan *plan)
{
    return plan->local_bytes <= STEPS_LOCAL_BYTES_MAX &&
           gr_gpu_groups_per_unit(model, plan->threads, plan->registers, plan->local_bytes) > 0;
}

/* The fewest blocks of units that fit: the work-items have fewer registers then, but there are more of them. */
bool gr_batch_steps_plan(const gradus_network *network, const parameter_layout *layout, size_t batch,
                         const gpu_model *model, batch_steps_plan *out)
{
    const size_t units = network->sizes[1], quads = gr_divide_up(network->sizes[0], 4);
    const size_t others = model->vendor == GPU_AMD     ? AMD_REGISTERS
                          : model->vendor == GPU_INTEL ? INTEL_REGISTERS
                                                       : OTHER_REGISTERS;
    if (units > UNITS_MAX || (double)batch * (double)network->sizes[0] * (double)units > STEP_MULTIPLICATIONS)
        return false;
    for (size_t blocks = gr_divide_up(units, UNIT_BLOCK_MAX); blocks <= units; blocks++) {
        batch_steps_plan plan = {.unit_block = gr_divide_up(units, blocks)};
        plan.unit_blocks = gr_divide_up(units, plan.unit_block);
        plan.vectors = gr_divide_up(gr_divide_up(batch, gr_divide_up(batch, TILE_MAX)), STEPS_LANES);
        const size_t items = quads * plan.unit_blocks;
        plan.threads = gr_round_up(items > STEPS_THREADS ? items : STEPS_THREADS, THREADS_STEP);
        plan.registers = UNIT_REGISTERS * plan.unit_block + others;
        plan.local_bytes = steps_local_bytes(network, layout, &plan);
        *out = plan;
        if (steps_fit(model, &plan))
            return true;
    }
    return false;
}
