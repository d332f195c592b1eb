/* SPDX-License-Identifier: Apache-2.0 */
/* Engine "layered": each step of an iteration is a product or a kernel of its own, on any device. */
#ifndef GRADUS_ENGINE_LAYERED_H
#define GRADUS_ENGINE_LAYERED_H

#include "engine/common/engine.h"

extern const engine_type gr_engine_layered;

#endif
