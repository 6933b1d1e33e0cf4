// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Manual pages as man(7) source: synopsis, commands and options, all from the table.
#include <stdio.h>
#include <string.h>

#include "cli/help.h"

// Prints @text so that roff reads nothing into it; `words` in backquotes become bold.
static void print_text(const char *text)
{
	bool at_start = true;
	bool bold = false;

	for (const char *at = text; *at != '\0'; at++) {
		if (at_start && (*at == '.' || *at == '\''))
			fputs("\\&", stdout);
		at_start = *at == '\n';
		if (*at == '`') {
			bold = !bold;
			fputs(bold ? "\\fB" : "\\fR", stdout);
		} else if (*at == '\\') {
			fputs("\\e", stdout);
		} else if (*at == '-') {
			fputs("\\-", stdout);
		} else if (*at == '\n') {
			fputs("\n.PP\n", stdout); // the table has one line a paragraph
		} else {
			putchar(*at);
		}
	}
}

// One part of a line, escaped, in font @font ('B', 'I' or 'R').
static void print_in_font(char font, const char *text)
{
	printf("\\f%c", font);
	print_text(text);
	fputs("\\fR", stdout);
}

static void print_options(const StrakeOpt *opts)
{
	for (const StrakeOpt *opt = opts; opt != NULL && opt->kind != STRAKE_OPT_END; opt++) {
		printf(".TP\n");
		if (opt->short_name != 0)
			printf("\\fB\\-%c\\fR, ", opt->short_name);
		printf("\\fB\\-\\-");
		print_in_font('B', opt->name);
		if (opt->arg != NULL) {
			putchar('=');
			print_in_font('I', opt->arg);
		}
		putchar('\n');
		print_text(opt->help);
		putchar('\n');
	}
}

static void print_title(const StrakeCli *cli, const char *group)
{
	g_autofree char *upper = g_ascii_strup(cli->program, -1);
	g_autofree char *upper_group = group != NULL ? g_ascii_strup(group, -1) : NULL;

	printf(".TH %s%s%s 1 \"\" \"%s %s\"\n", upper, group != NULL ? "\\-" : "",
		group != NULL ? upper_group : "", cli->program, cli->version);
}

static void print_exit_status(void)
{
	static const char *const meanings[] = {
		"done", "failed", "wrong usage", "a lock is held by another process"};

	printf(".SH EXIT STATUS\n");
	for (size_t i = 0; i < G_N_ELEMENTS(meanings); i++)
		printf(".TP\n%zu\n%s\n", i, meanings[i]);
}

static void print_command(const StrakeCmd *cmd)
{
	printf(".SS ");
	print_in_font('B', cmd->name);
	if (cmd->args != NULL) {
		putchar(' ');
		print_in_font('I', cmd->args);
	}
	printf("\n%c", g_ascii_toupper(cmd->summary[0]));
	print_text(cmd->summary + 1);
	printf(".\n");
	if (cmd->details != NULL) {
		printf(".PP\n");
		print_text(cmd->details);
		putchar('\n');
	}
	print_options(cmd->opts);
}

static void print_usage(const StrakeCli *cli, const StrakeCmd *cmd)
{
	printf("\\fB%s ", cli->program);
	print_text(cmd->name);
	printf("\\fR%s", cmd->opts != NULL ? " [\\fIOPTION\\fR...]" : "");
	if (cmd->args != NULL) {
		putchar(' ');
		print_in_font('I', cmd->args);
	}
	putchar('\n');
}

// The program's own page: its options, and each command in one line.
static void print_program(const StrakeCli *cli)
{
	print_title(cli, NULL);
	printf(".SH NAME\n%s \\- ", cli->program);
	print_text(cli->summary);
	printf("\n.SH SYNOPSIS\n.B %s\n[\\fIOPTION\\fR...] \\fICOMMAND\\fR [\\fIARGUMENT\\fR...]\n",
		cli->program);
	printf(".SH OPTIONS\nThese stand before the command; those of a command stand after it.\n");
	print_options(strake_cli_top_opts());
	printf(".SH COMMANDS\n");
	for (const StrakeCmd *const *cmd = cli->commands; *cmd != NULL; cmd++) {
		printf(".TP\n");
		print_in_font('B', (*cmd)->name);
		putchar('\n');
		print_text((*cmd)->summary);
		putchar('\n');
	}
	print_exit_status();
}

static void print_group(const StrakeCli *cli, const char *group)
{
	const char *separator = "";

	print_title(cli, group);
	printf(".SH SYNOPSIS\n");
	for (const StrakeCmd *const *cmd = cli->commands; *cmd != NULL; cmd++) {
		if (!strake_cli_in_group(*cmd, group))
			continue;
		fputs(separator, stdout);
		separator = ".br\n";
		print_usage(cli, *cmd);
	}
	printf(".SH COMMANDS\n");
	for (const StrakeCmd *const *cmd = cli->commands; *cmd != NULL; cmd++)
		if (strake_cli_in_group(*cmd, group))
			print_command(*cmd);
	print_exit_status();
}

int strake_cli_man(const StrakeCli *cli, const char *group)
{
	if (group == NULL) {
		print_program(cli);
		return 0;
	}
	for (const StrakeCmd *const *cmd = cli->commands; *cmd != NULL; cmd++) {
		if (!strake_cli_in_group(*cmd, group))
			continue;
		print_group(cli, group);
		return 0;
	}
	char *words[] = {(char *)group, NULL};
	g_autofree char *message = strake_cli_unknown(cli, words);
	fprintf(stderr, "%s: %s\n", cli->program, message);
	return 2;
}
