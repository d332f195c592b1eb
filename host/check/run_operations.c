/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the operations of the list at all their shapes. */
#include "check/check.h"

static void name_shape(check *c, const check_shape *shape)
{
    if (shape->inner == 0)
        gr_check_name_shape(c, "%zu x %zu", shape->rows, shape->columns);
    else
        gr_check_name_shape(c, "%zu x %zu x %zu", shape->rows, shape->columns, shape->inner);
}

gradus_status gr_check_operation(check *c, const operation *op)
{
    gradus_status status = GRADUS_OK;
    check_shape of_network[GRADUS_LAYERS_MAX];
    const check_shape *shapes = op->shapes;
    size_t count = op->shape_count;
    if (c->timer != NULL) {
        shapes = of_network;
        count = op->of_network(c->timer->network, &c->timer->dataset->info, of_network);
    }
    c->name = op->name;
    for (size_t i = 0; i < count && status == GRADUS_OK; i++) {
        name_shape(c, &shapes[i]);
        status = op->run(c, &shapes[i]);
        if (c->timer != NULL && (status == GRADUS_ERROR_DEVICE || status == GRADUS_ERROR_ARGUMENT))
            status = gr_check_leave_out(c, gradus_last_error());
        gr_check_end_case(c);
    }
    return status;
}

gradus_status gradus_check(gradus_device *device, check_report report, void *user)
{
    gradus_status status = GRADUS_OK;
    check c = {.device = device, .report = report, .user = user};
    for (size_t i = 0; i < gr_operation_count; i++)
        TRY(gr_check_operation(&c, &gr_operations[i]));
    if (c.failed > 0)
        FAIL(GRADUS_ERROR_MISMATCH, "%s: %zu of %zu comparisons with the reference failed", device->info.name,
             c.failed, c.compared);
cleanup:
    return status;
}
