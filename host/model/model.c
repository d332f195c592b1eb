/* SPDX-License-Identifier: Apache-2.0 */
/* Models on the host: creation and destruction, access to the parameters, their hash, and metadata. */
#include "model/model.h"
#include "core/image.h"
#include "core/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_STATIC_LINKING_ONLY /* for a hash state on the stack: hashing cannot fail then */
#include <xxhash.h>

/* ---- Creation and destruction ---- */

gradus_status gr_model_create_empty(const gradus_network *network, gradus_model **out)
{
    gradus_status status = GRADUS_OK;
    gradus_model *model = NULL;

    TRY(gr_network_validate(network));
    TRY(gr_allocate(1, &model));
    model->network = *network;
    if (network->image_width == 0)
        gr_default_image(network->sizes[0], &model->network.image_width, &model->network.image_height);
    model->layout = gr_network_layout(network);
    TRY(gr_allocate(model->layout.length, &model->parameters));
    model->metadata = json_object();
    if (model->metadata == NULL)
        FAIL(GRADUS_ERROR_MEMORY, "out of memory: the model's metadata");
    *out = model;
    model = NULL;
cleanup:
    gradus_model_destroy(model);
    return status;
}

gradus_status gradus_model_create(const gradus_network *network, uint64_t seed, gradus_model **out)
{
    return gradus_model_create_with(network, "uniform", seed, out);
}

gradus_status gradus_model_create_with(const gradus_network *network, const char *initializer, uint64_t seed,
                                       gradus_model **out)
{
    gradus_status status = GRADUS_OK;
    gradus_model *model = NULL;
    char text[24];

    TRY(gr_model_create_empty(network, &model));
    TRY(gr_network_initialise_with(initializer, network, seed, model->parameters));
    snprintf(text, sizeof text, "%" PRIu64, seed);
    TRY(gradus_model_set_metadata(model, "seed", text));
    *out = model;
    model = NULL;
cleanup:
    gradus_model_destroy(model);
    return status;
}

void gradus_model_destroy(gradus_model *model)
{
    if (model == NULL)
        return;
    json_decref(model->metadata);
    free(model->parameters);
    free(model);
}

/* ---- Parameters ---- */

const gradus_network *gradus_model_network(const gradus_model *model)
{
    return &model->network;
}

gradus_status gradus_model_layer(gradus_model *model, size_t layer, float **weights, float **bias)
{
    if (layer >= model->network.layers)
        return gr_fail(GRADUS_ERROR_ARGUMENT, "layer %zu: expected one below %zu", layer, model->network.layers);
    *weights = model->parameters + model->layout.weights[layer];
    *bias = model->parameters + model->layout.bias[layer];
    return GRADUS_OK;
}

/* The hash is of the same bytes as the data of a model file, so any XXH3 program can check it. */
uint64_t gradus_model_hash(const gradus_model *model)
{
    const gradus_network *network = &model->network;
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    for (size_t l = 0; l < network->layers; l++) {
        const size_t inputs = network->sizes[l], outputs = network->sizes[l + 1];
        XXH3_64bits_update(&state, model->parameters + model->layout.weights[l], outputs * inputs * sizeof(float));
        XXH3_64bits_update(&state, model->parameters + model->layout.bias[l], outputs * sizeof(float));
    }
    return XXH3_64bits_digest(&state);
}

/* ---- Metadata ---- */

const char *gradus_model_get_metadata(const gradus_model *model, const char *key)
{
    return json_string_value(json_object_get(model->metadata, key));
}

/* Keys that the file format uses: other text under them would be lost when the model is saved. */
static bool is_reserved(const char *key)
{
    return strcmp(key, "format") == 0 || strncmp(key, "gradus.", strlen("gradus.")) == 0;
}

gradus_status gradus_model_set_metadata(gradus_model *model, const char *key, const char *value)
{
    if (is_reserved(key))
        return gr_fail(GRADUS_ERROR_ARGUMENT, "metadata %s: the key is reserved for the file format", key);
    if (json_object_set_new(model->metadata, key, json_string(value)) != 0)
        return gr_fail(GRADUS_ERROR_ARGUMENT, "metadata %s: key and value must be UTF-8 text", key);
    return GRADUS_OK;
}
