// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Everything that is derived from the command table as text.
#pragma once

#include "cli/command.h"

const StrakeOpt *strake_cli_top_opts(void);
/** strake_cli_find: the command that @words begin with; *@out_used: how many words name it. */
const StrakeCmd *strake_cli_find(const StrakeCli *cli, char **words, int *out_used);

/** strake_cli_help: "--help", "help [COMMAND...]", "help --man", "help --completion bash". */
int strake_cli_help(const StrakeCli *cli, char **argv, bool by_option);
void strake_cli_print_command_help(const StrakeCli *cli, const StrakeCmd *cmd);
/** strake_cli_unknown: the message for a command that does not exist, naming the nearest one. */
char *strake_cli_unknown(const StrakeCli *cli, char **words);
