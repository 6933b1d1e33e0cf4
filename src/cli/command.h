// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The command table: one row of data a command. The rows are the only source of the command list,
// --help, shell completion and the man page skeleton.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef enum {
	STRAKE_OPT_END,
	STRAKE_OPT_FLAG,   // gboolean
	STRAKE_OPT_STRING, // char *
	STRAKE_OPT_INT,    // int
	STRAKE_OPT_LIST,   // char **, may be repeated
} StrakeOptKind;

/** One option; @offset is its place in the command's options struct. */
typedef struct {
	char short_name; // 0: none
	const char *name;
	StrakeOptKind kind;
	size_t offset;
	const char *arg; // placeholder shown in help, NULL for flags
	const char *help;
} StrakeOpt;

/** What every command gets: the options that stand before the command's name. */
typedef struct {
	const char *project_dir; // -C: where the search for the project starts; NULL: cwd
	const char *store_path;  // --store; NULL: the user's cache
	gboolean offline;        // --offline: never use the network
	gboolean quiet;          // -q
	int jobs;                // -j; 0: one per core
} StrakeGlobals;

/**
 * A command's body. @opts: its zeroed and filled options struct; @args: NULL-terminated
 * positional arguments. Results go to standard output. Returning false needs @error set; use
 * STRAKE_ERROR_REPORTED when the output itself already says what failed.
 */
typedef bool (*StrakeCmdRun)(
	const StrakeGlobals *globals, const void *opts, char **args, GError **error);

typedef struct {
	const char *name;    // one or two words: "config check"
	const char *args;    // "NAME..." or NULL
	const char *summary; // one line, lower case, no full stop
	const char *details; // paragraph for --help and the man page, or NULL
	int min_args;
	int max_args;          // -1: any number
	const StrakeOpt *opts; // ends with { 0 }; NULL: none
	size_t opts_size;
	StrakeCmdRun run;
} StrakeCmd;

typedef struct {
	const char *program;
	const char *summary;
	const char *version;
	const StrakeCmd *const *commands; // NULL-terminated
} StrakeCli;

/** strake_cli_main: parses, runs one command, prints its error; returns the exit status:
 * 0 done, 1 failed, 2 usage, 3 lock held by another process. */
int strake_cli_main(const StrakeCli *cli, int argc, char **argv);
