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

#endif
