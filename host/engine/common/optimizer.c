/* SPDX-License-Identifier: Apache-2.0 */
/* The optimizers on the host. */
#include "engine/common/optimizer.h"
#include "core/names.h"

#include <math.h>
#include <stddef.h>

/* ---- The optimizers ---- */

static void uncorrected(const optimizer *o, double t, update_step *step)
{
    (void)o;
    (void)t;
    (void)step;
}

static void bias_corrected(const optimizer *o, double t, update_step *step)
{
    step->first_factor = (float)(1 / (1 - pow((double)o->momentum, t)));
    step->second_factor = (float)(1 / sqrt(1 - pow((double)o->decay, t)));
}

/* mu_i = beta1 (1 - 0.96^(i psi) / 2), Dozat 2016, "Incorporating Nesterov momentum into Adam", as in PyTorch. */
#define NESTEROV_BASE 0.96
#define NESTEROV_PSI 0.004

/*
 * The step of step t is
 *
 *   learning rate * (a g + b m) / denominator,   a = (1 - mu_t) / (1 - mu_1 ... mu_t), b = mu_(t+1) / (1 - mu_1 ... mu_(t+1)),
 *
 * where a becomes part of the learning rate and m is multiplied by b / a. The product has t factors below beta1; when it
 * is negligible beside 1, further factors do not matter.
 */
static void nesterov_corrected(const optimizer *o, double t, update_step *step)
{
    const double beta1 = (double)o->momentum, shrink = pow(NESTEROV_BASE, NESTEROV_PSI);
    double product = 1, power = shrink;
    for (double i = 1; i <= t && product > 1e-20; i++, power *= shrink)
        product *= beta1 * (1 - 0.5 * power);
    const double now = beta1 * (1 - 0.5 * pow(NESTEROV_BASE, t * NESTEROV_PSI));
    const double next = beta1 * (1 - 0.5 * pow(NESTEROV_BASE, (t + 1) * NESTEROV_PSI));
    const double a = (1 - now) / (1 - product), b = next / (1 - product * next);
    step->learning_rate *= (float)a;
    step->first_factor = (float)(b / a);
    step->second_factor = (float)(1 / sqrt(1 - pow((double)o->decay, t)));
}

/* A coefficient's field in gradus_optimizer, and its default, for NaN. */
typedef struct coefficient {
    bool used;
    size_t offset;
    float otherwise;
} coefficient;

static const struct optimizer_row {
    const char *name;
    unsigned moments;
    bool decoupled;
    coefficient momentum, decay;
    void (*correct)(const optimizer *o, double t, update_step *step);
} optimizers[] = {
#define OPTION(field, otherwise)                                                                                      \
    {                                                                                                                 \
        true, offsetof(gradus_optimizer, field), otherwise                                                            \
    }
#define UNUSED                                                                                                        \
    {                                                                                                                 \
        false, 0, 0                                                                                                   \
    }
#define ROW(NAME, formula, name, moments, weight_decay, momentum, decay, corrections)                                 \
    {name, moments, weight_decay == DECOUPLED, momentum, decay, corrections},
    OPTIMIZERS(ROW)};

const char *gradus_optimizer_name(size_t index)
{
    return index < OPTIMIZER_COUNT ? optimizers[index].name : NULL;
}

bool gr_optimizer_has_first_moment(const optimizer *o)
{
    return (optimizers[o->kind].moments & FIRST_MOMENT) != 0;
}

bool gr_optimizer_has_second_moment(const optimizer *o)
{
    return (optimizers[o->kind].moments & SECOND_MOMENT) != 0;
}

bool gr_optimizer_has_momentum(const optimizer *o)
{
    return optimizers[o->kind].momentum.used;
}

bool gr_optimizer_has_decay(const optimizer *o)
{
    return optimizers[o->kind].decay.used;
}

/* ---- Options ---- */

gradus_optimizer gradus_optimizer_default(void)
{
    return (gradus_optimizer){
        .name = optimizers[0].name, .momentum = NAN, .beta1 = NAN, .beta2 = NAN, .rho = NAN, .epsilon = 1e-8f};
}

static gradus_status check_numbers(const gradus_optimizer *options)
{
    const struct {
        const char *name;
        float value;
        float end; /* the first number that is too large */
        bool has_default;
        const char *expected;
    } numbers[] = {
        {"momentum", options->momentum, 1, true, "a number from 0 to below 1"},
        {"beta1", options->beta1, 1, true, "a number from 0 to below 1"},
        {"beta2", options->beta2, 1, true, "a number from 0 to below 1"},
        {"rho", options->rho, 1, true, "a number from 0 to below 1"},
        {"epsilon", options->epsilon, INFINITY, false, "a finite number, not negative"},
        {"weight decay", options->weight_decay, INFINITY, false, "a finite number, not negative"},
        {"clip norm", options->clip_norm, INFINITY, false, "a finite number, not negative"},
        {"max norm", options->max_norm, INFINITY, false, "a finite number, not negative"},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const bool in_range = numbers[i].value >= 0 && numbers[i].value < numbers[i].end;
        if (!in_range && !(numbers[i].has_default && isnan(numbers[i].value)))
            return gr_fail(GRADUS_ERROR_ARGUMENT, "%s: found %g, expected %s", numbers[i].name,
                           (double)numbers[i].value, numbers[i].expected);
    }
    return GRADUS_OK;
}

static float choose(const coefficient *c, const gradus_optimizer *given)
{
    const float value = c->used ? *(const float *)((const char *)given + c->offset) : 0;
    return isnan(value) ? c->otherwise : value;
}

gradus_status gr_optimizer_make(const gradus_optimizer *options, optimizer *out)
{
    gradus_status status = GRADUS_OK;
    const gradus_optimizer plain = gradus_optimizer_default();
    const gradus_optimizer *given = options == NULL ? &plain : options;
    size_t kind = 0;
    TRY(gr_name_require("optimizer", gradus_optimizer_name, given->name, &kind));
    TRY(check_numbers(given));
    *out = (optimizer){.kind = (u32)kind,
                       .momentum = choose(&optimizers[kind].momentum, given),
                       .decay = choose(&optimizers[kind].decay, given),
                       .epsilon = given->epsilon,
                       .weight_decay = given->weight_decay,
                       .clip_norm = given->clip_norm,
                       .max_norm = given->max_norm};
cleanup:
    return status;
}

update_step gr_optimizer_step(const optimizer *o, float learning_rate, uint64_t t)
{
    update_step step = {.learning_rate = learning_rate, .first_factor = 1, .second_factor = 1};
    optimizers[o->kind].correct(o, (double)t, &step);
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
