// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// From argv to one command's run(), and from its GError to an exit status.
#include "cli/command.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/nearest.h"
#include "base/progress.h"
#include "cli/help.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_LOCKED = 3 };

typedef struct {
	StrakeGlobals globals;
	gboolean version;
} TopOptions;

static const StrakeOpt top_opts[] = {
	{'C', "project", STRAKE_OPT_STRING, offsetof(TopOptions, globals.project_dir), "DIR",
		"use the project in DIR instead of the current directory"},
	{0, "store", STRAKE_OPT_STRING, offsetof(TopOptions, globals.store_path), "DIR",
		"content store (default: the user's cache directory)"},
	{0, "offline", STRAKE_OPT_FLAG, offsetof(TopOptions, globals.offline), NULL,
		"never use the network"},
	{'j', "jobs", STRAKE_OPT_INT, offsetof(TopOptions, globals.jobs), "N",
		"work on N things at a time (default: one per core)"},
	{'q', "quiet", STRAKE_OPT_FLAG, offsetof(TopOptions, globals.quiet), NULL,
		"no progress, only results, warnings and errors"},
	{0, "version", STRAKE_OPT_FLAG, offsetof(TopOptions, version), NULL, "print the version"},
	{0},
};

const StrakeOpt *strake_cli_top_opts(void)
{
	return top_opts;
}

static GOptionArg arg_of_kind(StrakeOptKind kind)
{
	switch (kind) {
	case STRAKE_OPT_STRING:
		return G_OPTION_ARG_FILENAME; // any bytes: most are paths
	case STRAKE_OPT_INT:
		return G_OPTION_ARG_INT;
	case STRAKE_OPT_LIST:
		return G_OPTION_ARG_FILENAME_ARRAY;
	default:
		return G_OPTION_ARG_NONE;
	}
}

// Consumes options from *@argv into @into; --help is ours, so GLib's is switched off.
static bool parse_options(const StrakeOpt *opts, void *into, bool strict_posix, gboolean *out_help,
	char ***argv, GError **error)
{
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GArray) entries = g_array_new(TRUE, TRUE, sizeof(GOptionEntry));
	const GOptionEntry help = {.long_name = "help", .short_name = 'h', .arg_data = out_help};

	for (const StrakeOpt *opt = opts; opt != NULL && opt->kind != STRAKE_OPT_END; opt++) {
		const GOptionEntry entry = {
			.long_name = opt->name,
			.short_name = opt->short_name,
			.arg = arg_of_kind(opt->kind),
			.arg_data = (char *)into + opt->offset,
			.arg_description = opt->arg,
		};
		g_array_append_val(entries, entry);
	}
	g_array_append_val(entries, help);
	g_option_context_set_help_enabled(context, FALSE);
	g_option_context_set_strict_posix(context, strict_posix);
	g_option_context_add_main_entries(context, (const GOptionEntry *)entries->data, NULL);
	return g_option_context_parse_strv(context, argv, error);
}

// GLib says which option it does not know; this adds the one that was probably meant.
static char *option_message(const StrakeOpt *opts, const GError *error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	const char *asked = strstr(error->message, "--");
	const char *near;

	if (!g_error_matches(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION) || asked == NULL)
		return g_strdup(error->message);
	for (const StrakeOpt *opt = opts; opt != NULL && opt->kind != STRAKE_OPT_END; opt++)
		g_ptr_array_add(names, (gpointer)opt->name);
	g_ptr_array_add(names, (gpointer) "help");
	g_ptr_array_add(names, NULL);
	near = strake_nearest(asked + 2, (const char *const *)names->pdata);
	if (near == NULL)
		return g_strdup_printf("there is no option '%s'", asked);
	return g_strdup_printf("there is no option '%s'; did you mean '--%s'?", asked, near);
}

static void drop_first(char **argv, int count)
{
	for (int i = 0; i < count && argv[0] != NULL; i++) {
		g_free(argv[1]);
		for (char **at = argv + 1; *at != NULL; at++)
			at[0] = at[1];
	}
}

const StrakeCmd *strake_cli_find(const StrakeCli *cli, char **words, int *out_used)
{
	for (const StrakeCmd *const *cmd = cli->commands; *cmd != NULL; cmd++) {
		g_auto(GStrv) name = g_strsplit((*cmd)->name, " ", 2);
		int n = (int)g_strv_length(name);

		if (words[0] == NULL || strcmp(words[0], name[0]) != 0)
			continue;
		if (n == 2 && (words[1] == NULL || strcmp(words[1], name[1]) != 0))
			continue;
		*out_used = n;
		return *cmd;
	}
	return NULL;
}

static int usage_error(const StrakeCli *cli, const StrakeCmd *cmd, const char *message)
{
	fprintf(stderr, "%s: %s\n", cli->program, message);
	if (cmd != NULL)
		fprintf(stderr, "Try '%s %s --help'.\n", cli->program, cmd->name);
	else
		fprintf(stderr, "Try '%s --help'.\n", cli->program);
	return EXIT_USAGE;
}

static int report(const StrakeCli *cli, const StrakeCmd *cmd, const GError *error)
{
	if (g_error_matches(error, STRAKE_ERROR, STRAKE_ERROR_USAGE))
		return usage_error(cli, cmd, error->message);
	if (!g_error_matches(error, STRAKE_ERROR, STRAKE_ERROR_REPORTED))
		fprintf(stderr, "%s: error: %s\n", cli->program, error->message);
	return g_error_matches(error, STRAKE_ERROR, STRAKE_ERROR_LOCKED) ? EXIT_LOCKED
									 : EXIT_FAILED;
}

static void free_opts(const StrakeOpt *opts, void *values)
{
	for (const StrakeOpt *opt = opts; opt != NULL && opt->kind != STRAKE_OPT_END; opt++) {
		void **slot = (void **)((char *)values + opt->offset);
		if (opt->kind == STRAKE_OPT_STRING)
			g_free(*slot);
		else if (opt->kind == STRAKE_OPT_LIST)
			g_strfreev(*slot);
	}
	g_free(values);
}

// A reader that went away (a pipe into head) has what it wanted: no message for that.
static int flush_output(const StrakeCli *cli)
{
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return EXIT_DONE;
	if (errno != EPIPE)
		fprintf(stderr, "%s: error: cannot write to standard output: %s\n", cli->program,
			g_strerror(errno));
	return EXIT_FAILED;
}

static int run_command(
	const StrakeCli *cli, const StrakeCmd *cmd, const StrakeGlobals *globals, char ***argv)
{
	g_autoptr(GError) error = NULL;
	void *opts = g_malloc0(cmd->opts_size + 1);
	gboolean help = FALSE;
	int status = EXIT_DONE;
	int count;

	if (!parse_options(cmd->opts, opts, false, &help, argv, &error)) {
		g_autofree char *message = option_message(cmd->opts, error);
		status = usage_error(cli, cmd, message);
		goto done;
	}
	if (help) {
		strake_cli_print_command_help(cli, cmd);
		status = flush_output(cli);
		goto done;
	}
	// "--" only ends the options; GLib leaves it in place.
	if ((*argv)[1] != NULL && strcmp((*argv)[1], "--") == 0)
		drop_first(*argv, 1);
	count = (int)g_strv_length(*argv) - 1;
	if (count < cmd->min_args || (cmd->max_args >= 0 && count > cmd->max_args)) {
		g_autofree char *message =
			count < cmd->min_args
				? g_strdup_printf("'%s' needs %s", cmd->name, cmd->args)
				: g_strdup_printf("'%s' has no use for '%s'", cmd->name,
					  (*argv)[cmd->max_args + 1]);
		status = usage_error(cli, cmd, message);
		goto done;
	}
	if (!cmd->run(globals, opts, *argv + 1, &error))
		status = report(cli, cmd, error);
	if (status == EXIT_DONE)
		status = flush_output(cli);
done:
	free_opts(cmd->opts, opts);
	return status;
}

static bool asks_for_help(const char *word)
{
	return word != NULL && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0);
}

static int run_top(const StrakeCli *cli, TopOptions *top, char ***argv)
{
	g_autoptr(GError) error = NULL;
	const StrakeCmd *cmd;
	gboolean help = FALSE;
	int used = 0;

	if (!parse_options(top_opts, top, true, &help, argv, &error)) {
		g_autofree char *message = option_message(top_opts, error);
		return usage_error(cli, NULL, message);
	}
	if (top->globals.jobs < 0)
		return usage_error(cli, NULL, "--jobs: expected 1 or more (0: one per core)");
	if (top->version) {
		printf("%s %s\n", cli->program, cli->version);
		return flush_output(cli);
	}
	if (help || (*argv)[1] == NULL || strcmp((*argv)[1], "help") == 0) {
		int status = strake_cli_help(cli, *argv, help);
		return status == EXIT_DONE ? flush_output(cli) : status;
	}
	strake_progress_set_quiet(top->globals.quiet);
	cmd = strake_cli_find(cli, *argv + 1, &used);
	if (cmd == NULL && asks_for_help((*argv)[2]) && strake_cli_group_help(cli, *argv + 1))
		return flush_output(cli);
	if (cmd == NULL) {
		g_autofree char *message = strake_cli_unknown(cli, *argv + 1);
		return usage_error(cli, NULL, message);
	}
	drop_first(*argv, used);
	return run_command(cli, cmd, &top->globals, argv);
}

int strake_cli_main(const StrakeCli *cli, int argc, char **argv)
{
	TopOptions top = {0};
	char **words = g_strdupv(argv);
	int status;

	setlocale(LC_ALL, "C.UTF-8"); // messages and sorting never depend on the caller's locale
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
	strake_cancel_install();
	status = run_top(cli, &top, &words);
	g_strfreev(words);
	g_free((char *)top.globals.project_dir);
	g_free((char *)top.globals.store_path);
	return status;
}
