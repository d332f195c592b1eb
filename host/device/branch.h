/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that a device keeps, or that its branches have in common: for program.c. */
#ifndef GRADUS_DEVICE_BRANCH_H
#define GRADUS_DEVICE_BRANCH_H

#include "device/device.h"

/* Programs are found and added while the objects are locked. */
void gr_shared_lock(shared_objects *shared);
void gr_shared_unlock(shared_objects *shared);

/* NULL: there is none with this key. */
cl_program gr_shared_find_program(const shared_objects *shared, const char *key);

/* Keeps `program`, unless this fails. */
gradus_status gr_shared_add_program(shared_objects *shared, const char *key, cl_program program);

/* Whether they are those of branches. */
bool gr_shared_has_branches(const shared_objects *shared);

/* Releases all objects. */
void gr_shared_clear(shared_objects *shared);

#endif
