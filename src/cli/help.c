// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Help as text, printed from the table.
#include "cli/help.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/nearest.h"

// Columns that help may use: those of the terminal, or 80 where there is none.
static int help_width(void)
{
	enum { NARROWEST = 40, USUAL = 80, WIDEST = 100 };
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 ||
		size.ws_col == 0)
		return USUAL;
	return CLAMP(size.ws_col, NARROWEST, WIDEST);
}

// Where the second column begins: on a narrow terminal it has lines of its own.
static int text_column(void)
{
	return help_width() < 60 ? 8 : 26;
}

// Prints @text wrapped with @indent blanks; the cursor stands at @column.
static void print_wrapped(const char *text, int indent, int column)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);
	int last = help_width() - 1;

	for (char **word = words; *word != NULL; word++) {
		int width = (int)strlen(*word);

		if (column > indent && column + 1 + width > last) {
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

// The second column of a line whose first @column columns are printed.
static void print_second(const char *text, int column)
{
	int start = text_column();

	if (column + 2 > start) {
		putchar('\n'); // a long name has a line of its own
		column = 0;
	}
	printf("%*s", start - column, "");
	print_wrapped(text, start, start);
}

static void print_options(const StrakeOpt *opts)
{
	for (const StrakeOpt *opt = opts; opt != NULL && opt->kind != STRAKE_OPT_END; opt++) {
		char short_part[] = "    ";

		if (opt->short_name != 0)
			memcpy(short_part, (char[]){'-', opt->short_name, ',', ' '}, 4);
		print_second(opt->help,
			printf("  %s--%s%s%s", short_part, opt->name, opt->arg != NULL ? "=" : "",
				opt->arg != NULL ? opt->arg : ""));
	}
}

void strake_cli_print_command_help(const StrakeCli *cli, const StrakeCmd *cmd)
{
	g_autofree char *usage = g_strdup_printf("Usage: %s %s%s%s%s", cli->program, cmd->name,
		cmd->opts != NULL ? " [OPTION...]" : "", cmd->args != NULL ? " " : "",
		cmd->args != NULL ? cmd->args : "");

	print_wrapped(usage, 4, 0);
	putchar('\n');
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

bool strake_cli_in_group(const StrakeCmd *cmd, const char *group)
{
	size_t length = strcspn(cmd->name, " ");

	return strlen(group) == length && strncmp(cmd->name, group, length) == 0;
}

static void print_group(const StrakeCli *cli, const char *group)
{
	for (const StrakeCmd *const *cmd = cli->commands; *cmd != NULL; cmd++)
		if (strake_cli_in_group(*cmd, group))
			print_second((*cmd)->summary, printf("  %s", (*cmd)->name));
}

// Whether an earlier row has the same first word as @cmd.
static bool is_group_begun(const StrakeCli *cli, const StrakeCmd *const *cmd, const char *group)
{
	for (const StrakeCmd *const *before = cli->commands; before < cmd; before++)
		if (strake_cli_in_group(*before, group))
			return true;
	return false;
}

static void print_top_help(const StrakeCli *cli)
{
	printf("Usage: %s [OPTION...] COMMAND [ARGUMENT...]\n\n", cli->program);
	print_wrapped(cli->summary, 0, 0);
	printf("\nCommands:\n");
	for (const StrakeCmd *const *cmd = cli->commands; *cmd != NULL; cmd++) {
		g_autofree char *group = g_strndup((*cmd)->name, strcspn((*cmd)->name, " "));
		if (!is_group_begun(cli, cmd, group))
			print_group(cli, group);
	}
	printf("\nOptions:\n");
	print_options(strake_cli_top_opts());
	printf("\n'%s COMMAND --help' tells more about one command.\n", cli->program);
}

bool strake_cli_group_help(const StrakeCli *cli, char **words)
{
	for (const StrakeCmd *const *cmd = cli->commands; *cmd != NULL; cmd++) {
		if (words[0] == NULL || !strake_cli_in_group(*cmd, words[0]))
			continue;
		printf("Usage: %s %s COMMAND [OPTION...] [ARGUMENT...]\n\nCommands:\n",
			cli->program, words[0]);
		print_group(cli, words[0]);
		printf("\n'%s COMMAND --help' tells more about one command.\n", cli->program);
		return true;
	}
	return false;
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
	if (strcmp(words[0], "--man") == 0)
		return strake_cli_man(cli, words[1]);
	if (strcmp(words[0], "--completion") == 0)
		return strake_cli_completion(cli, words[1]);
	cmd = strake_cli_find(cli, words, &used);
	if (cmd == NULL && strake_cli_group_help(cli, words))
		return 0;
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
	bool has_second = words[1] != NULL && words[1][0] != '-';
	const char *near;

	for (const StrakeCmd *const *cmd = cli->commands; *cmd != NULL; cmd++)
		if (members == NULL || strake_cli_in_group(*cmd, words[0]))
			g_ptr_array_add(names, (gpointer)(*cmd)->name);
	g_ptr_array_add(names, NULL);
	asked = has_second ? g_strjoin(" ", words[0], words[1], NULL) : g_strdup(words[0]);
	near = strake_nearest(asked, (const char *const *)names->pdata);
	if (members != NULL && has_second && near != NULL)
		return g_strdup_printf(
			"'%s' has no command '%s'; did you mean '%s'?", words[0], words[1], near);
	if (members != NULL && has_second)
		return g_strdup_printf("'%s' has no command '%s'; it takes one of: %s", words[0],
			words[1], members);
	if (members != NULL)
		return g_strdup_printf("'%s' takes one of: %s", words[0], members);
	if (near == NULL)
		near = strake_nearest(words[0], (const char *const *)names->pdata);
	if (near == NULL)
		return g_strdup_printf("there is no command '%s'", words[0]);
	return g_strdup_printf("there is no command '%s'; did you mean '%s'?", words[0], near);
}
