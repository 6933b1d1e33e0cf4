// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The shell parser: each row is a text and its tree as an S-expression, or an error's position.
#include <string.h>

#include "base/error.h"
#include "format/shell.h"

// -- trees as text

static void dump_node(GString *out, const StrakeShellNode *node);

static void dump_word(GString *out, const StrakeShellWord *word)
{
	static const char *const ops[] = {"", "#", "-", "=", "?", "+", "#", "##", "%", "%%", "!"};

	if (word->parts == NULL)
		g_string_append(out, "''");
	for (const StrakeShellPart *p = word->parts; p != NULL; p = p->next) {
		const char *quote = p->quoted ? "\"" : "";

		switch (p->kind) {
		case STRAKE_SHELL_LITERAL:
			g_string_append_printf(out, "%s%s%s", quote, p->text, quote);
			break;
		case STRAKE_SHELL_PARAM:
			g_string_append_printf(out, "%s<%s%s%s", quote,
				p->op == STRAKE_SHELL_OP_LENGTH ? "len " : "", p->text,
				p->colon ? ":" : "");
			if (p->op != STRAKE_SHELL_OP_LENGTH)
				g_string_append(out, ops[p->op]);
			if (p->word != NULL)
				dump_word(out, p->word);
			g_string_append_printf(out, ">%s", quote);
			break;
		case STRAKE_SHELL_COMMAND:
			g_string_append_printf(out, "%s$", quote);
			dump_node(out, p->body);
			g_string_append(out, quote);
			break;
		case STRAKE_SHELL_ARITH:
			g_string_append(out, "$((");
			dump_word(out, p->word);
			g_string_append(out, "))");
			break;
		default:
			g_string_append_printf(out, "?%s?", p->text);
			break;
		}
	}
}

static void dump_words(GString *out, const StrakeShellWord *word)
{
	for (; word != NULL; word = word->next) {
		g_string_append_c(out, ' ');
		dump_word(out, word);
	}
}

static void dump_redirects(GString *out, const StrakeShellRedirect *r)
{
	static const char *const kinds[] = {
		"<", ">", ">|", ">>", "<>", "<&", ">&", "<<", "<<<", "&>"};

	for (; r != NULL; r = r->next) {
		g_string_append_c(out, ' ');
		if (r->fd >= 0)
			g_string_append_printf(out, "%d", r->fd);
		g_string_append(out, kinds[r->kind]);
		dump_word(out, r->target);
	}
}

static void dump_children(GString *out, const StrakeShellNode *node)
{
	for (; node != NULL; node = node->next) {
		static const char *const connectors[] = {"", " &&", " ||"};

		g_string_append(out, connectors[node->connector]);
		g_string_append_c(out, ' ');
		dump_node(out, node);
	}
}

static void dump_clauses(GString *out, const StrakeShellClause *c)
{
	for (; c != NULL; c = c->next) {
		g_string_append(out, " [");
		if (c->condition != NULL)
			dump_node(out, c->condition);
		dump_words(out, c->patterns);
		g_string_append(out, ": ");
		dump_node(out, c->body);
		g_string_append(out, c->terminator == '&' ? " ;&]" : "]");
	}
}

static void dump_node(GString *out, const StrakeShellNode *node)
{
	static const char *const names[] = {"", "seq", "list", "pipe", "if", "for", "while",
		"until", "case", "group", "sub", "func", "unsupported"};

	if (node->kind == STRAKE_SHELL_SEQUENCE && node->children != NULL &&
		node->children->next == NULL) {
		dump_node(out, node->children);
		return;
	}
	g_string_append_printf(out, "%s(%s", node->negated ? "!" : "", names[node->kind]);
	if (node->name != NULL)
		g_string_append_printf(out, " %s", node->name);
	for (const StrakeShellAssign *a = node->assigns; a != NULL; a = a->next) {
		g_string_append_printf(out, " %s%s=", a->name, a->append ? "+" : "");
		dump_word(out, a->value);
	}
	dump_words(out, node->words);
	dump_children(out, node->children);
	dump_clauses(out, node->clauses);
	if (node->condition != NULL)
		dump_children(out, node->condition);
	if (node->body != NULL)
		dump_children(out, node->body);
	if (node->else_body != NULL) {
		g_string_append(out, " else");
		dump_children(out, node->else_body);
	}
	dump_redirects(out, node->redirects);
	g_string_append_printf(out, ")%s", node->background ? "&" : "");
}

static const struct {
	const char *text;
	const char *tree;
} trees[] = {
	{"", "(seq)"},
	{"# only a comment", "(seq)"},
	{"echo a b", "( echo a b)"},
	{"echo a\\\n  b", "( echo a b)"},
	{"echo 'a b' \"c d\" e\\ f", "( echo \"a b\" \"c d\" e\" \"f)"},
	{"echo '' \"\"", "( echo \"\" \"\")"},
	{"echo a#b #c", "( echo a#b)"},
	{"a; b & c", "(seq ( a) ( b)& ( c))"},
	{"a && b || ! c", "(list ( a) && ( b) || !( c))"},
	{"a &&\n\n# why\nb", "(list ( a) && ( b))"},
	{"! a | b |\n c", "!(pipe ( a) ( b) ( c))"},
	{"x=1 y= z=\"$a\" cmd v=2", "( x=1 y='' z=\"<a>\" cmd v=2)"},
	{"x+=1", "( x+=1)"},
	{"1x=2 a", "( 1x=2 a)"},
	{"echo $a ${b} \"$c\" $1 $10 ${10} $@ $# $$ $",
		"( echo <a> <b> \"<c>\" <1> <1>0 <10> <@> <#> <$> $)"},
	{"echo ${a:-b c} ${a-\"x y\"} ${a:=1} ${a:+$b} ${a?m}",
		"( echo <a:-b c> <a-\"x y\"> <a:=1> <a:+<b>> <a?m>)"},
	{"echo ${#a} ${#} ${a#*/} ${a##\"$b\"*} ${a%.*} ${a%%'}'}",
		"( echo <len a> <#> <a#*/> <a##\"<b>\"*> <a%.*> <a%%\"}\">)"},
	{"echo \"${a:-it's \"q\"}\"", "( echo \"<a:-\"it's \"\"q\">\")"},
	{"echo ${a//b/c} ${!a} ${a:1:2} ${a[0]}", "( echo <a!> <!!> <a!> <a!>)"},
	{"echo $(a; b) `c \\`d\\`` \"$(e \"f\")\"",
		"( echo $(seq ( a) ( b)) $( c $( d)) \"$( e \"f\")\")"},
	{"echo $((1 + (2 * $x))) $( (a) )", "( echo $((\"1 + (2 * \"\"<x>\"\")\")) $(sub ( a)))"},
	{"echo $((a) | b)", "( echo $(pipe (sub ( a)) ( b)))"},
	{"echo $'a\\tb\\x41\\101\\'' $\"t\"", "( echo \"a\tbAA'\" \"t\")"},
	{"a >x 2>&1 <y >>z 3<>w >|v <&- &>q", "( a >x 2>&1 <y >>z 3<>w >|v <&- &>q)"},
	{"a >x b", "( a b >x)"},
	{">x", "( >x)"},
	{"cat <<E\na $b\n\\$c `d`\nE\nf",
		"(seq ( cat <<\"a \"\"<b>\"\"\n$c \"\"$( d)\"\"\n\") ( f))"},
	{"cat <<'E' <<-F\n$a\nE\n\tb\n\tF\n", "( cat <<\"$a\n\" <<\"b\n\")"},
	{"if a <<E; then b; fi\nx\nE\n", "(if [( a <<\"x\n\"): ( b)])"},
	{"x=$(cat <<E\na)b\nE\n)", "( x=$( cat <<\"a)b\n\"))"},
	{"if a; then b; elif c; then d; else e; fi >f",
		"(if [( a): ( b)] [( c): ( d)] else ( e) >f)"},
	{"for i in 1 \"2 3\"; do a; done", "(for i 1 \"2 3\" ( a))"},
	{"for i\ndo a; done", "(for i ( a))"},
	{"for in in in; do a; done", "(for in in ( a))"},
	{"while a; do b; done | c", "(pipe (while ( a) ( b)) ( c))"},
	{"until a\ndo b\ndone", "(until ( a) ( b))"},
	{"case \"$1\" in a|b*) x;; (c) ;; *) y; esac",
		"(case \"<1>\" [ a b*: ( x)] [ c: (seq)] [ *: ( y)])"},
	{"case x in esac", "(case x)"},
	{"case x in a) b;& c) d;; esac", "(case x [ a: ( b) ;&] [ c: ( d)])"},
	{"{ a; b; } >x", "(group (seq ( a) ( b)) >x)"},
	{"(a) && { (b) }", "(list (sub ( a)) && (group (sub ( b))))"},
	{"f() { a; }\ng () (b)", "(seq (func f (group ( a))) (func g (sub ( b))))"},
	{"echo if then fi { }", "( echo if then fi { })"},
	{"[ -n \"$x\" ] && [[ $x == (a|b) ]]", "(list ( [ -n \"<x>\" ]) && (unsupported [[))"},
	{"((i++)); a=(1 2); for ((;;)); do b; done; diff <(a) -",
		"(seq (unsupported (() ( a=?(1 2)?) (unsupported for (( ( b)) ( diff ?<(a)? -))"},
	{"function f { a; }; select x in 1; do b; done",
		"(seq (func f (group ( a))) (unsupported select 1 ( b)))"},
};

static void test_trees(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(trees); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(StrakeShell) shell =
			strake_shell_parse(trees[i].text, strlen(trees[i].text), "row", &error);
		g_autoptr(GString) tree = g_string_new(NULL);

		g_test_message("%s", trees[i].text);
		g_assert_no_error(error);
		dump_node(tree, strake_shell_root(shell));
		g_assert_cmpstr(tree->str, ==, trees[i].tree);
	}
}

static const struct {
	const char *text;
	const char *message;
} errors[] = {
	{"echo 'a", "row:1:6: the single quote opened here is never closed"},
	{"a\n  \"b\n", "row:2:3: the double quote opened here is never closed"},
	{"echo $(a", "row:1:6: the substitution opened here is never closed"},
	{"echo ${a", "row:1:6: the ${ opened here is never closed"},
	{"echo `a", "row:1:6: the backtick opened here is never closed"},
	{"cat <<E\nx\n", "row:1: the here-document's end 'E' is missing"},
	{"cat <<E", "row:1: the here-document's end 'E' is missing"},
	{"if a; then b", "row:1:13: found the end of the text, expected 'fi'"},
	{"if a; then fi", "row:1:12: found 'fi', expected a command after 'then'"},
	{"if a\nfi", "row:2:1: found 'fi', expected 'then'"},
	{"a && ;", "row:1:6: found ';', expected a command"},
	{"a | | b", "row:1:5: found '|', expected a command"},
	{"fi", "row:1:1: found 'fi', expected a command"},
	{"a )", "row:1:3: found ')', expected a command"},
	{"f( a", "row:1:4: found 'a', expected ')' of a function definition"},
	{"case x in a b) c;; esac", "row:1:13: found 'b', expected ')' after the pattern"},
	{"for 'a' in b; do c; done", "row:1:5: found ''a'', expected the variable of 'for'"},
	{"a >", "row:1:4: found the end of the text, expected a file name after the redirection"},
	{"a >\nb",
		"row:1:4: found the end of the line, expected a file name after the redirection"},
	{";; a", "row:1:1: found ';;', expected a command"},
};

static void test_errors(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(errors); i++) {
		g_autoptr(GError) error = NULL;

		g_test_message("%s", errors[i].text);
		g_assert_null(
			strake_shell_parse(errors[i].text, strlen(errors[i].text), "row", &error));
		g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
		g_assert_cmpstr(error->message, ==, errors[i].message);
	}
}

static void test_limits(void)
{
	static const char *const pieces[] = {
		"(", "{ ", "$(", "${a:-", "if ", "\"$(", "f() ", "`\\`"};

	for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
		g_autoptr(GString) text = g_string_new("echo ");
		g_autoptr(GError) error = NULL;

		if (pieces[i][0] != '$' && pieces[i][0] != '"' && pieces[i][0] != '`')
			g_string_truncate(text, 0);
		for (int n = 0; n < 100000; n++)
			g_string_append(text, pieces[i]);
		g_test_message("%s", pieces[i]);
		g_assert_null(strake_shell_parse(text->str, text->len, "deep", &error));
		g_assert_nonnull(error);
	}
	g_autofree char *large = g_strnfill(STRAKE_SHELL_MAX_BYTES + 1, 'a');
	g_autoptr(GError) error = NULL;
	g_assert_null(strake_shell_parse(large, STRAKE_SHELL_MAX_BYTES + 1, "large", &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_LIMIT);
	g_clear_error(&error);
	g_assert_null(strake_shell_parse("a\0b", 3, "nul", &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
}

/** Long but flat texts are fine: no recursion over their length. */
static void test_long(void)
{
	static const char *const pieces[] = {
		"a\n", "a && ", "a | ", "elif a; then b\n", "x=1 ", "'q' ", "a;", "b) c;;\n"};

	for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
		g_autoptr(GString) text = g_string_new(NULL);
		g_autoptr(StrakeShell) shell = NULL;
		bool is_elif = pieces[i][0] == 'e', is_case = strchr(pieces[i], ')') != NULL;

		g_string_append(text, is_elif ? "if a; then b\n" : is_case ? "case a in\n" : "");
		for (int n = 0; n < 50000; n++)
			g_string_append(text, pieces[i]);
		g_string_append(text, is_elif ? "fi" : is_case ? "esac" : "end");
		shell = strake_shell_parse(text->str, text->len, "long", NULL);
		g_test_message("%s", pieces[i]);
		g_assert_nonnull(shell);
	}
}

static void test_positions(void)
{
	static const char text[] = "#!/bin/sh\n\nif a; then\n\tb c \\\n\t  d # note\nfi # end\n";
	g_autoptr(StrakeShell) shell = strake_shell_parse(text, strlen(text), "p", NULL);
	const StrakeShellNode *node = strake_shell_root(shell)->children;
	const StrakeShellNode *command = node->clauses->body->children;
	const StrakeShellComment *comments;
	size_t count;

	g_assert_cmpuint(node->line, ==, 3);
	g_assert_cmpuint(node->last_line, ==, 6);
	g_assert_cmpuint(command->line, ==, 4);
	g_assert_cmpuint(command->column, ==, 2);
	g_assert_cmpuint(command->last_line, ==, 5);
	g_assert_cmpmem(command->source, command->source_size, "b c \\\n\t  d", 10);
	comments = strake_shell_comments(shell, &count);
	g_assert_cmpuint(count, ==, 3);
	g_assert_true(comments[0].alone);
	g_assert_false(comments[1].alone);
	g_assert_cmpuint(comments[2].line, ==, 6);
	g_assert_cmpmem(text + comments[2].start, comments[2].size, "# end", 5);
}

static void test_interpreter(void)
{
	static const struct {
		const char *text;
		const char *name;
	} rows[] = {
		{"#!/bin/sh\n", "sh"},
		{"#! /bin/bash -e\n", "bash"},
		{"#!/usr/bin/env perl\n", "perl"},
		{"#!/usr/bin/env -S x y\n", "x"},
		{"#!/usr/bin/python3", "python3"},
		{"#!\n", ""},
		{"echo\n", ""},
		{"", ""},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *name =
			strake_shell_interpreter(rows[i].text, strlen(rows[i].text));

		g_assert_cmpstr(name, ==, rows[i].name);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/shell/trees", test_trees);
	g_test_add_func("/shell/errors", test_errors);
	g_test_add_func("/shell/limits", test_limits);
	g_test_add_func("/shell/long", test_long);
	g_test_add_func("/shell/positions", test_positions);
	g_test_add_func("/shell/interpreter", test_interpreter);
	return g_test_run();
}
