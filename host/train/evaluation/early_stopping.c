/* SPDX-License-Identifier: Apache-2.0 */
/* Evaluates between the steps and acts on the results. The rules themselves are in stopping_rules.c. */
#include "train/evaluation/early_stopping.h"
#include "core/memory.h"
#include "train/evaluation/evaluate.h"

#include <math.h>
#include <stdlib.h>

gradus_status gr_early_stopping_begin(early_stopping *s, const gradus_train_options *options, engine *trained,
                                      gradus_device *device)
{
    gradus_status status = GRADUS_OK;
    const gradus_dataset *holdout = options->holdout;
    *s = (early_stopping){.trained = trained, .evaluated_steps = SIZE_MAX};
    TRY(gr_stopping_rules_make(&options->stopping, holdout != NULL, &s->rules));
    if (holdout != NULL && !holdout->info.labelled)
        FAIL(GRADUS_ERROR_ARGUMENT, "the holdout has no labels");
    if (holdout != NULL)
        TRY(gr_holdout_evaluator_make(device, &trained->network, holdout, &s->holdout));
    if (options->stopping.patience > 0)
        TRY(gr_allocate(trained->layout.length, &s->best));
cleanup:
    return status;
}

void gr_early_stopping_release(early_stopping *s)
{
    gr_holdout_evaluator_release(&s->holdout);
    free(s->best);
}

/* ---- Evaluations ---- */

gradus_status gr_early_stopping_evaluate_train(early_stopping *s, gradus_metrics *out)
{
    return gr_evaluate_engine(s->trained, out);
}

gradus_status gr_early_stopping_evaluate_holdout(early_stopping *s, size_t steps, gradus_metrics *out)
{
    gradus_status status = GRADUS_OK;
    if (s->holdout.engine == NULL) {
        *out = (gradus_metrics){NAN, NAN};
        return GRADUS_OK;
    }
    if (s->evaluated_steps != steps) {
        TRY(gr_holdout_evaluator_evaluate(&s->holdout, s->trained, &s->holdout_metrics));
        s->evaluated_steps = steps;
    }
    *out = s->holdout_metrics;
cleanup:
    return status;
}

/* ---- Decisions ---- */

/* The evaluator still has the parameters that it has just evaluated, so the two buffers are swapped. */
static void keep_best(early_stopping *s, size_t done)
{
    float *evaluated = s->holdout.parameters;
    s->holdout.parameters = s->best;
    s->best = evaluated;
    s->best_steps = done;
}

static gradus_status check_holdout(early_stopping *s, size_t done, gradus_metrics *holdout, gradus_stop_reason *reason)
{
    gradus_status status = GRADUS_OK;
    TRY(gr_early_stopping_evaluate_holdout(s, done, holdout));
    if (gr_stopping_rules_record_evaluation(&s->rules, holdout) && s->best != NULL)
        keep_best(s, done);
    if (gr_stopping_rules_reaches_target(&s->rules, holdout))
        *reason = GRADUS_STOP_TARGET;
    else if (gr_stopping_rules_out_of_patience(&s->rules))
        *reason = GRADUS_STOP_PATIENCE;
cleanup:
    return status;
}

/* A step's training figures are those of the parameters before it. If they reach the target, the present parameters are
 * evaluated before the run ends. */
static gradus_status check_train(early_stopping *s, const gradus_metrics *train, gradus_stop_reason *reason)
{
    gradus_status status = GRADUS_OK;
    gradus_metrics now;
    if (!gr_stopping_rules_reaches_target(&s->rules, train))
        return GRADUS_OK;
    TRY(gr_early_stopping_evaluate_train(s, &now));
    if (gr_stopping_rules_reaches_target(&s->rules, &now))
        *reason = GRADUS_STOP_TARGET;
cleanup:
    return status;
}

gradus_status gr_early_stopping_check(early_stopping *s, const training_plan *plan, size_t done,
                                      const gradus_metrics *train, gradus_metrics *holdout, gradus_stop_reason *reason)
{
    gradus_status status = GRADUS_OK;
    if (gr_training_plan_checks_convergence(plan, done) && gr_stopping_rules_end_window(&s->rules))
        *reason = GRADUS_STOP_CONVERGED;
    if (gr_training_plan_evaluates(plan, done))
        TRY(s->holdout.engine != NULL ? check_holdout(s, done, holdout, reason) : check_train(s, train, reason));
cleanup:
    return status;
}

gradus_status gr_early_stopping_restore_best(early_stopping *s, gradus_stop_reason reason, size_t *steps)
{
    gradus_status status = GRADUS_OK;
    if (s->best_steps == 0 || s->best_steps == *steps || reason == GRADUS_STOP_TARGET)
        return GRADUS_OK;
    TRY(s->trained->type->write_parameters(s->trained, s->best));
    *steps = s->evaluated_steps = s->best_steps;
    s->holdout_metrics = s->rules.best;
cleanup:
    return status;
}
