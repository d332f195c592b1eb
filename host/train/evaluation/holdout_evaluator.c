/* SPDX-License-Identifier: Apache-2.0 */
/* Copies parameters from the engine in training to the one with the holdout, and evaluates them there. */
#include "train/evaluation/holdout_evaluator.h"
#include "core/memory.h"
#include "engine/select/engines.h"
#include "train/evaluation/evaluate.h"

#include <stdlib.h>

gradus_status gr_holdout_evaluator_make(gradus_device *device, const gradus_network *network,
                                        const gradus_dataset *dataset, holdout_evaluator *out)
{
    gradus_status status = GRADUS_OK;
    holdout_evaluator evaluator = {0};
    TRY(gr_engine_create(&gr_engine_once, device, network, dataset, &evaluator.engine));
    TRY(gr_allocate(evaluator.engine->layout.length, &evaluator.parameters));
    *out = evaluator;
    evaluator = (holdout_evaluator){0};
cleanup:
    gr_holdout_evaluator_release(&evaluator);
    return status;
}

void gr_holdout_evaluator_release(holdout_evaluator *evaluator)
{
    gr_engine_destroy(evaluator->engine);
    free(evaluator->parameters);
    *evaluator = (holdout_evaluator){0};
}

gradus_status gr_holdout_evaluator_evaluate(holdout_evaluator *evaluator, engine *trained, gradus_metrics *out)
{
    gradus_status status = GRADUS_OK;
    engine *e = evaluator->engine;
    TRY(trained->type->read_parameters(trained, evaluator->parameters));
    TRY(e->type->write_parameters(e, evaluator->parameters));
    TRY(gr_evaluate_engine(e, out));
cleanup:
    return status;
}
