/* SPDX-License-Identifier: Apache-2.0 */
/* Names that an option can have: finds one, and lists them in the message about an unknown one. */
#ifndef GRADUS_CORE_NAMES_H
#define GRADUS_CORE_NAMES_H

#include "core/status.h"

/* A list of names: returns the one at an index from 0 on, NULL after the last. */
typedef const char *name_list(size_t index);

/* Whether the list has the name, and at which index; else *index is unchanged. */
bool gr_name_find(name_list *names, const char *name, size_t *index);

/* "relu, tanh or gelu". Returned by value, for use within an expression: gr_name_choices(names).text. */
typedef struct name_choices {
    char text[256];
} name_choices;

name_choices gr_name_choices(name_list *names);

/* As gr_name_find(), but ARGUMENT for an unknown name: `optimizer "magic": expected sgd, momentum or adam`. NULL means
 * the first name. */
gradus_status gr_name_require(const char *what, name_list *names, const char *name, size_t *index);

#endif
