/* SPDX-License-Identifier: Apache-2.0 */
#include "core/names.h"

#include <stdio.h>
#include <string.h>

bool gr_name_find(name_list *names, const char *name, size_t *index)
{
    for (size_t i = 0; names(i) != NULL; i++)
        if (strcmp(names(i), name) == 0) {
            *index = i;
            return true;
        }
    return false;
}

name_choices gr_name_choices(name_list *names)
{
    name_choices choices = {""};
    for (size_t i = 0; names(i) != NULL; i++) {
        const char *before = i == 0 ? "" : names(i + 1) == NULL ? " or " : ", ";
        const size_t used = strlen(choices.text);
        snprintf(choices.text + used, sizeof choices.text - used, "%s%s", before, names(i));
    }
    return choices;
}

gradus_status gr_name_require(const char *what, name_list *names, const char *name, size_t *index)
{
    if (name == NULL)
        *index = 0;
    else if (!gr_name_find(names, name, index))
        return gr_fail(GRADUS_ERROR_ARGUMENT, "%s \"%s\": expected %s", what, name, gr_name_choices(names).text);
    return GRADUS_OK;
}
