/* SPDX-License-Identifier: Apache-2.0 */
/* Evaluation of a model or an engine: loss, accuracy, confusion matrix, probabilities. */
#include "train/evaluation/evaluate.h"
#include "core/memory.h"
#include "engine/select/engines.h"
#include "model/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

gradus_status gr_evaluate_engine(engine *e, gradus_metrics *out)
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

/* Creates an engine with the model and the data set. */
static gradus_status open_engine(gradus_device *device, const gradus_model *model, const gradus_dataset *dataset,
                                 engine **out)
{
    gradus_status status = GRADUS_OK;
    engine *e = NULL;
    TRY(gr_engine_create(&gr_engine_once, device, &model->network, dataset, &e));
    TRY(e->type->write_parameters(e, model->parameters));
    *out = e;
    e = NULL;
cleanup:
    gr_engine_destroy(e);
    return status;
}

/* confusion[label][class of the largest probability] += 1 for every sample. */
static gradus_status count_confusion(engine *e, uint64_t *confusion)
{
    gradus_status status = GRADUS_OK;
    const size_t classes = e->network.sizes[e->network.layers], samples = e->dataset->info.samples;
    float *probabilities = NULL; /* (C x B) */
    size_t count = 0;

    TRY(gr_multiply(classes, samples, "the probabilities", &count));
    TRY(gr_allocate(count, &probabilities));
    TRY(e->type->probabilities(e, probabilities));
    memset(confusion, 0, classes * classes * sizeof *confusion);
    for (size_t s = 0; s < samples; s++) {
        const float *column = probabilities + s * classes;
        size_t largest = 0;
        for (size_t c = 1; c < classes; c++)
            if (column[c] > column[largest])
                largest = c;
        confusion[e->dataset->labels[s] * classes + largest]++;
    }
cleanup:
    free(probabilities);
    return status;
}

gradus_status gradus_evaluate(gradus_device *device, const gradus_model *model, const gradus_dataset *dataset,
                              gradus_metrics *metrics, uint64_t *confusion)
{
    gradus_status status = GRADUS_OK;
    engine *e = NULL;
    gradus_metrics found;

    if (!dataset->info.labelled)
        FAIL(GRADUS_ERROR_ARGUMENT, "the data set has no labels to compare with");
    TRY(open_engine(device, model, dataset, &e));
    TRY(gr_evaluate_engine(e, &found));
    if (!isfinite(found.loss))
        FAIL(GRADUS_ERROR_DIVERGED, "the loss is not finite: the model's parameters are too large");
    if (confusion != NULL)
        TRY(count_confusion(e, confusion));
    *metrics = found;
cleanup:
    gr_engine_destroy(e);
    return status;
}

gradus_status gradus_predict(gradus_device *device, const gradus_model *model, const gradus_dataset *dataset,
                             float *probabilities)
{
    gradus_status status = GRADUS_OK;
    engine *e = NULL;
    TRY(open_engine(device, model, dataset, &e));
    TRY(e->type->probabilities(e, probabilities));
    const size_t count = dataset->info.samples * model->network.sizes[model->network.layers];
    for (size_t i = 0; i < count; i++)
        if (!isfinite(probabilities[i]))
            FAIL(GRADUS_ERROR_DIVERGED, "a probability is not finite: the model's parameters are too large");
cleanup:
    gr_engine_destroy(e);
    return status;
}
