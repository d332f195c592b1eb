/* SPDX-License-Identifier: Apache-2.0 */
/* The values of options, as text for a command line and as JSON. */
#ifndef GRADUS_CLI_OPTION_OUTPUT_H
#define GRADUS_CLI_OPTION_OUTPUT_H

#include "command/options.h"

#include <jansson.h>

/* "--hidden 128,64", on a line of its own. */
void option_print(const option_row *option, const void *settings);

/* [128, 64]: lists and numbers as JSON has them, words as strings. */
json_t *option_json(const option_row *option, const void *settings);

#endif
