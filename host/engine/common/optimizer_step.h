/* SPDX-License-Identifier: Apache-2.0 */
/* The body of optimizer.c, which includes it for each type REAL; IN_REAL(name) is a function's name there. */

static void IN_REAL(clip)(const optimizer *o, size_t length, REAL *g)
{
    REAL squares = 0;
    for (size_t i = 0; i < length; i++)
        squares += g[i] * g[i];
    const REAL factor = (REAL)o->clip_norm / (sqrt(squares) + CLIP_EPSILON);
    for (size_t i = 0; factor < 1 && i < length; i++)
        g[i] *= factor;
}

/* The moments of one parameter; undefined if the optimizer has none. */
typedef struct IN_REAL(moments) {
    REAL first, second;
} IN_REAL(moments);

/* ---- The formulas: the parameter p after a step with its gradient g ---- */

static REAL IN_REAL(sgd)(const optimizer *o, const update_step *step, REAL p, REAL g, IN_REAL(moments) * m)
{
    (void)o;
    (void)m;
    return p - (REAL)step->learning_rate * g;
}

static REAL IN_REAL(momentum)(const optimizer *o, const update_step *step, REAL p, REAL g, IN_REAL(moments) * m)
{
    m->first = (REAL)o->momentum * m->first + g;
    return p - (REAL)step->learning_rate * m->first;
}

static REAL IN_REAL(nesterov)(const optimizer *o, const update_step *step, REAL p, REAL g, IN_REAL(moments) * m)
{
    m->first = (REAL)o->momentum * m->first + g;
    return p - (REAL)step->learning_rate * (g + (REAL)o->momentum * m->first);
}

static REAL IN_REAL(rmsprop)(const optimizer *o, const update_step *step, REAL p, REAL g, IN_REAL(moments) * m)
{
    const REAL rho = (REAL)o->decay;
    m->second = rho * m->second + (1 - rho) * g * g;
    return p - (REAL)step->learning_rate * g / (sqrt(m->second) + (REAL)o->epsilon);
}

static REAL IN_REAL(adam)(const optimizer *o, const update_step *step, REAL p, REAL g, IN_REAL(moments) * m)
{
    const REAL beta1 = (REAL)o->momentum, beta2 = (REAL)o->decay;
    m->first = beta1 * m->first + (1 - beta1) * g;
    m->second = beta2 * m->second + (1 - beta2) * g * g;
    return p - (REAL)step->learning_rate * (REAL)step->first_factor * m->first /
                   (sqrt(m->second) * (REAL)step->second_factor + (REAL)o->epsilon);
}

/* With the learning rate and the first factor of nesterov_corrected(). */
static REAL IN_REAL(nadam)(const optimizer *o, const update_step *step, REAL p, REAL g, IN_REAL(moments) * m)
{
    const REAL beta1 = (REAL)o->momentum, beta2 = (REAL)o->decay;
    m->first = beta1 * m->first + (1 - beta1) * g;
    m->second = beta2 * m->second + (1 - beta2) * g * g;
    return p - (REAL)step->learning_rate * (m->first * (REAL)step->first_factor + g) /
                   (sqrt(m->second) * (REAL)step->second_factor + (REAL)o->epsilon);
}

/* Chen et al. 2023, "Symbolic discovery of optimization algorithms". NaN stays NaN. */
static REAL IN_REAL(lion)(const optimizer *o, const update_step *step, REAL p, REAL g, IN_REAL(moments) * m)
{
    const REAL beta1 = (REAL)o->momentum, beta2 = (REAL)o->decay;
    const REAL mixed = beta1 * m->first + (1 - beta1) * g;
    m->first = beta2 * m->first + (1 - beta2) * g;
    return p - (REAL)step->learning_rate * (mixed > 0 ? 1 : mixed < 0 ? -1 : mixed);
}

/* ---- A step ---- */

static REAL IN_REAL(update_one)(const optimizer *o, const update_step *step, REAL weight_decay, REAL p, REAL g,
                                IN_REAL(moments) * m)
{
    if (optimizers[o->kind].decoupled)
        p -= (REAL)step->learning_rate * weight_decay * p;
    else
        g += weight_decay * p;
    switch ((optimizer_kind)o->kind) {
#define CASE(NAME, formula, name, moments, weight_decay, momentum, decay, corrections)                                \
    case OPTIMIZER_##NAME:                                                                                            \
        return IN_REAL(formula)(o, step, p, g, m);
        OPTIMIZERS(CASE)
#undef CASE
    case OPTIMIZER_COUNT:
        break;
    }
    return p;
}

static void IN_REAL(update_tensor)(const optimizer *o, const update_step *step, REAL weight_decay, size_t length,
                                   REAL *p, const REAL *g, REAL *first, REAL *second)
{
    for (size_t i = 0; i < length; i++) {
        IN_REAL(moments) m = {first == NULL ? 0 : first[i], second == NULL ? 0 : second[i]};
        p[i] = IN_REAL(update_one)(o, step, weight_decay, p[i], g[i], &m);
        if (first != NULL)
            first[i] = m.first;
        if (second != NULL)
            second[i] = m.second;
    }
}

/* Scales down the rows of W (the weights into a unit) whose norm exceeds max_norm. */
static void IN_REAL(limit_rows)(REAL max_norm, size_t rows, size_t columns, REAL *w)
{
    for (size_t r = 0; r < rows; r++, w += columns) {
        REAL squares = 0;
        for (size_t i = 0; i < columns; i++)
            squares += w[i] * w[i];
        const REAL factor = max_norm / sqrt(squares);
        for (size_t i = 0; factor < 1 && i < columns; i++)
            w[i] *= factor;
    }
}

void IN_REAL(gr_optimizer_update)(const optimizer *o, const update_step *step, const gradus_network *network,
                                  const parameter_layout *layout, REAL *p, REAL *g, REAL *first, REAL *second)
{
    if (o->clip_norm > 0)
        IN_REAL(clip)(o, layout->length, g);
    for (size_t l = 0; l < network->layers; l++) {
        const size_t outputs = network->sizes[l + 1], inputs = network->sizes[l];
        const struct {
            size_t at, length;
            REAL weight_decay;
        } tensors[] = {{layout->weights[l], outputs * inputs, (REAL)o->weight_decay}, {layout->bias[l], outputs, 0}};
        for (size_t t = 0; t < 2; t++) {
            const size_t at = tensors[t].at;
            IN_REAL(update_tensor)
            (o, step, tensors[t].weight_decay, tensors[t].length, p + at, g + at, first == NULL ? NULL : first + at,
             second == NULL ? NULL : second + at);
        }
        if (o->max_norm > 0)
            IN_REAL(limit_rows)((REAL)o->max_norm, outputs, inputs, p + layout->weights[l]);
    }
}
