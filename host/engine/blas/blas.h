/* SPDX-License-Identifier: Apache-2.0 */
/* Engine "blas": C over OpenBLAS on all cores, without a device. In builds with OpenBLAS only. */
#ifndef GRADUS_ENGINE_BLAS_H
#define GRADUS_ENGINE_BLAS_H

#include "engine/common/engine.h"

extern const engine_type gr_engine_blas;

#endif
