/* SPDX-License-Identifier: Apache-2.0 */
/* Parses an INPUT and reads its samples. */
#include "predict/prediction_input.h"
#include "command/data_input.h"
#include "text/failure.h"
#include "text/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct sample_range {
    bool given;
    uint64_t first, last;
} sample_range;

/* "3" or "3-7". Ends the text at its dash. */
static bool parse_range(char *text, sample_range *range)
{
    char *dash = strchr(text, '-');
    if (dash != NULL)
        *dash = '\0';
    if (!parse_count(text, 0, INT64_MAX, &range->first))
        return false;
    range->last = range->first;
    return dash == NULL || parse_count(dash + 1, range->first, INT64_MAX, &range->last);
}

/* Splits the range from the name. The text after the last colon is a range only if it consists of digits and dashes:
 * other colons belong to the name. */
static int split(const char *text, char *name, sample_range *range)
{
    char *colon = strrchr(name, ':');
    if (colon == NULL || colon == name || colon[1 + strspn(colon + 1, "0123456789-")] != '\0' ||
        access(name, F_OK) == 0)
        return EX_OK;
    *colon = '\0';
    range->given = true;
    if (!parse_range(colon + 1, range))
        return fail(EX_USAGE, "%s: found \"%s\" after the colon, expected INDEX or INDEX-INDEX in rising order", text,
                    text + (colon + 1 - name));
    return EX_OK;
}

static int cut_out(const char *text, const char *part, const gradus_dataset *all, const sample_range *range,
                   gradus_dataset **out)
{
    const gradus_dataset_info info = gradus_dataset_get_info(all);
    const uint8_t *labels = gradus_dataset_labels(all);
    if (range->last >= info.samples)
        return fail(EX_USAGE, "%s: the %s part has %zu samples, expected an index from 0 to %zu", text, part,
                    info.samples, info.samples - 1);
    const size_t count = range->last - range->first + 1, at = range->first * info.features;
    if (labels != NULL)
        labels += range->first;
    return fail_status(info.floats ? gradus_dataset_create_floats(gradus_dataset_floats(all) + at, labels, count,
                                                                  info.width, info.height, out)
                                   : gradus_dataset_create(gradus_dataset_pixels(all) + at, labels, count, info.width,
                                                           info.height, out));
}

int prediction_input_open(const char *text, const char *data_dir, const gradus_network *network,
                          prediction_input *input)
{
    int code = EX_OK;
    sample_range range = {0};
    gradus_dataset *all = NULL;
    const char *part;
    const gradus_data_options options = {
        .data_dir = data_dir, .features = network->sizes[0], .allow_unlabelled = true, .floats = network->floats};

    input->name = strdup(text);
    if (input->name == NULL)
        TRY(fail(EX_OSERR, "out of memory: the command line"));
    TRY(split(text, input->name, &range));
    TRY(data_open_part(input->name, &options, NULL, &all, &part));
    if (range.given) {
        TRY(cut_out(text, part, all, &range, &input->samples));
        input->first = range.first;
    } else {
        input->samples = all;
        all = NULL;
    }
cleanup:
    gradus_dataset_destroy(all);
    return code;
}

void prediction_input_free(prediction_input *input)
{
    gradus_dataset_destroy(input->samples);
    free(input->name);
    *input = (prediction_input){0};
}
