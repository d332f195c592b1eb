/* SPDX-License-Identifier: Apache-2.0 */
/* The constants of a program that depend on the training. */
#include "engine/opencl/training_constants.h"
#include "core/memory.h"

#include <stdlib.h>

gradus_status gr_define_training(const engine *base, char **options)
{
    gradus_status status = GRADUS_OK;
    const input_transform input = gr_network_input(&base->network);
    const regularization *how = &base->regularization;
    const uint32_t hidden = gr_dropout_threshold(how->dropout), features = gr_dropout_threshold(how->input_dropout);
    char *text = NULL;
    TRY(gr_format_text(
        &text,
        "%s -D ACTIVATION=%d -D PLAIN=%d -D DROPOUT=%u -D INPUT_DROPOUT=%u -D DROPOUT_GAIN=%af -D INPUT_GAIN=%af "
        "-D SMOOTHING=%af -D INPUT_SCALE=%af -D INPUT_OFFSET=%af -D STANDARDISED=%d",
        *options, (int)base->network.activation, gr_engine_is_plain(base), hidden, features,
        (double)gr_dropout_gain(hidden), (double)gr_dropout_gain(features), (double)how->label_smoothing,
        (double)input.scale, (double)input.offset, input.offset != 0));
    free(*options);
    *options = text;
cleanup:
    return status;
}
