/* SPDX-License-Identifier: Apache-2.0 */
/* Evaluations between the steps, and what follows from them. */
#include "train/judge.h"
#include "core/memory.h"

#include <math.h>
#include <stdlib.h>

gradus_status gr_judge_begin(judge *j, const gradus_train_options *options, engine *trained, gradus_device *device)
{
    gradus_status status = GRADUS_OK;
    const gradus_dataset *holdout = options->holdout;
    *j = (judge){.trained = trained, .evaluated_steps = SIZE_MAX};
    TRY(gr_stopping_make(&options->stopping, holdout != NULL, &j->stopping));
    if (holdout != NULL && !holdout->info.labelled)
        FAIL(GRADUS_ERROR_ARGUMENT, "the holdout has no labels");
    if (holdout != NULL)
        TRY(gr_examiner_make(device, &trained->network, holdout, &j->holdout));
    if (options->stopping.patience > 0)
        TRY(gr_allocate(trained->layout.length, &j->best));
cleanup:
    return status;
}

void gr_judge_release(judge *j)
{
    gr_examiner_release(&j->holdout);
    free(j->best);
}

/* ---- Measuring ---- */

gradus_status gr_judge_measure_train(judge *j, gradus_metrics *out)
{
    return gr_measure_engine(j->trained, out);
}

gradus_status gr_judge_measure_holdout(judge *j, size_t steps, gradus_metrics *out)
{
    gradus_status status = GRADUS_OK;
    if (j->holdout.engine == NULL) {
        *out = (gradus_metrics){NAN, NAN};
        return GRADUS_OK;
    }
    if (j->evaluated_steps != steps) {
        TRY(gr_examiner_measure(&j->holdout, j->trained, &j->evaluated));
        j->evaluated_steps = steps;
    }
    *out = j->evaluated;
cleanup:
    return status;
}

/* ---- Judging ---- */

/* The examiner still has the parameters that it has just measured. */
static void keep_best(judge *j, size_t done)
{
    float *measured = j->holdout.parameters;
    j->holdout.parameters = j->best;
    j->best = measured;
    j->best_steps = done;
}

static gradus_status judge_holdout(judge *j, size_t done, gradus_metrics *holdout, gradus_stop_reason *reason)
{
    gradus_status status = GRADUS_OK;
    TRY(gr_judge_measure_holdout(j, done, holdout));
    if (gr_stopping_note_evaluation(&j->stopping, holdout) && j->best != NULL)
        keep_best(j, done);
    if (gr_stopping_reaches_target(&j->stopping, holdout))
        *reason = GRADUS_STOP_TARGET;
    else if (gr_stopping_lost_patience(&j->stopping))
        *reason = GRADUS_STOP_PATIENCE;
cleanup:
    return status;
}

/* The training's figures are not those of the parameters as they are now; so these are measured before they are said to
 * have reached the target. */
static gradus_status judge_train(judge *j, const gradus_metrics *train, gradus_stop_reason *reason)
{
    gradus_status status = GRADUS_OK;
    gradus_metrics now;
    if (!gr_stopping_reaches_target(&j->stopping, train))
        return GRADUS_OK;
    TRY(gr_judge_measure_train(j, &now));
    if (gr_stopping_reaches_target(&j->stopping, &now))
        *reason = GRADUS_STOP_TARGET;
cleanup:
    return status;
}

gradus_status gr_judge_look(judge *j, const course *c, size_t done, const gradus_metrics *train,
                            gradus_metrics *holdout, gradus_stop_reason *reason)
{
    gradus_status status = GRADUS_OK;
    if (gr_course_compares(c, done) && gr_stopping_compare_windows(&j->stopping))
        *reason = GRADUS_STOP_CONVERGED;
    if (gr_course_judges(c, done))
        TRY(j->holdout.engine != NULL ? judge_holdout(j, done, holdout, reason) : judge_train(j, train, reason));
cleanup:
    return status;
}

gradus_status gr_judge_take_back_best(judge *j, gradus_stop_reason reason, size_t *steps)
{
    gradus_status status = GRADUS_OK;
    if (j->best_steps == 0 || j->best_steps == *steps || reason == GRADUS_STOP_TARGET)
        return GRADUS_OK;
    TRY(j->trained->type->write_parameters(j->trained, j->best));
    *steps = j->evaluated_steps = j->best_steps;
    j->evaluated = j->stopping.best;
cleanup:
    return status;
}
