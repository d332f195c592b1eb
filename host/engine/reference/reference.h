/* SPDX-License-Identifier: Apache-2.0 */
/* Engine "reference": plain loops in double precision, which the other engines are compared with. */
#ifndef GRADUS_ENGINE_REFERENCE_H
#define GRADUS_ENGINE_REFERENCE_H

#include "engine/common/engine.h"

extern const engine_type gr_engine_reference;

#endif
