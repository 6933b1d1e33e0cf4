// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Help, man page skeleton and bash completion, all printed from the table.
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "base/nearest.h"

// Prints @text wrapped to 80 columns with @indent blanks; the cursor stands at @column.
static void print_wrapped(const char *text, int indent, int column)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);

	for (char **word = words; *word != NULL; word++) {
		int width = (int)strlen(*word);

		if (column > indent && column + 1 + width > 79) {
			printf("\n%*s", indent, "");
			column = indent;
		} else if (column > indent) {
			putchar(' ');
			column++;
		}
		fputs(*word, stdout);
		column += width;
	}
	putchar('\n');
}

static void print_options(const StrakeOpt *opts)
{
	enum { HELP_COLUMN = 26 };

	for (const StrakeOpt *opt = opts; opt != NULL && opt->kind != STRAKE_OPT_END; opt++) {
		char short_part[] = "    ";
		int column;

		if (opt->short_name != 0)
			memcpy(short_part, (char[]){'-', opt->short_name, ',', ' '}, 4);
		column = printf("  %s--%s%s%s", short_part, opt->name, opt->arg != NULL ? "=" : "",
			opt->arg != NULL ? opt->arg : "");
		if (column >= HELP_COLUMN) {
			putchar('\n');
			column = 0;
		}
		column += printf("%*s", HELP_COLUMN - column, "");
		print_wrapped(opt->help, HELP_COLUMN, column);
	}
}

void strake_cli_print_command_help(const StrakeCli *cli, const StrakeCmd *cmd)
{
	printf("Usage: %s %s%s%s%s\n\n", cli->program, cmd->name,
		cmd->opts != NULL ? " [OPTION...]" : "", cmd->args != NULL ? " " : "",
		cmd->args != NULL ? cmd->args : "");
	print_wrapped(cmd->summary, 0, 0);
	if (cmd->details != NULL) {
		g_auto(GStrv) paragraphs = g_strsplit(cmd->details, "\n", -1);
		putchar('\n');
		for (char **line = paragraphs; *line != NULL; line++)
			print_wrapped(*line, 0, 0);
	}
	if (cmd->opts != NULL) {
		printf("\nOptions:\n");
		print_options(cmd->opts);
	}
}

static void print_top_help(const StrakeCli *cli)
{
	enum { SUMMARY_COLUMN = 26 };

	printf("Usage: %s [OPTION...] COMMAND [ARGUMENT...]\n\n", cli->program);
	print_wrapped(cli->summary, 0, 0);
	printf("\nCommands:\n");
	for (const StrakeCmd *const *cmd = cli->commands; *cmd != NULL; cmd++) {
		int column = printf("  %s", (*cmd)->name);

		if (column + 2 > SUMMARY_COLUMN)
			column = printf("\n") - 1; // a long name has a line of its own
		column += printf("%*s", SUMMARY_COLUMN - column, "");
		print_wrapped((*cmd)->summary, SUMMARY_COLUMN, column);
	}
	printf("\nOptions:\n");
	print_options(strake_cli_top_opts());
	printf("\n'%s COMMAND --help' tells more about one command.\n", cli->program);
}

static void man_options(const StrakeOpt *opts)
{
	for (const StrakeOpt *opt = opts; opt != NULL && opt->kind != STRAKE_OPT_END; opt++) {
		printf(".TP\n\\fB");
		if (opt->short_name != 0)
			printf("\\-%c\\fR, \\fB", opt->short_name);
		printf("\\-\\-%s\\fR", opt->name);
		if (opt->arg != NULL)
			printf("=\\fI%s\\fR", opt->arg);
		printf("\n%s\n", opt->help);
	}
}

static void print_man(const StrakeCli *cli)
{
	g_autofree char *upper = g_ascii_strup(cli->program, -1);

	printf(".TH %s 1 \"\" \"%s %s\"\n.SH NAME\n%s \\- %s\n", upper, cli->program, cli->version,
		cli->program, cli->summary);
	printf(".SH SYNOPSIS\n.B %s\n[\\fIOPTION\\fR...] \\fICOMMAND\\fR [\\fIARGUMENT\\fR...]\n",
		cli->program);
	printf(".SH OPTIONS\n");
	man_options(strake_cli_top_opts());
	printf(".SH COMMANDS\n");
	for (const StrakeCmd *const *cmd = cli->commands; *cmd != NULL; cmd++) {
		printf(".SS %s%s%s\n%s.\n", (*cmd)->name, (*cmd)->args != NULL ? " " : "",
			(*cmd)->args != NULL ? (*cmd)->args : "", (*cmd)->summary);
		if ((*cmd)->details != NULL)
			printf(".PP\n%s\n", (*cmd)->details);
		man_options((*cmd)->opts);
	}
	printf(".SH EXIT STATUS\n0 done, 1 failed, 2 wrong usage, 3 lock held by another "
	       "process.\n");
}

static void print_completion(const StrakeCli *cli)
{
	printf("# bash completion for %s\n_%s() {\n", cli->program, cli->program);
	printf("\tlocal cur=${COMP_WORDS[COMP_CWORD]} line=\"${COMP_WORDS[*]:1}\" words=\"\"\n");
	printf("\tcase \"$line\" in\n");
	for (const StrakeCmd *const *cmd = cli->commands; *cmd != NULL; cmd++) {
		printf("\t\"%s \"*) words=\"", (*cmd)->name);
		for (const StrakeOpt *o = (*cmd)->opts; o != NULL && o->kind != STRAKE_OPT_END; o++)
			printf("--%s ", o->name);
		printf("--help\" ;;\n");
	}
	printf("\t*) words=\"");
	for (const StrakeCmd *const *cmd = cli->commands; *cmd != NULL; cmd++)
		printf("%s ", (*cmd)->name);
	printf("\" ;;\n\tesac\n");
	printf("\tmapfile -t COMPREPLY < <(compgen -f -W \"$words\" -- \"$cur\")\n}\n");
	printf("complete -F _%s %s\n", cli->program, cli->program);
}

int strake_cli_help(const StrakeCli *cli, char **argv, bool by_option)
{
	bool by_word = argv[1] != NULL && strcmp(argv[1], "help") == 0;
	char **words = argv + (by_word ? 2 : 1);
	const StrakeCmd *cmd;
	int used;

	if (words[0] == NULL) {
		print_top_help(cli);
		return by_word || by_option ? 0 : 2;
	}
	if (strcmp(words[0], "--man") == 0) {
		print_man(cli);
		return 0;
	}
	if (strcmp(words[0], "--completion") == 0) {
		print_completion(cli);
		return 0;
	}
	cmd = strake_cli_find(cli, words, &used);
	if (cmd == NULL) {
		g_autofree char *message = strake_cli_unknown(cli, words);
		fprintf(stderr, "%s: %s\n", cli->program, message);
		return 2;
	}
	strake_cli_print_command_help(cli, cmd);
	return 0;
}

// "component" alone names a group: say which commands it has instead of guessing one.
static char *members_of_group(const StrakeCli *cli, const char *word)
{
	g_autoptr(GString) members = g_string_new(NULL);
	g_autofree char *prefix = g_strconcat(word, " ", NULL);

	for (const StrakeCmd *const *cmd = cli->commands; *cmd != NULL; cmd++)
		if (g_str_has_prefix((*cmd)->name, prefix))
			g_string_append_printf(members, "%s%s", members->len > 0 ? ", " : "",
				(*cmd)->name + strlen(prefix));
	return members->len > 0 ? g_string_free(g_steal_pointer(&members), FALSE) : NULL;
}

char *strake_cli_unknown(const StrakeCli *cli, char **words)
{
	g_autofree char *members = members_of_group(cli, words[0]);
	g_autofree char *asked = NULL;
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	const char *near;

	if (members != NULL)
		return g_strdup_printf("'%s' takes one of: %s", words[0], members);
	for (const StrakeCmd *const *cmd = cli->commands; *cmd != NULL; cmd++)
		g_ptr_array_add(names, (gpointer)(*cmd)->name);
	g_ptr_array_add(names, NULL);
	asked = words[1] != NULL && words[1][0] != '-' ? g_strjoin(" ", words[0], words[1], NULL)
						       : g_strdup(words[0]);
	near = strake_nearest(asked, (const char *const *)names->pdata);
	if (near == NULL)
		near = strake_nearest(words[0], (const char *const *)names->pdata);
	if (near == NULL)
		return g_strdup_printf("there is no command '%s'", words[0]);
	return g_strdup_printf("there is no command '%s'; did you mean '%s'?", words[0], near);
}
