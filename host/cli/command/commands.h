/* SPDX-License-Identifier: Apache-2.0 */
/* The subcommands, one file each. A subcommand gets argv from its own name on, prints its results, and returns an exit
 * code. */
#ifndef GRADUS_CLI_COMMANDS_H
#define GRADUS_CLI_COMMANDS_H

int cmd_train(int argc, const char **argv);
int cmd_evaluate(int argc, const char **argv);
int cmd_predict(int argc, const char **argv);
int cmd_inspect(int argc, const char **argv);
int cmd_export(int argc, const char **argv);
int cmd_import(int argc, const char **argv);
int cmd_devices(int argc, const char **argv);
int cmd_bench(int argc, const char **argv);
int cmd_check(int argc, const char **argv);
int cmd_tune(int argc, const char **argv);

#endif
