/* SPDX-License-Identifier: Apache-2.0 */
/* Why the OpenCL loader found no platform. */
#ifndef GRADUS_DEVICE_LOADER_H
#define GRADUS_DEVICE_LOADER_H

#include "core/status.h"

/* Reads the loader's files and fails with NO_DEVICE and the cause: no driver listed, or one that does not load. */
gradus_status gr_loader_explain(void);

#endif
