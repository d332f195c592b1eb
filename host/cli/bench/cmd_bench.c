/* SPDX-License-Identifier: Apache-2.0 */
/* gradus bench: measures devices, engines and networks, or kernels; compares two such measurements; and estimates. */
#include "bench/bench_run.h"
#include "bench/kernel_run.h"
#include "command/commands.h"
#include "command/interrupt.h"
#include "text/failure.h"

#include <stdio.h>

/* ---- Engines ---- */

static int measure_engines(bench_run *run)
{
    int code = EX_OK;
    const bench_setup *setup = run->setup;
    const bool table = !bench_json_on_stdout(&setup->settings);
    TRY(bench_cases_list(run));
    if (table)
        bench_table_begin(run);
    fflush(stdout);
    while (run->done < run->case_count && !bench_stopped(setup)) {
        size_t first = 0;
        TRY(bench_run_network(run, &first));
        progress_end(&setup->progress);
        if (table && !bench_stopped(setup))
            bench_table_rows(run, first);
        fflush(stdout);
    }
    if (table && !bench_stopped(setup))
        bench_table_end(run);
cleanup:
    return code;
}

static int write_engines(const bench_run *run)
{
    int code = EX_OK;
    TRY(bench_json_write(run));
    TRY(bench_plot_write(run));
cleanup:
    return code;
}

/* ---- Kernels ---- */

static int write_kernels(const kernel_run *run)
{
    int code = EX_OK;
    TRY(kernel_json_write(run));
    fflush(stdout);
    if (run->failed > 0)
        TRY(fail(EX_SOFTWARE, "%zu of %zu kernels and shapes differ from the reference and were not timed",
                 run->failed, run->count));
cleanup:
    return code;
}

/* ---- Both ---- */

/* Ctrl-C ends the measurement; *signal is 0 without it. */
static int measure(bench_setup *setup, bench_run *engines, kernel_run *kernels, int *signal)
{
    int code = EX_OK;
    setup->progress = progress_create(false);
    setup->stop = interrupt_catch();
    code = bench_setup_prepare(setup);
    progress_end(&setup->progress);
    if (code == EX_OK && !bench_stopped(setup))
        code = setup->settings.kernels == NULL ? measure_engines(engines) : kernel_run_measure(kernels);
    progress_end(&setup->progress);
    *signal = interrupt_release();
    return code;
}

static int run_benchmark(bench_setup *setup)
{
    int code = EX_OK, signal = 0;
    const bench_settings *settings = &setup->settings;
    bench_run engines = {.setup = setup};
    kernel_run kernels = {.setup = setup};
    if (settings->plot != NULL)
        TRY(bench_plot_check());
    TRY(measure(setup, &engines, &kernels, &signal));
    if (signal != 0) {
        const char *no_file = settings->json != NULL || settings->plot != NULL ? "; no file was written" : "";
        if (settings->kernels == NULL)
            note("interrupted after %zu of %zu cases%s", engines.done, engines.case_count, no_file);
        else
            note("interrupted after %zu kernels and shapes%s", kernels.count, no_file);
        code = 128 + signal;
        goto cleanup;
    }
    TRY(settings->kernels == NULL ? write_engines(&engines) : write_kernels(&kernels));
cleanup:
    bench_run_free(&engines);
    kernel_run_free(&kernels);
    return code;
}

int cmd_bench(int argc, const char **argv)
{
    int code = EX_OK;
    bench_setup setup = {.device_count = 0};
    TRY(bench_settings_parse(argc, argv, &setup.settings));
    if (setup.settings.compare)
        TRY(bench_compare(&setup.settings));
    else if (setup.settings.gpu != NULL)
        TRY(bench_estimate(&setup.settings));
    else
        TRY(run_benchmark(&setup));
cleanup:
    bench_setup_free(&setup);
    return code;
}
