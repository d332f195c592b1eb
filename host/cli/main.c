/* SPDX-License-Identifier: Apache-2.0 */
/* The program gradus: runs the subcommand, and reports lost output. */
#include "command/commands.h"
#include "command/data_input.h"
#include "text/failure.h"
#include "text/text.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct command {
    const char *name;
    int (*run)(int argc, const char **argv);
    const char *usage, *summary;
} command;

static const command commands[] = {
    {"train", cmd_train, "train DATASET", "train a network, report progress, write a model"},
    {"evaluate", cmd_evaluate, "evaluate MODEL DATASET", "loss, accuracy, confusion matrix, figures by class"},
    {"predict", cmd_predict, "predict MODEL INPUT...", "labels and probabilities; --show draws the images"},
    {"inspect", cmd_inspect, "inspect MODEL", "architecture and statistics; --weights prints every W and b"},
    {"export", cmd_export, "export MODEL", "write a model for other programs: NPZ, ONNX, GGUF"},
    {"import", cmd_import, "import FILE", "read a model from a PyTorch or NumPy network"},
    {"devices", cmd_devices, "devices", "list the devices, and which one is chosen and why"},
    {"bench", cmd_bench, "bench [DATASET]", "iterations per second by device, engine and network"},
    {"check", cmd_check, "check", "compare every kernel on the device with the reference"},
    {"tune", cmd_tune, "tune [DATASET]", "search for the fastest matrix products on the device"},
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
          "  gradus --version               the version\n\n",
          stream);
    data_print_formats(stream);
    fputs("\n"
          "Try:  gradus train digits --out digits.safetensors\n"
          "      gradus predict digits.safetensors digits:0-4 --show\n",
          stream);
}

static int fail_unknown(const char *found)
{
    const char *names[COMMAND_COUNT + 4] = {"--help", "--version", "help"};
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        names[i + 3] = commands[i].name;
    const char *nearest = nearest_name(found, names), *kind = *found == '-' ? "option" : "subcommand";
    if (nearest != NULL)
        return fail(EX_USAGE, "unknown %s %s; did you mean %s?", kind, found, nearest);
    return fail(EX_USAGE, "unknown %s %s; 'gradus --help' lists them", kind, found);
}

static const command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(name, commands[i].name) == 0)
            return &commands[i];
    return NULL;
}

/* gradus help [SUBCOMMAND], or gradus --help. */
static int help(int argc, const char **argv)
{
    if (argc < 2) {
        print_help(stdout);
        return EX_OK;
    }
    if (argc > 2)
        return fail(EX_USAGE, "help: found an argument \"%s\" too many, expected [SUBCOMMAND]", argv[2]);
    const char *arguments[] = {argv[1], "--help", NULL};
    const command *found = find_command(argv[1]);
    return found == NULL ? fail_unknown(argv[1]) : found->run(2, arguments);
}

static int dispatch(int argc, const char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return EX_USAGE;
    }
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return help(argc - 1, argv + 1);
    if (strcmp(argv[1], "--version") == 0) {
        printf("gradus %s\n", gradus_version());
        return EX_OK;
    }
    const command *found = find_command(argv[1]);
    return found == NULL ? fail_unknown(argv[1]) : found->run(argc - 1, argv + 1);
}

/* If the caller has closed a standard stream, the next file that is opened would get its number, and messages would be
 * written to it. So the number is taken by a descriptor on which every access fails. */
static void reserve_standard_streams(void)
{
    for (int descriptor = 0; descriptor <= 2; descriptor++)
        if (fcntl(descriptor, F_GETFD) == -1 && errno == EBADF)
            (void)!open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY);
}

/* Ends as a program that does not ignore SIGPIPE: silently, so that `gradus ... | head` prints no error. */
static void end_without_reader(void)
{
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
}

/* Lost output is a failure even if everything else succeeded: for example, on a full disk. */
static int finish_output(int code)
{
    const bool failed_before = ferror(stdout) != 0;
    errno = 0;
    const bool lost = fflush(stdout) != 0 || failed_before;
    if (lost && errno == EPIPE)
        end_without_reader();
    if (lost && code == EX_OK)
        return fail(EX_IOERR, "standard output: cannot be written: %s", errno == 0 ? "an error" : strerror(errno));
    return code;
}

int main(int argc, char **argv)
{
    reserve_standard_streams();
    setlocale(LC_CTYPE, ""); /* not LC_NUMERIC: numbers keep their decimal point */
    int code = dispatch(argc, (const char **)argv);
    return finish_output(code == HELP_SHOWN ? EX_OK : code);
}
