/* SPDX-License-Identifier: Apache-2.0 */
/* The values that options have, as they could be typed. */
#ifndef GRADUS_CLI_OPTION_OUTPUT_H
#define GRADUS_CLI_OPTION_OUTPUT_H

#include "command/options.h"

#include <jansson.h>

/* "--hidden 128,64", on a line of its own. */
void option_print(const option_row *option);

/* [128, 64]: lists and numbers as such, words as texts. */
json_t *option_json(const option_row *option);

#endif
