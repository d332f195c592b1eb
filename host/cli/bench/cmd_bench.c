/* SPDX-License-Identifier: Apache-2.0 */
/* gradus bench: devices, engines and networks measured side by side; and two such measurements compared. */
#include "bench/bench_run.h"
#include "command/commands.h"
#include "command/interrupt.h"
#include "text/failure.h"

#include <stdio.h>

static int measure_all(bench_run *run)
{
    int code = EX_OK;
    const bool table = !bench_json_on_stdout(&run->settings);
    if (table)
        bench_table_begin(run);
    fflush(stdout);
    while (run->done < run->case_count && !bench_run_stopped(run)) {
        size_t first = 0;
        TRY(bench_run_network(run, &first));
        progress_end(&run->progress);
        if (table && !bench_run_stopped(run))
            bench_table_rows(run, first);
        fflush(stdout);
    }
    if (table && !bench_run_stopped(run))
        bench_table_end(run);
cleanup:
    return code;
}

static int run_benchmark(bench_run *run)
{
    int code = EX_OK, signal = 0;
    if (run->settings.plot != NULL)
        TRY(bench_plot_check());
    run->progress = progress_create(false);
    run->stop = interrupt_catch();
    code = bench_run_prepare(run);
    progress_end(&run->progress);
    if (code == EX_OK && !bench_run_stopped(run))
        code = measure_all(run);
    progress_end(&run->progress);
    signal = interrupt_release();
    if (code != EX_OK)
        goto cleanup;
    if (signal != 0) {
        note("interrupted after %zu of %zu cases%s", run->done, run->case_count,
             run->settings.json != NULL || run->settings.plot != NULL ? "; no file was written" : "");
        code = 128 + signal;
        goto cleanup;
    }
    TRY(bench_json_write(run));
    TRY(bench_plot_write(run));
cleanup:
    return code;
}

int cmd_bench(int argc, const char **argv)
{
    int code = EX_OK;
    bench_run run = {0};
    TRY(bench_settings_parse(argc, argv, &run.settings));
    if (run.settings.compare)
        TRY(bench_compare(&run.settings));
    else
        TRY(run_benchmark(&run));
cleanup:
    bench_run_free(&run);
    return code;
}
