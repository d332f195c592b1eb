/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of a comparison: memory of a case, the measure of an error, the report. */
#include "check/check.h"
#include "core/memory.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK_SEED 1

/* Random numbers that differ; a prime, so that they repeat in step with no shape. */
#define DISTINCT 1000003

static gradus_status host_space(check *c, size_t count, size_t size, void **out)
{
    gradus_status status = GRADUS_OK;
    if (c->host_count == sizeof c->host / sizeof *c->host)
        FAIL(GRADUS_ERROR_MEMORY, "a check uses too many arrays");
    TRY(gr_allocate_bytes(count, size, out));
    c->host[c->host_count++] = *out;
cleanup:
    return status;
}

gradus_status gr_check_random(check *c, size_t count, double low, double high, float **out)
{
    const random_stream stream = gr_random_stream(CHECK_SEED, RANDOM_TEST, 0);
    void *values = NULL;
    if (host_space(c, count, sizeof **out, &values) != GRADUS_OK)
        return GRADUS_ERROR_MEMORY;
    *out = values;
    for (size_t i = 0; i < count && i < DISTINCT; i++)
        (*out)[i] = (float)(low + (high - low) * (double)gr_random_uniform(&stream, c->drawn++));
    for (size_t i = DISTINCT; i < count; i++)
        (*out)[i] = (*out)[i - DISTINCT];
    return GRADUS_OK;
}

gradus_status gr_check_bytes(check *c, size_t count, uint32_t bound, uint8_t **out)
{
    const random_stream stream = gr_random_stream(CHECK_SEED, RANDOM_TEST, 1);
    void *values = NULL;
    if (host_space(c, count, sizeof **out, &values) != GRADUS_OK)
        return GRADUS_ERROR_MEMORY;
    *out = values;
    for (size_t i = 0; i < count && i < DISTINCT; i++)
        (*out)[i] = (uint8_t)gr_random_below(&stream, bound, &c->drawn);
    for (size_t i = DISTINCT; i < count; i++)
        (*out)[i] = (*out)[i - DISTINCT];
    return GRADUS_OK;
}

gradus_status gr_check_doubles(check *c, size_t count, double **out)
{
    void *values = NULL;
    gradus_status status = host_space(c, count, sizeof **out, &values);
    *out = values;
    return status;
}

gradus_status gr_check_upload(check *c, const void *from, size_t bytes, cl_mem *out)
{
    gradus_status status = GRADUS_OK;
    if (c->buffer_count == sizeof c->buffers / sizeof *c->buffers)
        FAIL(GRADUS_ERROR_MEMORY, "a check uses too many buffers");
    cl_mem *buffer = &c->buffers[c->buffer_count++];
    if (from == NULL)
        TRY(gr_buffer_create_zeroed(c->device, bytes, "a check", buffer));
    else {
        TRY(gr_buffer_create(c->device, bytes, "a check", buffer));
        TRY(gr_buffer_write(c->device, *buffer, 0, bytes, from));
    }
    *out = *buffer;
cleanup:
    return status;
}

gradus_status gr_check_space(check *c, size_t floats, cl_mem *out)
{
    return gr_check_upload(c, NULL, floats * sizeof(float), out);
}

void gr_check_record(check *c, const char *name, double error)
{
    const gradus_check_result result = {name, c->shape, error, error <= 1};
    c->compared++;
    c->failed += !result.passed;
    if (!(error <= c->worst))
        c->worst = error;
    if (c->report != NULL)
        c->report(&result, c->user);
}

gradus_status gr_check_compare(check *c, const char *name, cl_mem got, const double *expected, size_t count,
                               double tolerance, double scale)
{
    gradus_status status = GRADUS_OK;
    void *memory = NULL;
    double worst = 0;
    size_t compared = 0;

    TRY(host_space(c, count, sizeof(float), &memory));
    const float *values = memory;
    TRY(gr_buffer_read(c->device, got, 0, count * sizeof *values, memory));
    for (size_t i = 0; i < count; i++) {
        if (isnan(expected[i]))
            continue;
        const double difference = fabs((double)values[i] - expected[i]);
        const double error = difference > 0 ? difference / (tolerance * (fabs(expected[i]) + scale)) : difference;
        if (!(error <= worst))
            worst = isnan(error) ? INFINITY : error;
        compared++;
    }
    if (compared == 0)
        FAIL(GRADUS_ERROR_ARGUMENT, "%s, %s: a comparison of nothing", name, c->shape);
    gr_check_record(c, name, worst);
cleanup:
    return status;
}

/* ---- Cases ---- */

/* Writes from `at` of c->shape on. */
__attribute__((format(printf, 3, 0))) static void write_shape(check *c, size_t at, const char *format,
                                                              va_list arguments)
{
    vsnprintf(c->shape + at, sizeof c->shape - at, format, arguments);
}

void gr_check_name_shape(check *c, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_shape(c, 0, format, arguments);
    va_end(arguments);
    c->shape_length = strlen(c->shape);
}

void gr_check_name_way(check *c, const char *format, ...)
{
    va_list arguments;
    snprintf(c->shape + c->shape_length, sizeof c->shape - c->shape_length, ", ");
    va_start(arguments, format);
    write_shape(c, strlen(c->shape), format, arguments);
    va_end(arguments);
}

static void name_shape(check *c, const check_shape *shape)
{
    if (shape->inner == 0)
        gr_check_name_shape(c, "%zu x %zu", shape->rows, shape->columns);
    else
        gr_check_name_shape(c, "%zu x %zu x %zu", shape->rows, shape->columns, shape->inner);
}

void gr_check_end_case(check *c)
{
    for (size_t i = 0; i < c->host_count; i++)
        free(c->host[i]);
    for (size_t i = 0; i < c->buffer_count; i++)
        gr_buffer_release(&c->buffers[i]);
    c->host_count = c->buffer_count = 0;
    c->drawn = 0;
    c->worst = 0;
    c->shape[c->shape_length] = '\0';
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
