/* SPDX-License-Identifier: Apache-2.0 */
/* The program gradus: picks the subcommand, and makes sure that what was printed has arrived. */
#include "command/commands.h"
#include "text/failure.h"
#include "text/text.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    int (*run)(int argc, const char **argv);
    const char *usage, *summary;
} commands[] = {
    {"train", cmd_train, "train DATASET", "train a network, report progress, write a model"},
    {"evaluate", cmd_evaluate, "evaluate MODEL DATASET", "loss, accuracy, confusion matrix, per-class figures"},
    {"predict", cmd_predict, "predict MODEL INPUT...", "label and probabilities of samples, drawn with --show"},
    {"inspect", cmd_inspect, "inspect MODEL", "architecture, statistics, the weights themselves"},
    {"export", cmd_export, "export MODEL", "a model as other programs read it: NPZ, ONNX, GGUF"},
    {"import", cmd_import, "import FILE", "a model of a PyTorch or NumPy network"},
    {"devices", cmd_devices, "devices", "what can be used, what is chosen and why"},
    {"bench", cmd_bench, "bench [DATASET]", "iterations per second by device, engine and network"},
    {"check", cmd_check, "check", "every kernel on the device against the reference"},
    {"tune", cmd_tune, "tune [DATASET]", "search the fastest products for a network on the device"},
};
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static void print_help(FILE *stream)
{
    fputs("Usage: gradus SUBCOMMAND ... [options]\n\n"
          "Trains multi-layer perceptrons on any OpenCL device.\n\n",
          stream);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(stream, "  gradus %-24s%s\n", commands[i].usage, commands[i].summary);
    fputs("\n"
          "  gradus SUBCOMMAND --help       the options of a subcommand\n"
          "  gradus --version               the version\n\n"
          "DATASET is a name (digits, mnist, ...), a folder with IDX files, a CSV file, or an NPZ (x_train, "
          "y_train).\n\n"
          "Try:  gradus train digits --out digits.safetensors\n"
          "      gradus predict digits.safetensors digits:0-4 --show\n",
          stream);
}

static int fail_unknown(const char *found)
{
    const char *names[COMMAND_COUNT + 3] = {"--help", "--version"};
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        names[i + 2] = commands[i].name;
    const char *nearest = nearest_name(found, names), *kind = *found == '-' ? "option" : "subcommand";
    if (nearest != NULL)
        return fail(EX_USAGE, "unknown %s %s; did you mean %s?", kind, found, nearest);
    return fail(EX_USAGE, "unknown %s %s; 'gradus --help' lists them", kind, found);
}

static int dispatch(int argc, const char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return EX_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return EX_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("gradus %s\n", gradus_version());
        return EX_OK;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    return fail_unknown(argv[1]);
}

/* A standard stream that the caller has closed would lend its number to the next file that is opened, and messages
 * would end up in that. In its place comes one on which every access fails. */
static void reserve_standard_streams(void)
{
    for (int descriptor = 0; descriptor <= 2; descriptor++)
        if (fcntl(descriptor, F_GETFD) == -1 && errno == EBADF)
            (void)!open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY);
}

/* Output that got lost is a failure, also when nothing else failed: a full disk, a reader that has gone. */
static int finish_output(int code)
{
    bool failed_before = ferror(stdout) != 0;
    errno = 0;
    if ((fflush(stdout) != 0 || failed_before) && code == EX_OK)
        return fail(EX_IOERR, "standard output: cannot be written: %s", errno == 0 ? "an error" : strerror(errno));
    return code;
}

int main(int argc, char **argv)
{
    reserve_standard_streams();
    signal(SIGPIPE, SIG_IGN); /* so that a write to a closed pipe fails and is reported */
    setlocale(LC_CTYPE, "");  /* only that: numbers keep their decimal point */
    int code = dispatch(argc, (const char **)argv);
    return finish_output(code == HELP_SHOWN ? EX_OK : code);
}
