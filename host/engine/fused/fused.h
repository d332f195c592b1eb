/* SPDX-License-Identifier: Apache-2.0 */
/* Engine "fused" creates one of three engines that read the samples once and keep everything else in the cache. */
#ifndef GRADUS_ENGINE_FUSED_H
#define GRADUS_ENGINE_FUSED_H

#include "engine/common/engine.h"

extern const engine_type gr_engine_fused;

#endif
