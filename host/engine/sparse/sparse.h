/* SPDX-License-Identifier: Apache-2.0 */
/* Engine "sparse": "layered" with a first layer that visits only the pixels that are not zero. */
#ifndef GRADUS_ENGINE_SPARSE_H
#define GRADUS_ENGINE_SPARSE_H

#include "engine/common/engine.h"

extern const engine_type gr_engine_sparse;

#endif
