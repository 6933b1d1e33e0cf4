// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Words: quotes, backslashes, and the parts that they and expansions make.
#include "format/shell_word_private.h"

void strake_shell_add_part(ShellWordBuilder *b, StrakeShellPart *part)
{
	if (b->last == NULL)
		b->first = part;
	else
		b->last->next = part;
	b->last = part;
	while (b->last->next != NULL)
		b->last = b->last->next;
}

void strake_shell_flush_literal(ShellWordBuilder *b)
{
	StrakeShellPart *part;

	if (!b->has_literal)
		return;
	part = strake_shell_alloc(b->lx->shell, sizeof(*part));
	part->kind = STRAKE_SHELL_LITERAL;
	part->quoted = b->literal_quoted;
	part->text = strake_shell_copy(b->lx->shell, b->literal->str, b->literal->len);
	g_string_truncate(b->literal, 0);
	b->has_literal = false;
	strake_shell_add_part(b, part);
}

void strake_shell_put_literal(ShellWordBuilder *b, bool quoted, const char *text, size_t size)
{
	if (b->has_literal && b->literal_quoted != quoted)
		strake_shell_flush_literal(b);
	b->has_literal = true;
	b->literal_quoted = quoted;
	g_string_append_len(b->literal, text, (gssize)size);
}

bool strake_shell_unterminated(ShellLexer *lx, unsigned line, unsigned column, const char *what)
{
	return strake_shell_fail(
		lx, STRAKE_ERROR_INVALID, line, column, "%s is never closed", what);
}

static bool read_single_quote(ShellWordBuilder *b)
{
	ShellLexer *lx = b->lx;
	unsigned line = lx->line, column = shell_column_of(lx, lx->at);
	const char *start;

	lx->at++;
	start = lx->at;
	while (lx->at < lx->end && *lx->at != '\'')
		shell_advance(lx);
	if (lx->at == lx->end)
		return strake_shell_unterminated(lx, line, column, "the single quote opened here");
	strake_shell_put_literal(b, true, start, (size_t)(lx->at - start));
	lx->at++;
	return true;
}

bool strake_shell_read_ansi_quote(ShellWordBuilder *b)
{
	static const char from[] = "abefnrtv\\'\"?";
	static const char to[] = "\a\b\033\f\n\r\t\v\\'\"?";
	ShellLexer *lx = b->lx;
	unsigned line = lx->line, column = shell_column_of(lx, lx->at);

	lx->at += 2;
	strake_shell_put_literal(b, true, "", 0);
	while (lx->at < lx->end && *lx->at != '\'') {
		const char *known;
		unsigned value = 0, digits = 0;

		if (*lx->at != '\\' || shell_char_at(lx, 1) < 0) {
			strake_shell_put_literal(b, true, lx->at, 1);
			shell_advance(lx);
			continue;
		}
		known = strchr(from, lx->at[1]);
		if (known != NULL) {
			strake_shell_put_literal(b, true, &to[known - from], 1);
			lx->at += 2;
			continue;
		}
		if (lx->at[1] == 'x') {
			for (lx->at += 2; digits < 2 && g_ascii_isxdigit(shell_char_at(lx, 0));
				digits++, lx->at++)
				value = value * 16 + (unsigned)g_ascii_xdigit_value(*lx->at);
		} else if (lx->at[1] >= '0' && lx->at[1] <= '7') {
			for (lx->at += 1; digits < 3 && shell_char_at(lx, 0) >= '0' &&
					  shell_char_at(lx, 0) <= '7';
				digits++, lx->at++)
				value = value * 8 + (unsigned)(*lx->at - '0');
		} else {
			strake_shell_put_literal(b, true, lx->at, 1);
			shell_advance(lx);
			continue;
		}
		if (value != 0) {
			char byte = (char)value;
			strake_shell_put_literal(b, true, &byte, 1);
		}
	}
	if (lx->at == lx->end)
		return strake_shell_unterminated(lx, line, column, "the quote $' opened here");
	lx->at++;
	return true;
}

bool strake_shell_read_double_quote(ShellWordBuilder *b)
{
	ShellLexer *lx = b->lx;
	unsigned line = lx->line, column = shell_column_of(lx, lx->at);
	StrakeShellPart *parts = NULL;

	lx->at++;
	if (!strake_shell_deeper(lx) ||
		!strake_shell_parse_parts(lx, SHELL_MODE_DQUOTE, false, &parts))
		return false;
	lx->depth--;
	if (lx->at == lx->end)
		return strake_shell_unterminated(lx, line, column, "the double quote opened here");
	lx->at++;
	if (parts == NULL) {
		strake_shell_put_literal(b, true, "", 0);
		return true;
	}
	strake_shell_flush_literal(b);
	strake_shell_add_part(b, parts);
	return true;
}

static bool read_backslash(ShellWordBuilder *b, bool quoted)
{
	ShellLexer *lx = b->lx;
	int next = shell_char_at(lx, 1);

	if (shell_skip_continuation(lx))
		return true;
	if (next < 0) {
		strake_shell_put_literal(b, true, lx->at++, 1);
		return true;
	}
	if (quoted && next != '$' && next != '`' && next != '\\' &&
		!(next == '"' && b->mode != SHELL_MODE_TEXT) &&
		!(next == '}' && b->mode == SHELL_MODE_BRACE_DQ)) {
		strake_shell_put_literal(b, true, lx->at++, 1); // the backslash is itself
		return true;
	}
	lx->at++;
	strake_shell_put_literal(b, true, lx->at, 1);
	shell_advance(lx);
	return true;
}

/** bash's name=( ... ): the words are read and dropped, the part says unsupported. */
static bool read_array(ShellWordBuilder *b)
{
	ShellLexer *lx = b->lx;
	const char *start = lx->at;
	unsigned line = lx->line, column = shell_column_of(lx, lx->at);
	StrakeShellPart *part;
	ShellToken saved = lx->token;
	bool had = lx->have_token;

	if (!strake_shell_deeper(lx))
		return false;
	lx->at++;
	lx->have_token = false;
	for (;;) {
		const ShellToken *token = strake_shell_peek(lx);

		if (token == NULL)
			return false;
		if (token->kind == SHELL_TOKEN_END)
			return strake_shell_unterminated(lx, line, column, "the array opened here");
		if (token->kind == SHELL_TOKEN_OPERATOR && strcmp(token->text, ")") == 0)
			break;
		strake_shell_take(lx);
	}
	lx->depth--;
	lx->token = saved;
	lx->have_token = had;
	strake_shell_flush_literal(b);
	part = strake_shell_alloc(lx->shell, sizeof(*part));
	part->kind = STRAKE_SHELL_PART_UNSUPPORTED;
	part->text = strake_shell_copy(lx->shell, start, (size_t)(lx->at - start));
	strake_shell_add_part(b, part);
	return true;
}

static bool at_array(const ShellWordBuilder *b)
{
	const char *text = b->literal->str;
	size_t size = b->literal->len;

	if (b->first != NULL || !b->has_literal || b->literal_quoted || size < 2 ||
		text[size - 1] != '=' || !shell_is_name_start(text[0]))
		return false;
	for (size_t i = 1; i + 1 < size; i++)
		if (!shell_is_name_char(text[i]) && !(i + 2 == size && text[i] == '+'))
			return false;
	return true;
}

/** One unquoted or quoted character that needs no special treatment, or the end of the word. */
static bool word_ends(const ShellWordBuilder *b, int c)
{
	switch (b->mode) {
	case SHELL_MODE_WORD:
		return strchr(" \t\n;&|<>()", c) != NULL && !(c == '(' && at_array(b));
	case SHELL_MODE_DQUOTE:
		return c == '"';
	case SHELL_MODE_BRACE:
	case SHELL_MODE_BRACE_DQ:
		return c == '}';
	default:
		return false;
	}
}

static bool read_piece(ShellWordBuilder *b, bool pattern)
{
	ShellLexer *lx = b->lx;
	bool quoted = b->mode == SHELL_MODE_DQUOTE || b->mode == SHELL_MODE_BRACE_DQ ||
		      b->mode == SHELL_MODE_TEXT;

	switch (*lx->at) {
	case '\\':
		return read_backslash(b, quoted);
	case '$':
		return strake_shell_read_dollar(b, quoted);
	case '`':
		return strake_shell_read_backticks(b, quoted);
	case '\'':
		if (b->mode == SHELL_MODE_WORD || b->mode == SHELL_MODE_BRACE || pattern)
			return read_single_quote(b);
		break;
	case '"':
		if (b->mode != SHELL_MODE_TEXT && b->mode != SHELL_MODE_DQUOTE)
			return strake_shell_read_double_quote(b);
		break;
	case '(':
		if (b->mode == SHELL_MODE_WORD)
			return read_array(b);
		break;
	default:
		break;
	}
	strake_shell_put_literal(b, quoted, lx->at, 1);
	shell_advance(lx);
	return true;
}

bool strake_shell_parse_parts(
	ShellLexer *lx, ShellWordMode mode, bool pattern, StrakeShellPart **out)
{
	ShellWordBuilder b = {.lx = lx, .mode = mode, .literal = g_string_new(NULL)};
	bool ok = strake_shell_deeper(lx);

	while (ok && lx->at < lx->end && !word_ends(&b, (unsigned char)*lx->at))
		ok = read_piece(&b, pattern);
	if (ok)
		lx->depth--;
	strake_shell_flush_literal(&b);
	g_string_free(b.literal, TRUE);
	*out = b.first;
	return ok;
}
