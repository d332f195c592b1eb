/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters out of one engine, into another, and a pass through its samples. */
#include "train/examiner.h"
#include "core/memory.h"
#include "engine/select/engines.h"

#include <stdlib.h>

gradus_status gr_examiner_make(gradus_device *device, const gradus_network *network, const gradus_dataset *dataset,
                               examiner *out)
{
    gradus_status status = GRADUS_OK;
    examiner x = {0};
    TRY(gr_engine_create(&gr_engine_once, device, network, dataset, &x.engine));
    TRY(gr_allocate(x.engine->layout.length, &x.parameters));
    *out = x;
    x = (examiner){0};
cleanup:
    gr_examiner_release(&x);
    return status;
}

void gr_examiner_release(examiner *x)
{
    gr_engine_destroy(x->engine);
    free(x->parameters);
    *x = (examiner){0};
}

gradus_status gr_examiner_measure(examiner *x, engine *trained, gradus_metrics *out)
{
    gradus_status status = GRADUS_OK;
    TRY(trained->type->read_parameters(trained, x->parameters));
    TRY(x->engine->type->write_parameters(x->engine, x->parameters));
    TRY(gr_measure_engine(x->engine, out));
cleanup:
    return status;
}

gradus_status gr_measure_engine(engine *e, gradus_metrics *out)
{
    gradus_status status = GRADUS_OK;
    const size_t samples = e->dataset->info.samples;
    batch_sums sums;
    TRY(e->type->evaluate(e, 0, samples));
    TRY(e->type->read_sums(e, &sums));
    *out = (gradus_metrics){sums.loss / (double)samples, sums.correct / (double)samples};
cleanup:
    return status;
}
