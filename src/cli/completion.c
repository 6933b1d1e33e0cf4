// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Shell completion, printed from the table: commands word by word, then their options and files.
#include <stdio.h>
#include <string.h>

#include "cli/help.h"

enum { WORDS_MAX = 2 }; // of a command's name

static void print_option_words(const StrakeOpt *opts)
{
	for (const StrakeOpt *opt = opts; opt != NULL && opt->kind != STRAKE_OPT_END; opt++)
		printf("--%s%s ", opt->name, opt->arg != NULL ? "=" : "");
	printf("--help");
}

// The first words of all commands, or the second words of those in @group, each once.
static GPtrArray *next_words(const StrakeCli *cli, const char *group)
{
	GPtrArray *words = g_ptr_array_new_with_free_func(g_free);

	for (const StrakeCmd *const *cmd = cli->commands; *cmd != NULL; cmd++) {
		g_auto(GStrv) name = g_strsplit((*cmd)->name, " ", WORDS_MAX);
		const char *word = group == NULL ? name[0] : name[1];
		if (group != NULL && strcmp(name[0], group) != 0)
			continue;
		if (word != NULL &&
			!g_ptr_array_find_with_equal_func(words, word, g_str_equal, NULL))
			g_ptr_array_add(words, g_strdup(word));
	}
	return words;
}

static void print_words(GPtrArray *words)
{
	for (guint i = 0; i < words->len; i++)
		printf("%s%s", i > 0 ? " " : "", (const char *)words->pdata[i]);
}

// The options with a value that stand before the command: what follows them is no command.
static void print_valued_top_options(const char *separator)
{
	const char *before = "";

	for (const StrakeOpt *opt = strake_cli_top_opts(); opt->kind != STRAKE_OPT_END; opt++) {
		if (opt->arg == NULL)
			continue;
		printf("%s--%s", before, opt->name);
		before = separator;
		if (opt->short_name != 0)
			printf("%s-%c", separator, opt->short_name);
	}
}

static void print_bash_cases(const StrakeCli *cli)
{
	g_autoptr(GPtrArray) top = next_words(cli, NULL);

	printf("\t'') words='");
	print_words(top);
	printf(" help ");
	print_option_words(strake_cli_top_opts());
	printf("' files= ;;\n");
	for (guint i = 0; i < top->len; i++) {
		g_autoptr(GPtrArray) second = next_words(cli, top->pdata[i]);
		if (second->len == 0)
			continue;
		printf("\t%s) words='", (const char *)top->pdata[i]);
		print_words(second);
		printf("' files= ;;\n");
	}
	for (const StrakeCmd *const *cmd = cli->commands; *cmd != NULL; cmd++) {
		printf("\t'%s') words='", (*cmd)->name);
		print_option_words((*cmd)->opts);
		printf("' ;;\n");
	}
}

static void print_bash(const StrakeCli *cli)
{
	const char *name = cli->program;

	printf("# bash completion for %s, printed by '%s help --completion bash'\n", name, name);
	printf("_%s() {\n", name);
	printf("\tlocal cur=${COMP_WORDS[COMP_CWORD]} word command= words= files=-f skip= i\n");
	printf("\tfor ((i = 1; i < COMP_CWORD; i++)); do\n\t\tword=${COMP_WORDS[i]}\n");
	printf("\t\tif [[ -n $skip ]]; then skip=; continue; fi\n");
	printf("\t\t[[ $word == = ]] && { skip=1; continue; }\n\t\tcase $word in\n\t\t");
	print_valued_top_options("|");
	printf(")\n\t\t\t[[ -z $command && ${COMP_WORDS[i + 1]} != = ]] && skip=1 ;;\n");
	printf("\t\t-*) ;;\n");
	printf("\t\t*) [[ $command == *' '* ]] || command=${command:+$command }$word ;;\n");
	printf("\t\tesac\n\tdone\n");
	// The value of an option: a file name, until somebody needs more.
	printf("\tif [[ -n $skip || $cur == = ]]; then\n\t\tcur=${cur#=} command=-\n\tfi\n");
	printf("\tcase $command in\n");
	print_bash_cases(cli);
	printf("\tesac\n");
	printf("\tmapfile -t COMPREPLY < <(compgen $files -W \"$words\" -- \"$cur\")\n");
	printf("\t[[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n");
	printf("}\ncomplete -o filenames -F _%s %s\n", name, name);
}

// @text in single quotes for a shell; @also: characters that get a backslash besides.
static void print_quoted(const char *text, const char *also)
{
	putchar('\'');
	for (const char *at = text; *at != '\0'; at++) {
		if (*at == '\'')
			fputs("'\\''", stdout);
		else if (strchr(also, *at) != NULL)
			printf("\\%c", *at);
		else
			putchar(*at);
	}
	putchar('\'');
}

static void print_zsh_options(const StrakeOpt *opts)
{
	for (const StrakeOpt *opt = opts; opt != NULL && opt->kind != STRAKE_OPT_END; opt++) {
		g_autofree char *text = g_strdup_printf("%s--%s%s[%s]%s%s%s",
			opt->kind == STRAKE_OPT_LIST ? "*" : "", opt->name,
			opt->arg != NULL ? "=" : "", "%s", opt->arg != NULL ? ":" : "",
			opt->arg != NULL ? opt->arg : "", opt->arg != NULL ? ":_files" : "");
		char *hole = strstr(text, "%s");
		*hole = '\0';
		printf(" \\\n\t\t\t");
		print_quoted(text, "");
		print_quoted(opt->help, "[]:\\");
		print_quoted(hole + 2, "");
	}
	printf(" \\\n\t\t\t'--help[show help]'");
}

static void print_zsh(const StrakeCli *cli)
{
	g_autoptr(GPtrArray) top = next_words(cli, NULL);
	const char *name = cli->program;

	printf("#compdef %s\n# zsh completion, printed by '%s help --completion zsh'\n", name,
		name);
	printf("_%s() {\n\tlocal state line command\n", name);
	printf("\t_arguments -C");
	print_zsh_options(strake_cli_top_opts());
	printf(" \\\n\t\t\t'1:command:->first' '*::argument:->rest'\n");
	printf("\tcase $state in\n\tfirst) compadd -- ");
	print_words(top);
	printf(" help ;;\n\trest)\n\t\tcommand=$line[1]\n\t\tcase $command in\n");
	for (guint i = 0; i < top->len; i++) {
		g_autoptr(GPtrArray) second = next_words(cli, top->pdata[i]);
		if (second->len == 0)
			continue;
		printf("\t\t%s)\n\t\t\tif ((CURRENT == 2)); then\n\t\t\t\tcompadd -- ",
			(const char *)top->pdata[i]);
		print_words(second);
		printf("\n\t\t\t\treturn\n\t\t\tfi\n\t\t\tcommand+=\" $words[2]\"\n");
		printf("\t\t\tshift words\n\t\t\t((CURRENT--)) ;;\n");
	}
	printf("\t\tesac\n\t\tcase $command in\n");
	for (const StrakeCmd *const *cmd = cli->commands; *cmd != NULL; cmd++) {
		printf("\t\t'%s') _arguments", (*cmd)->name);
		print_zsh_options((*cmd)->opts);
		printf(" \\\n\t\t\t'*:file:_files' ;;\n");
	}
	printf("\t\tesac ;;\n\tesac\n}\n_%s \"$@\"\n", name);
}

static void print_fish_options(const char *program, const char *condition, const StrakeOpt *opts)
{
	for (const StrakeOpt *opt = opts; opt != NULL && opt->kind != STRAKE_OPT_END; opt++) {
		printf("complete -c %s -n %s -l %s", program, condition, opt->name);
		if (opt->short_name != 0)
			printf(" -s %c", opt->short_name);
		printf("%s -d ", opt->arg != NULL ? " -r" : "");
		print_quoted(opt->help, "\\");
		putchar('\n');
	}
}

static void print_fish(const StrakeCli *cli)
{
	const char *name = cli->program;

	printf("# fish completion for %s, printed by '%s help --completion fish'\n", name, name);
	print_fish_options(name, "__fish_use_subcommand", strake_cli_top_opts());
	for (const StrakeCmd *const *cmd = cli->commands; *cmd != NULL; cmd++) {
		g_auto(GStrv) words = g_strsplit((*cmd)->name, " ", WORDS_MAX);
		g_autoptr(GString) seen = g_string_new("'__fish_seen_subcommand_from ");
		g_string_append(seen, words[0]);
		if (words[1] == NULL) {
			printf("complete -c %s -n __fish_use_subcommand -a %s -d ", name, words[0]);
		} else {
			g_autoptr(GPtrArray) second = next_words(cli, words[0]);
			printf("complete -c %s -n __fish_use_subcommand -f -a %s\n", name,
				words[0]);
			printf("complete -c %s -f -n '__fish_seen_subcommand_from %s; and not "
			       "__fish_seen_subcommand_from ",
				name, words[0]);
			print_words(second);
			printf("' -a %s -d ", words[1]);
			g_string_append_printf(
				seen, "; and __fish_seen_subcommand_from %s", words[1]);
		}
		print_quoted((*cmd)->summary, "\\");
		putchar('\n');
		g_string_append_c(seen, '\'');
		print_fish_options(name, seen->str, (*cmd)->opts);
	}
}

int strake_cli_completion(const StrakeCli *cli, const char *shell)
{
	static const struct {
		const char *name;
		void (*print)(const StrakeCli *cli);
	} shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};

	for (size_t i = 0; i < G_N_ELEMENTS(shells); i++) {
		if (strcmp(shell != NULL ? shell : "bash", shells[i].name) != 0)
			continue;
		shells[i].print(cli);
		return 0;
	}
	fprintf(stderr, "%s: no completion for '%s'; there is bash, zsh and fish\n", cli->program,
		shell);
	return 2;
}
