// SPDX-License-Identifier: Apache-2.0
// What the files of the fused CPU program share: the shape of the network and of X, and where things lie in a work-item's
// scratch. A program is vectors.cl, this file, philox.cl, dropout.cl, activation.cl, elements.cl and first_elements.cl, or
// pack_pixels.cl and another first_*.cl, then tile_rows.cl five times, fused_tile.cl and fused_cpu.cl, or fused_batch.cl;
// the engine (host/engine/fused_plan.c) puts it together and defines the constants.

// The defaults are the notebook's network with first_groups.cl.
#ifndef TILE
#define TILE 64   // samples of a tile, a multiple of 2 LANES
#define GROUPS 98 // groups of pixels of a sample
#define BLOCKS 1  // of groups, one after the other in X
#define LAYERS 2
#define SIZES 784, 10, 10  // F, H1, ..., C
#define WEIGHTS_AT 0, 7872 // where each W and b begins in the flat buffer of parameters
#define BIAS_AT 7840, 7972
#define PARAMETERS 8000             // length of that buffer
#define UNIT_BLOCK 10               // of the first layer's units (or vectors of units), handled together
#define UNIT_BLOCKS 1               // so many blocks are all units, padded
#define PACKED 7840                 // floats of W1 as pack_*.cl packs it
#define ACTIVATIONS_AT 15872, 16512 // where each layer's output (padded rows x TILE) begins in a scratch
#define DZ_AT 17152, 16512          // likewise dZ; the last layer's takes the place of its output
#define SPARE_AT 15872              // room for as much as Z1, free while dW1 is computed
#define SPARE_FORWARD_AT 17152      // likewise while Z1 is
#define PIXELS_AT 17792             // room for a tile of X as floats (GROUPS x TILE), with first_wide.cl
#define NUMBERS_AT 17792            // numbers of a tile's samples in the data set (TILE), for dropout
#define INPUT_BIAS_AT 17856         // b1 as a standardised input wants it (units of all blocks)
#define AUGMENTED_AT 17888          // room for a tile of augmented images, with augment_tile.cl
#define AUGMENTS 0                  // whether there are any
#define SCRATCH 17888               // floats of a work-item's scratch
#define ACTIVATION 0                // of hidden layers, as activation.cl has them
#define DROPOUT 0                   // of 2^16 units of hidden layers so many are left out, and of features; what the
#define INPUT_DROPOUT 0             // others count
#define DROPOUT_GAIN 1.0f
#define INPUT_GAIN 1.0f
#define SMOOTHING 0.0f           // of labels
#define INPUT_SCALE (1.0f / 255) // the network sees INPUT_SCALE * byte + INPUT_OFFSET
#define INPUT_OFFSET 0.0f
#define STANDARDISED 0 // whether there is an offset
#endif

// Nothing but a ReLU stands between two layers. Else the slopes of a layer's activations, with dropout, stand in the place
// of its dZ until that is computed.
#define PLAIN (ACTIVATION == 0 && DROPOUT == 0)

#define VECTORS (TILE / LANES) // of a row of a tile

constant uint sizes[] = {SIZES};
constant uint weights_at[] = {WEIGHTS_AT};
constant uint bias_at[] = {BIAS_AT};
constant uint activations_at[] = {ACTIVATIONS_AT};
constant uint dz_at[] = {DZ_AT};

// A work-item's scratch begins with packed W1, then the partial sums: packed dW1, the gradient of all parameters behind
// W1 as they stand in the flat buffer, loss and number correct.
#define DW_AT PACKED
#define REST_AT (2 * PACKED)
#define METRICS_AT (REST_AT + PARAMETERS - bias_at[0])

static float sum_lanes(floatv a)
{
#if LANES == 16
    const float8 b = a.lo + a.hi;
#else
    const float8 b = a;
#endif
    const float4 c = b.lo + b.hi;
    const float2 d = c.lo + c.hi;
    return d.x + d.y;
}
