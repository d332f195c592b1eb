/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Model files: safetensors (https://huggingface.co/docs/safetensors), which is an 8-byte little-endian header length, a
 * JSON header that gives each tensor's type, shape and place, and the bytes of the tensors. What saving and loading
 * share is here: limits, and which settings a file names.
 */
#ifndef GRADUS_MODEL_SAFETENSORS_H
#define GRADUS_MODEL_SAFETENSORS_H

#include "model/tensors.h"

#define HEADER_LENGTH_BYTES 8
#define HEADER_MAX 100000000u /* bytes; the format's own limit */

/* What the network sees of a feature, before it is standardised: of samples of bytes, and of floats. */
#define FILE_INPUT_BYTES "byte/255"
#define FILE_INPUT_FLOATS "1"

/* An entry of a header: shape and place of a tensor of this type, "F32". NULL without memory, as jansson has it. */
json_t *gr_safetensors_entry(const char *dtype, const file_tensor *tensor);

/* The header's text, padded with spaces so that the data begin at a multiple of 8 bytes. The caller frees it.
 * ARGUMENT for one longer than the format allows. */
gradus_status gr_safetensors_header(const json_t *header, char **out);

#endif
