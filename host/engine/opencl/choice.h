/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The choices that result from measurements on a device, in the user's cache: pairs of short texts, such as "forward
 * 784x128x41000 relu" and "own gpu 64x64x16 4x4". They are valid only for this device, number of compute units, driver, version of
 * gradus, kind and text of kernels, and options of their compiler.
 */
#ifndef GRADUS_ENGINE_CHOICE_H
#define GRADUS_ENGINE_CHOICE_H

#include "device/device.h"

/* The value under the key; "" if there is none. Neither has line breaks or tabs. The cache may contain anything, so the
 * caller must check the value. MEMORY. */
#define CHOICE_TEXT 160
gradus_status gr_choice_read(const gradus_device *device, const char *key, char value[CHOICE_TEXT]);

/* Adds or replaces an entry. A failure to write it is ignored. */
gradus_status gr_choice_write(const gradus_device *device, const char *key, const char *value);

#endif
