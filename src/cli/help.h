// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Everything that is derived from the command table as text.
#pragma once

#include "cli/command.h"

const StrakeOpt *strake_cli_top_opts(void);
/** strake_cli_find: the command that @words begin with; *@out_used: how many words name it. */
const StrakeCmd *strake_cli_find(const StrakeCli *cli, char **words, int *out_used);

/** strake_cli_help: "--help", "help [COMMAND...]", "help --man [GROUP]", "help --completion
 * [SHELL]". */
int strake_cli_help(const StrakeCli *cli, char **argv, bool by_option);
void strake_cli_print_command_help(const StrakeCli *cli, const StrakeCmd *cmd);
/** strake_cli_group_help: prints the commands whose first word is @words[0]; false: there is none.
 */
bool strake_cli_group_help(const StrakeCli *cli, char **words);
/** strake_cli_unknown: the message for a command that does not exist, naming the nearest one. */
char *strake_cli_unknown(const StrakeCli *cli, char **words);

/**
 * strake_cli_man: prints what the table knows of a manual page, as man(7) source.
 * @group: the first word of its commands; NULL: the page of the program with its list of pages.
 * The prose of a page stands in docs/man; docs/man/page.py joins both.
 * Returns the exit status: an unknown group is a usage error, said on standard error.
 */
int strake_cli_man(const StrakeCli *cli, const char *group);
/** strake_cli_completion: prints the completion of @shell: bash (NULL too), zsh or fish. */
int strake_cli_completion(const StrakeCli *cli, const char *shell);
/** strake_cli_in_group: whether @group is the first word of @cmd's name. */
bool strake_cli_in_group(const StrakeCmd *cmd, const char *group);
