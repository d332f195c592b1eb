/* SPDX-License-Identifier: Apache-2.0 */
/* The common part of all comparisons: the memory of a case, its name, the unit of an error, the report. */
#include "check/check.h"
#include "core/memory.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK_SEED 1

/* Number of different random numbers; a prime, so that their period is not a multiple of any shape. */
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

/* Writes to c->shape from `at` on. */
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
