/* SPDX-License-Identifier: Apache-2.0 */
/* All engines, and a search by name. */
#ifndef GRADUS_ENGINE_ENGINES_H
#define GRADUS_ENGINE_ENGINES_H

#include "engine/blas/blas.h"
#include "engine/fused/fused.h"
#include "engine/layered/layered.h"
#include "engine/reference/reference.h"
#include "engine/sparse/sparse.h"

/* These create another engine: the fastest one for a training; and one for a single pass over the data, without
 * measurements. */
extern const engine_type gr_engine_auto;
extern const engine_type gr_engine_once;

/* Measures and stores the choice of gr_engine_auto for a training, unless it is stored or needs no measurement. */
gradus_status gr_engine_choose(const engine_settings *settings, gradus_device *device, const gradus_network *network,
                               const gradus_dataset *dataset);

/* The engine of this name; NULL is "auto". ARGUMENT for other names and for an engine that needs a device and gets none. */
gradus_status gr_engine_find(const char *name, const gradus_device *device, const engine_type **out);

/* Finds and creates it. */
gradus_status gr_engine_open(const char *name, const engine_settings *settings, gradus_device *device,
                             const gradus_network *network, const gradus_dataset *dataset, engine **out);

#endif
