/* SPDX-License-Identifier: Apache-2.0 */
/* The engines' cases as JSON. bench_compare.c reads them. */
#include "bench/bench_run.h"
#include "text/failure.h"
#include "text/json_output.h"

#include <math.h>

static json_t *profile_object(const gradus_profile *profile)
{
    if (profile == NULL)
        return json_null();
    json_t *kernels = json_array();
    for (size_t i = 0; i < profile->kernel_count; i++)
        json_array_append_new(kernels, json_pack("{so sI so}", "name", json_text(profile->kernels[i].name), "launches",
                                                 (json_int_t)profile->kernels[i].launches, "seconds",
                                                 json_figure(profile->kernels[i].seconds)));
    return json_pack("{sI so so}", "iterations", (json_int_t)profile->sample.iterations, "seconds",
                     json_figure(profile->sample.seconds), "kernels", kernels);
}

static void add_samples(const bench_case *c, json_t *object)
{
    json_t *seconds = json_array(), *iterations = json_array();
    for (size_t i = 0; i < c->count; i++) {
        json_array_append_new(seconds, json_figure(c->samples[i].seconds / (double)c->samples[i].iterations));
        json_array_append_new(iterations, json_integer((json_int_t)c->samples[i].iterations));
    }
    json_object_set_new(object, "seconds", seconds);
    json_object_set_new(object, "iterations", iterations);
}

static json_t *case_object(const bench_run *run, const bench_case *c)
{
    const bool measured = c->count > 0;
    json_t *object = bench_json_case(&c->network, c->device);
    if (object == NULL)
        return NULL;
    json_object_set_new(object, "engine", json_text(c->engine));
    add_samples(c, object);
    json_object_set_new(object, "engine_used", json_text(c->used));
    json_object_set_new(object, "plan", json_text(c->plan));
    bench_json_summary(object, measured ? &c->seconds : NULL);
    json_object_set_new(object, "iterations_per_second", json_figure(measured ? 1 / c->seconds.median : NAN));
    json_object_set_new(object, "share_of_limit", json_figure(bench_share_of_limit(run, c)));
    json_object_set_new(object, "times_blas", json_figure(bench_times_as_fast(run, c, "blas")));
    json_object_set_new(object, "times_reference", json_figure(bench_times_as_fast(run, c, "reference")));
    json_object_set_new(object, "profile", profile_object(c->profile));
    json_object_set_new(object, "left_out", json_text(c->left_out));
    return object;
}

int bench_json_write(const bench_run *run)
{
    if (run->setup->settings.json == NULL)
        return EX_OK;
    json_t *cases = json_array();
    for (size_t i = 0; i < run->case_count; i++)
        json_array_append_new(cases, case_object(run, &run->cases[i]));
    return bench_document_write(run->setup, cases);
}
