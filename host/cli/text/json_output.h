/* SPDX-License-Identifier: Apache-2.0 */
/* Machine-readable output: one JSON value on a line of its own. */
#ifndef GRADUS_CLI_JSON_OUTPUT_H
#define GRADUS_CLI_JSON_OUTPUT_H

#include <gradus/gradus.h>
#include <jansson.h>

/* Enough digits to read back the same float. */
#define JSON_FORMAT JSON_REAL_PRECISION(9)

/* A number, or null for NaN and infinity, which JSON cannot represent. */
json_t *json_figure(double value);

/* A text, or null for NULL. Bytes that are not UTF-8, which JSON requires, become question marks. */
json_t *json_text(const char *text);

/* [784, 10, 10] */
json_t *json_layers(const gradus_network *network);

/* "gpu" */
const char *device_type_name(gradus_device_type type);

/* A device as in `gradus devices --json`, with its index there. */
json_t *json_device(const gradus_device_info *info, size_t index);

/* Prints and releases the value, or reports that memory ran out (NULL). */
int json_print(json_t *value);

#endif
