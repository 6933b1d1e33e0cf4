// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The shell parser: errors and results exclude each other, and every node's source lies in a text.
#include <stdint.h>
#include <string.h>

#include "format/shell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t walk(const StrakeShellNode *node);

static size_t walk_word(const StrakeShellWord *word)
{
	size_t sum = 0;

	for (; word != NULL; word = word->next) {
		for (const StrakeShellPart *part = word->parts; part != NULL; part = part->next) {
			sum += part->text != NULL ? strlen(part->text) : 0;
			sum += walk_word(part->word) + walk(part->body);
		}
		for (size_t i = 0; i < word->source_size; i++)
			sum += (unsigned char)word->source[i];
	}
	return sum;
}

/** Touches all that a caller may touch, so that a sanitizer sees it. */
static size_t walk(const StrakeShellNode *node)
{
	size_t sum = 0;

	for (; node != NULL; node = node->next) {
		g_assert_cmpuint(node->line, >, 0);
		g_assert_cmpuint(node->last_line, >=, node->line);
		sum += walk_word(node->words) + walk(node->children) + walk(node->condition);
		sum += walk(node->body) + walk(node->else_body);
		for (const StrakeShellAssign *a = node->assigns; a != NULL; a = a->next)
			sum += walk_word(a->value) + strlen(a->name);
		for (const StrakeShellRedirect *r = node->redirects; r != NULL; r = r->next)
			sum += walk_word(r->target);
		for (const StrakeShellClause *c = node->clauses; c != NULL; c = c->next)
			sum += walk_word(c->patterns) + walk(c->condition) + walk(c->body);
		sum += node->source_size > 0 ? (unsigned char)node->source[0] : 0;
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeShell) shell = strake_shell_parse((const char *)data, size, "fuzz", &error);
	g_autofree char *interpreter = strake_shell_interpreter((const char *)data, size);

	g_assert_true((shell != NULL) == (error == NULL));
	g_assert_nonnull(interpreter);
	if (shell != NULL)
		walk(strake_shell_root(shell));
	return 0;
}
