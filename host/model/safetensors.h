/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Model files: safetensors (https://huggingface.co/docs/safetensors), which is an 8-byte little-endian header length, a
 * JSON header with the type, shape and position of each tensor, and the bytes of the tensors. Here is what saving and
 * loading share: limits, and the settings that a file names.
 */
#ifndef GRADUS_MODEL_SAFETENSORS_H
#define GRADUS_MODEL_SAFETENSORS_H

#include "model/tensors.h"

#define HEADER_LENGTH_BYTES 8
#define HEADER_MAX 100000000u /* bytes; the format's own limit */

/* The input for a feature before it is standardised: for samples of bytes, and of floats. */
#define FILE_INPUT_BYTES "byte/255"
#define FILE_INPUT_FLOATS "1"

/* An entry of a header: shape and position of a tensor of this type, as in "F32". NULL if memory runs out, as jansson
 * returns it. */
json_t *gr_safetensors_entry(const char *dtype, const file_tensor *tensor);

/* The header's text, padded with spaces so that the data begin at a multiple of 8 bytes. The caller frees it.
 * ARGUMENT for one longer than the format allows. */
gradus_status gr_safetensors_header(const json_t *header, char **out);

#endif
