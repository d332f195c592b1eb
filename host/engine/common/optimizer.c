/* SPDX-License-Identifier: Apache-2.0 */
/* The optimizers on the host. */
#include "engine/common/optimizer.h"

#include <math.h>
#include <string.h>

/* What PyTorch's clip_grad_norm_ adds to the norm. */
#define CLIP_EPSILON 1e-6

static const char *const names[] = {"sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"};
#define KINDS (sizeof names / sizeof *names)

gradus_optimizer gradus_optimizer_default(void)
{
    return (gradus_optimizer){
        .name = "sgd", .momentum = 0.9f, .beta1 = 0.9f, .beta2 = 0.999f, .rho = 0.99f, .epsilon = 1e-8f};
}

/* ---- Options ---- */

static gradus_status find_kind(const char *name, optimizer_kind *out)
{
    for (size_t i = 0; i < KINDS; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (optimizer_kind)i;
            return GRADUS_OK;
        }
    return gr_fail(GRADUS_ERROR_ARGUMENT, "optimizer \"%s\": expected sgd, momentum, nesterov, rmsprop, adam or adamw",
                   name);
}

static gradus_status check_numbers(const gradus_optimizer *options)
{
    const struct {
        const char *name;
        float value;
        float end; /* the first number that is too large */
        const char *expected;
    } numbers[] = {
        {"momentum", options->momentum, 1, "a number from 0 to below 1"},
        {"beta1", options->beta1, 1, "a number from 0 to below 1"},
        {"beta2", options->beta2, 1, "a number from 0 to below 1"},
        {"rho", options->rho, 1, "a number from 0 to below 1"},
        {"epsilon", options->epsilon, INFINITY, "a finite number, not negative"},
        {"weight decay", options->weight_decay, INFINITY, "a finite number, not negative"},
        {"clip norm", options->clip_norm, INFINITY, "a finite number, not negative"},
        {"max norm", options->max_norm, INFINITY, "a finite number, not negative"},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (!(numbers[i].value >= 0 && numbers[i].value < numbers[i].end))
            return gr_fail(GRADUS_ERROR_ARGUMENT, "%s: found %g, expected %s", numbers[i].name,
                           (double)numbers[i].value, numbers[i].expected);
    return GRADUS_OK;
}

static bool is_adam(optimizer_kind kind)
{
    return kind == OPTIMIZER_ADAM || kind == OPTIMIZER_ADAMW;
}

gradus_status gr_optimizer_make(const gradus_optimizer *options, optimizer *out)
{
    gradus_status status = GRADUS_OK;
    const gradus_optimizer plain = gradus_optimizer_default();
    const gradus_optimizer *given = options == NULL ? &plain : options;
    optimizer made = {.epsilon = given->epsilon,
                      .weight_decay = given->weight_decay,
                      .clip_norm = given->clip_norm,
                      .max_norm = given->max_norm};

    TRY(find_kind(given->name == NULL ? names[OPTIMIZER_SGD] : given->name, &made.kind));
    TRY(check_numbers(given));
    made.momentum = is_adam(made.kind) ? given->beta1 : given->momentum;
    made.decay = is_adam(made.kind) ? given->beta2 : given->rho;
    *out = made;
cleanup:
    return status;
}

bool gr_optimizer_has_first_moment(const optimizer *o)
{
    return o->kind != OPTIMIZER_SGD && o->kind != OPTIMIZER_RMSPROP;
}

bool gr_optimizer_has_second_moment(const optimizer *o)
{
    return o->kind >= OPTIMIZER_RMSPROP;
}

update_step gr_optimizer_step(const optimizer *o, float learning_rate, uint64_t t)
{
    update_step step = {.learning_rate = learning_rate, .first_correction = 1, .second_correction = 1};
    if (is_adam(o->kind)) {
        step.first_correction = (float)(1 - pow((double)o->momentum, (double)t));
        step.second_correction = (float)sqrt(1 - pow((double)o->decay, (double)t));
    }
    return step;
}

/* ---- A step, in float and in double ---- */

#define REAL float
#define IN_REAL(name) name##_float
#include "engine/common/optimizer_step.h"
#undef REAL
#undef IN_REAL

#define REAL double
#define IN_REAL(name) name##_double
#include "engine/common/optimizer_step.h"
