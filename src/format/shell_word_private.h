// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Between shell_lexer.c (tokens), shell_word.c (words and quotes) and shell_expansion.c (what a
// dollar sign or a backquote begins): characters, and a word under construction.
#pragma once

#include <string.h>

#include "format/shell_private.h"

static inline unsigned shell_column_of(const ShellLexer *lx, const char *at)
{
	return at < lx->line_start ? 0 : (unsigned)(at - lx->line_start) + 1;
}

static inline int shell_char_at(const ShellLexer *lx, size_t ahead)
{
	return ahead < (size_t)(lx->end - lx->at) ? (unsigned char)lx->at[ahead] : -1;
}

/** Steps over one character that may be a newline. */
static inline void shell_advance(ShellLexer *lx)
{
	if (*lx->at++ == '\n') {
		lx->line++;
		lx->line_start = lx->at;
	}
}

/** Steps over a backslash-newline pair if one is here. */
static inline bool shell_skip_continuation(ShellLexer *lx)
{
	if (shell_char_at(lx, 0) != '\\' || shell_char_at(lx, 1) != '\n')
		return false;
	shell_advance(lx);
	shell_advance(lx);
	return true;
}

static inline bool shell_is_name_start(int c)
{
	return g_ascii_isalpha(c) || c == '_';
}

static inline bool shell_is_name_char(int c)
{
	return g_ascii_isalnum(c) || c == '_';
}

static inline bool shell_is_special_param(int c)
{
	return c > 0 && strchr("@*#?-$!", c) != NULL;
}

typedef enum {
	SHELL_MODE_WORD,     // up to an unquoted blank or operator
	SHELL_MODE_DQUOTE,   // up to the closing double quote
	SHELL_MODE_BRACE,    // operand of ${x-...}: up to }
	SHELL_MODE_BRACE_DQ, // the same inside double quotes
	SHELL_MODE_TEXT,     // here-document or arithmetic: up to the end of the text
} ShellWordMode;

typedef struct {
	ShellLexer *lx;
	ShellWordMode mode;
	StrakeShellPart *first;
	StrakeShellPart *last;
	GString *literal; // collected, not yet a part
	bool literal_quoted;
	bool has_literal; // also for an empty quoted string
} ShellWordBuilder;

/** strake_shell_parse_parts: reads parts up to the mode's end, which is left unread. */
bool strake_shell_parse_parts(
	ShellLexer *lx, ShellWordMode mode, bool pattern, StrakeShellPart **out);
void strake_shell_add_part(ShellWordBuilder *b, StrakeShellPart *part);
/** strake_shell_put_literal: collects text; strake_shell_flush_literal makes a part of it. */
void strake_shell_put_literal(ShellWordBuilder *b, bool quoted, const char *text, size_t size);
void strake_shell_flush_literal(ShellWordBuilder *b);
/** strake_shell_unterminated: sets "WHAT is never closed" and returns false. */
bool strake_shell_unterminated(ShellLexer *lx, unsigned line, unsigned column, const char *what);
bool strake_shell_read_double_quote(ShellWordBuilder *b);
/** strake_shell_read_ansi_quote: $'...': the escapes that bash, dash 0.5.13 and POSIX.1-2024 share.
 */
bool strake_shell_read_ansi_quote(ShellWordBuilder *b);

/** strake_shell_sub_lexer: reads a text of its own: the inside of backquotes, a here-document. */
ShellLexer strake_shell_sub_lexer(ShellLexer *lx, const char *text, size_t size, unsigned line);
/** strake_shell_read_dollar, _read_backticks: at the first character of an expansion. */
bool strake_shell_read_dollar(ShellWordBuilder *b, bool quoted);
bool strake_shell_read_backticks(ShellWordBuilder *b, bool quoted);
/** strake_shell_read_substitution: $( ... ): the commands are read from the same text, up to the
 * closing parenthesis. */
bool strake_shell_read_substitution(ShellWordBuilder *b, bool quoted, StrakeShellPartKind kind);
