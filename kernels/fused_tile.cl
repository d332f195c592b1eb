// SPDX-License-Identifier: Apache-2.0
// What a fused program for CPUs does with a tile of samples, but for the products that touch X: activations, the other
// layers, the loss, and back. Samples are in the lanes: a matrix (rows x TILE) stands row after row, so a vector is one
// row's next LANES samples.

// What a pass is for.
enum { MODE_GRADIENT = 0, MODE_EVALUATE = 1, MODE_PROBABILITIES = 2 };

// What a tile's steps want to know of the pass.
typedef struct tile_pass {
    uint mode, step;            // progress[2], see optimizer_step.cl
    uint2 seed;                 // of dropout
    global const uint *numbers; // (TILE) of the tile's samples in the data set, for dropout
} tile_pass;

static tile_pass make_pass(uint mode, global const uint *progress, global const float *scratch)
{
    const tile_pass pass = {mode, progress[2], (uint2)(progress[3], progress[4]),
                            (global const uint *)(scratch + NUMBERS_AT)};
    return pass;
}

// Scales Z1 and adds b1, in place; with ReLU if the network is plain and this not its only layer.
static void first_bias(const tile_pass *pass, global const float *b, global floatv *z)
{
    const float scale = pass->mode == MODE_GRADIENT ? INPUT_SCALE * INPUT_GAIN : INPUT_SCALE;
    for (uint h = 0; h < sizes[1]; h++)
        for (uint k = 0; k < VECTORS; k++, z++) {
            const floatv sum = fma(*z, (floatv)(scale), (floatv)(b[h]));
#if PLAIN && LAYERS > 1
            *z = select(sum, (floatv)(0), sum <= 0);
#else
            *z = sum;
#endif
        }
}

#if PLAIN

static void activate(const tile_pass *pass, uint l, global float *scratch)
{
}

#else

// The factors of dropout of the unit whose random bits are bits: for 8 units of LANES samples they come from `words`.
static floatv unit_factors(const uintv words[4], uint unit)
{
    const uintv bits = words[unit % 8 / 2] >> unit % 2 * 16 & 0xffff;
    return select((floatv)(DROPOUT_GAIN), (floatv)(0), bits < (uintv)(DROPOUT));
}

// A = f(Z) in place for the units of layer l, and the slopes into the place of its dZ, both times the factors of dropout.
static void activate(const tile_pass *pass, uint l, global float *scratch)
{
    global floatv *z = (global floatv *)(scratch + activations_at[l]);
    global floatv *slopes = (global floatv *)(scratch + dz_at[l]);
    const bool thins = DROPOUT > 0 && pass->mode == MODE_GRADIENT;
    for (uint k = 0; k < VECTORS; k++)
        for (uint block = 0; block < sizes[l + 1]; block += 8) {
            uintv words[4];
            if (thins)
                draw_units_lanes(pass->seed, l + 1, JOIN(vload, LANES)(k, pass->numbers), pass->step,
                                 (uintv)(block / 8), words);
            for (uint unit = block; unit < min(block + 8, sizes[l + 1]); unit++) {
                const floatv factor = thins ? unit_factors(words, unit) : (floatv)(1);
                floatv slope;
                const floatv a = activation(ACTIVATION, z[unit * VECTORS + k], &slope);
                z[unit * VECTORS + k] = a * factor;
                slopes[unit * VECTORS + k] = slope * factor;
            }
        }
}

#endif

// ---- Other layers: O x I weights w, row after row; a (I x TILE), z and dz (O x TILE). The products go through the rows
// in steps of five, with the functions of tile_rows.cl. ----

#define FOR_ROWS(count, call)                                                                                         \
    switch (count) {                                                                                                  \
    case 1:                                                                                                           \
        call(1);                                                                                                      \
        break;                                                                                                        \
    case 2:                                                                                                           \
        call(2);                                                                                                      \
        break;                                                                                                        \
    case 3:                                                                                                           \
        call(3);                                                                                                      \
        break;                                                                                                        \
    case 4:                                                                                                           \
        call(4);                                                                                                      \
        break;                                                                                                        \
    default:                                                                                                          \
        call(5);                                                                                                      \
    }

// Z = W A + b, and ReLU if asked for.
static void layer_forward(uint outputs, uint inputs, global const float *w, global const float *b,
                          global const floatv *a, global floatv *z, bool relu)
{
    for (uint o = 0; o < outputs; o += 5) {
#define CALL(rows) forward_rows_##rows(inputs, w + o * inputs, b + o, a, z + o * VECTORS, relu)
        FOR_ROWS(outputs - o, CALL)
#undef CALL
    }
}

// dW += dZ A^T.
static void layer_weight_gradient(uint outputs, uint inputs, global const floatv *dz, global const floatv *a,
                                  global float *dw)
{
    for (uint o = 0; o < outputs; o += 5) {
#define CALL(rows) weight_gradient_rows_##rows(inputs, dz + o * VECTORS, a, dw + o * inputs)
        FOR_ROWS(outputs - o, CALL)
#undef CALL
    }
}

// db += row sums of dZ.
static void layer_bias_gradient(uint outputs, global const floatv *dz, global float *db)
{
    for (uint o = 0; o < outputs; o++) {
        floatv sum = 0;
        for (uint k = 0; k < VECTORS; k++)
            sum += dz[o * VECTORS + k];
        db[o] += sum_lanes(sum);
    }
}

// dZ of the layer below = (W^T dZ) .* relu'(A).
static void layer_input_gradient(uint outputs, uint inputs, global const float *w, global const floatv *dz,
                                 global const floatv *a, global floatv *below)
{
    for (uint i = 0; i < inputs; i += 5) {
#define CALL(rows) input_gradient_rows_##rows(outputs, inputs, w + i, dz, a + i * VECTORS, below + i * VECTORS)
        FOR_ROWS(inputs - i, CALL)
#undef CALL
    }
}

// ---- Loss ----

// Turns the logits z (C x TILE) into probabilities, in place; returns each sample's log sum exp(z) in two summands: the
// largest logit and the logarithm of the sum of exp(z - largest).
static floatv softmax(global floatv *z, floatv *largest)
{
    const uint classes = sizes[LAYERS];
    floatv top = z[0], sum = 0;
    for (uint c = 1; c < classes; c++)
        top = fmax(top, z[c * VECTORS]);
    for (uint c = 0; c < classes; c++) {
        z[c * VECTORS] = exp(z[c * VECTORS] - top);
        sum += z[c * VECTORS];
    }
    for (uint c = 0; c < classes; c++)
        z[c * VECTORS] /= sum;
    *largest = top;
    return log(sum);
}

// dZ = A - Y in place of the logits z (C x TILE) for the samples first .. end - 1 of all that the tile has from sample s0
// on, 0 for the others; adds their loss and number correct to metrics. Y is one-hot, but for label smoothing in training.
static void cross_entropy(const tile_pass *pass, global floatv *z, global const uchar *labels, uint s0, uint first,
                          uint end, global float *metrics)
{
    const uint classes = sizes[LAYERS];
    const float smoothing = pass->mode == MODE_GRADIENT ? SMOOTHING : 0, shared = smoothing / classes;
    floatv loss = 0, correct = 0;
    for (uint k = 0; k < VECTORS; k++) {
        intv sample, prediction = (int)classes;
        for (uint lane = 0; lane < LANES; lane++)
            ((int *)&sample)[lane] = (int)(s0 + k * LANES + lane);
        const intv used = sample >= (int)first && sample < (int)end;
        const intv label = TO_INTV(JOIN(vload, LANES)(0, labels + s0 + k * LANES));
        floatv label_logit = 0, all_logits = 0, largest = z[k];
        for (uint c = 1; c < classes; c++)
            largest = fmax(largest, z[c * VECTORS + k]);
        for (uint c = classes; c-- > 0;) {
            const floatv logit = z[c * VECTORS + k];
            label_logit = select(label_logit, logit, label == (int)c);
            all_logits += logit;
            prediction = select(prediction, (intv)((int)c), logit == largest);
        }
        if (smoothing > 0)
            label_logit = fma((floatv)(1 - smoothing), label_logit, shared * all_logits);
        const floatv log_sum = softmax(z + k, &largest);
        for (uint c = 0; c < classes; c++) {
            const floatv y = select((floatv)(shared), (floatv)(1 - smoothing + shared), label == (int)c);
            z[c * VECTORS + k] = select((floatv)(0), z[c * VECTORS + k] - y, used);
        }
        loss += select((floatv)(0), (largest - label_logit) + log_sum, used);
        correct += select((floatv)(0), (floatv)(1), used && prediction == label);
    }
    metrics[0] += sum_lanes(loss);
    metrics[1] += sum_lanes(correct);
}

// ---- A tile, and a work-item's tiles ----

static void tile_forward(const tile_pass *pass, global const float *parameters, global float *scratch)
{
    global const float *b = STANDARDISED ? scratch + INPUT_BIAS_AT : parameters + bias_at[0];
    const bool relu = PLAIN;
    first_bias(pass, b, (global floatv *)(scratch + activations_at[0]));
    for (uint l = 1; l < LAYERS; l++) {
        activate(pass, l - 1, scratch);
        layer_forward(sizes[l + 1], sizes[l], parameters + weights_at[l], parameters + bias_at[l],
                      (global const floatv *)(scratch + activations_at[l - 1]),
                      (global floatv *)(scratch + activations_at[l]), relu && l + 1 < LAYERS);
    }
}

static void tile_backward(global const float *parameters, global float *scratch)
{
    global float *rest = scratch + REST_AT - bias_at[0]; // indexed as the flat buffer is
    for (uint l = LAYERS; l-- > 0;) {
        global const floatv *dz = (global const floatv *)(scratch + dz_at[l]);
        layer_bias_gradient(sizes[l + 1], dz, rest + bias_at[l]);
        if (l > 0) {
            global const floatv *a = (global const floatv *)(scratch + activations_at[l - 1]);
            layer_weight_gradient(sizes[l + 1], sizes[l], dz, a, rest + weights_at[l]);
            layer_input_gradient(sizes[l + 1], sizes[l], parameters + weights_at[l], dz, a,
                                 (global floatv *)(scratch + dz_at[l - 1]));
        }
    }
}
