/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the layer of each tensor and the order of the layers by the names that other programs chose. */
#include "core/printable.h"
#include "model/tensors.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_KEY SIZE_MAX

/* A layer's part of a key: "layers.2" of "layers.2.weight", "1" of "W1". */
typedef struct layer_stem {
    const char *text; /* (length), within the key */
    size_t length;
    bool is_bias;
} layer_stem;

typedef struct found_layer {
    layer_stem stem;
    size_t keys[2]; /* index of the key of the weights and of the bias, or NO_KEY */
} found_layer;

static bool ends_with(const char *text, size_t length, const char *end)
{
    const size_t end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static bool is_number(const char *text)
{
    return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static bool split_key(const char *key, layer_stem *stem)
{
    static const char *const ends[] = {".weight", ".bias"};
    const size_t length = strlen(key);
    for (int is_bias = 0; is_bias < 2; is_bias++) {
        *stem = (layer_stem){.text = key, .is_bias = is_bias};
        if (strcmp(key, ends[is_bias] + 1) == 0) /* of a Linear layer alone */
            return true;
        stem->length = length - strlen(ends[is_bias]);
        if (ends_with(key, length, ends[is_bias]))
            return true;
    }
    *stem = (layer_stem){.text = key + 1, .length = length - 1, .is_bias = *key == 'b'};
    return (*key == 'W' || *key == 'b') && is_number(stem->text);
}

/* ---- Collecting ---- */

static found_layer *layer_of(found_layer *layers, size_t count, const layer_stem *stem)
{
    for (size_t l = 0; l < count; l++)
        if (layers[l].stem.length == stem->length && memcmp(layers[l].stem.text, stem->text, stem->length) == 0)
            return &layers[l];
    return NULL;
}

static gradus_status collect(const char *path, const char *const *keys, size_t key_count, found_layer *layers,
                             size_t *count)
{
    layer_stem stem;
    for (size_t k = 0; k < key_count; k++) {
        if (!split_key(keys[k], &stem))
            return gr_fail(GRADUS_ERROR_DATA,
                           "%s: unexpected tensor \"%s\", expected NAME.weight and NAME.bias of Linear layers, or W1, "
                           "b1, W2, ...",
                           path, gr_printable(keys[k]).text);
        found_layer *layer = layer_of(layers, *count, &stem);
        if (layer == NULL && *count == GRADUS_LAYERS_MAX)
            return gr_fail(GRADUS_ERROR_DATA, "%s: tensor %s: more than the %d layers that are possible", path,
                           gr_printable(keys[k]).text, GRADUS_LAYERS_MAX);
        if (layer == NULL) {
            layer = &layers[(*count)++];
            *layer = (found_layer){.stem = stem, .keys = {NO_KEY, NO_KEY}};
        }
        if (layer->keys[stem.is_bias] != NO_KEY)
            return gr_fail(GRADUS_ERROR_DATA, "%s: tensor %s: found twice", path, gr_printable(keys[k]).text);
        layer->keys[stem.is_bias] = k;
    }
    return GRADUS_OK;
}

/* ---- Order ---- */

/* The next number in the rest of a stem; false at its end. */
static bool next_number(layer_stem *rest, unsigned long long *number)
{
    while (rest->length > 0 && !isdigit((unsigned char)*rest->text))
        rest->text++, rest->length--;
    if (rest->length == 0)
        return false;
    char *end = NULL;
    *number = strtoull(rest->text, &end, 10); /* a dot or the end of the key follows a stem */
    rest->length -= (size_t)(end - rest->text);
    rest->text = end;
    return true;
}

/* Whether by the numbers in their names a comes after b: 10 after 2, 1.0 after 0.3. */
static bool is_after(layer_stem a, layer_stem b)
{
    unsigned long long number_a = 0, number_b = 0;
    while (next_number(&a, &number_a)) {
        if (!next_number(&b, &number_b) || number_a > number_b)
            return true;
        if (number_a < number_b)
            return false;
    }
    return false;
}

static bool all_numbered(const found_layer *layers, size_t count)
{
    unsigned long long number;
    for (size_t l = 0; l < count; l++) {
        layer_stem rest = layers[l].stem;
        if (!next_number(&rest, &number))
            return false;
    }
    return true;
}

/* A stable sort. */
static void sort_by_numbers(found_layer *layers, size_t count)
{
    for (size_t l = 1; l < count; l++)
        for (size_t i = l; i > 0 && is_after(layers[i - 1].stem, layers[i].stem); i--) {
            const found_layer moved = layers[i];
            layers[i] = layers[i - 1];
            layers[i - 1] = moved;
        }
}

/* ---- Layers ---- */

static void name_tensor(const char *const *keys, size_t index, file_tensor *tensor)
{
    tensor->key = keys[index];
    tensor->index = index;
    snprintf(tensor->name, sizeof tensor->name, "%s", gr_printable(keys[index]).text);
}

gradus_status gr_find_layers(const char *path, const char *const *keys, size_t count, size_t *layers,
                             file_tensor tensors[FILE_TENSORS_MAX])
{
    found_layer found[GRADUS_LAYERS_MAX];
    size_t found_count = 0;
    const gradus_status status = collect(path, keys, count, found, &found_count);
    if (status != GRADUS_OK)
        return status;
    if (found_count == 0)
        return gr_fail(GRADUS_ERROR_DATA, "%s: no tensors, expected NAME.weight and NAME.bias of Linear layers", path);
    if (all_numbered(found, found_count))
        sort_by_numbers(found, found_count);
    for (size_t l = 0; l < found_count; l++) {
        const size_t weights = found[l].keys[0], bias = found[l].keys[1];
        if (weights == NO_KEY)
            return gr_fail(GRADUS_ERROR_DATA, "%s: tensor %s: a bias without weights", path,
                           gr_printable(keys[bias]).text);
        tensors[2 * l] = gr_tensor_named(2 * l);
        tensors[2 * l + 1] = gr_tensor_named(2 * l + 1);
        name_tensor(keys, weights, &tensors[2 * l]);
        if (bias != NO_KEY)
            name_tensor(keys, bias, &tensors[2 * l + 1]);
    }
    *layers = found_count;
    return GRADUS_OK;
}
