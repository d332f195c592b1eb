/* SPDX-License-Identifier: Apache-2.0 */
/* Early stopping by patience, target accuracy, convergence and time. */
#include "train/evaluation/stopping_rules.h"
#include "core/names.h"

#include <math.h>

const char *gradus_stop_reason_name(gradus_stop_reason reason)
{
    switch (reason) {
    case GRADUS_STOP_STEPS:
        return "steps";
    case GRADUS_STOP_REQUEST:
        return "request";
    case GRADUS_STOP_TIME:
        return "time";
    case GRADUS_STOP_PATIENCE:
        return "patience";
    case GRADUS_STOP_TARGET:
        return "target";
    case GRADUS_STOP_CONVERGED:
        return "converged";
    }
    return "unknown";
}

static bool has_lower_loss(const gradus_metrics *found, const gradus_metrics *best)
{
    return found->loss < best->loss;
}

static bool has_higher_accuracy(const gradus_metrics *found, const gradus_metrics *best)
{
    return found->accuracy > best->accuracy;
}

static const struct {
    const char *name;
    metrics_order *is_better;
} monitors[] = {
    {"loss", has_lower_loss},
    {"accuracy", has_higher_accuracy},
};

const char *gradus_monitor_name(size_t index)
{
    return index < sizeof monitors / sizeof *monitors ? monitors[index].name : NULL;
}

/* NaN is outside every range. */
static gradus_status check_range(const char *name, double found, double most)
{
    if (found >= 0 && found <= most)
        return GRADUS_OK;
    return gr_fail(GRADUS_ERROR_ARGUMENT, "%s: found %g, expected a number from 0 to %g", name, found, most);
}

gradus_status gr_stopping_rules_make(const gradus_stopping *limits, bool has_holdout, stopping_rules *out)
{
    gradus_status status = GRADUS_OK;
    stopping_rules s = {.limits = *limits, .loss_before = NAN};
    size_t monitor = 0;
    TRY(gr_name_require("monitor", gradus_monitor_name, limits->monitor, &monitor));
    s.is_better = monitors[monitor].is_better;
    TRY(check_range("target accuracy", limits->target_accuracy, 1));
    TRY(check_range("until converged", limits->until_converged, 1));
    TRY(check_range("seconds at most", limits->max_seconds, 1e9));
    if (limits->patience > 0 && !has_holdout)
        FAIL(GRADUS_ERROR_ARGUMENT, "patience: found %zu evaluations, but there is no holdout to evaluate",
             limits->patience);
    *out = s;
cleanup:
    return status;
}

/* ---- The holdout ---- */

bool gr_stopping_rules_record_evaluation(stopping_rules *s, const gradus_metrics *holdout)
{
    const bool better = s->is_better(holdout, &s->best);
    if (!isfinite(holdout->loss) || (s->any_best && !better)) {
        s->since_best++;
        return false;
    }
    s->any_best = true;
    s->best = *holdout;
    s->since_best = 0;
    return true;
}

bool gr_stopping_rules_out_of_patience(const stopping_rules *s)
{
    return s->limits.patience > 0 && s->since_best >= s->limits.patience;
}

bool gr_stopping_rules_reaches_target(const stopping_rules *s, const gradus_metrics *metrics)
{
    return s->limits.target_accuracy > 0 && isfinite(metrics->loss) && metrics->accuracy >= s->limits.target_accuracy;
}

bool gr_stopping_rules_out_of_time(const stopping_rules *s, double seconds)
{
    return s->limits.max_seconds > 0 && seconds >= s->limits.max_seconds;
}

/* ---- Convergence ---- */

void gr_stopping_rules_record_step(stopping_rules *s, const batch_sums *sums, size_t samples)
{
    s->window.sum += sums->loss;
    s->window.samples += samples;
}

bool gr_stopping_rules_end_window(stopping_rules *s)
{
    const double before = s->loss_before, now = s->window.sum / (double)s->window.samples;
    s->loss_before = now;
    s->window = (running_loss){0, 0};
    return before - now <= s->limits.until_converged * before; /* false for the first window, whose `before` is NaN */
}
