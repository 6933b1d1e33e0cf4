// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Between shell_lexer.c (characters to tokens) and shell_parse.c (tokens to commands).
#pragma once

#include "base/error.h"
#include "format/shell.h"

typedef struct ShellChunk ShellChunk;

struct StrakeShell {
	ShellChunk *chunks; // newest first
	char *name;
	char *text; // the parser's own copy; all main-text sources point into it
	size_t size;
	GArray *comments; // StrakeShellComment
	StrakeShellNode *root;
};

typedef enum {
	SHELL_TOKEN_END,
	SHELL_TOKEN_NEWLINE,
	SHELL_TOKEN_WORD,
	SHELL_TOKEN_OPERATOR, // @text: "&&", ";;", "(" ...
	SHELL_TOKEN_REDIRECT, // @text: "<", ">>", "<<-" ...; @fd
} ShellTokenKind;

typedef struct {
	ShellTokenKind kind;
	const char *text;      // operators: a static string
	StrakeShellWord *word; // WORD
	const char *plain;     // WORD that is one unquoted literal: its text
	int fd;                // REDIRECT: -1 default
	unsigned line;
	unsigned column;
	const char *start;
	const char *end;
} ShellToken;

/** A here-document whose body begins after the next newline. */
typedef struct ShellPending ShellPending;
struct ShellPending {
	ShellPending *next;
	StrakeShellRedirect *redirect;
	const char *delimiter;
	bool strip_tabs;
};

/** One text being read: the script, or the inside of backticks, a here-document, arithmetic. */
typedef struct {
	StrakeShell *shell;
	const char *begin;
	const char *at;
	const char *end;
	const char *line_start;
	unsigned line;
	unsigned depth;
	bool main_text;
	bool have_token;
	ShellToken token;     // lookahead
	const char *last_end; // end of the token taken last
	unsigned last_line;
	ShellPending *pending; // in order
	GError **error;
} ShellLexer;

void *strake_shell_alloc(StrakeShell *shell, size_t size);
const char *strake_shell_copy(StrakeShell *shell, const char *text, size_t size);

/** shell_fail: sets "name:line:column: message" and returns false. */
bool strake_shell_fail(ShellLexer *lx, StrakeErrorCode code, unsigned line, unsigned column,
	const char *format, ...) G_GNUC_PRINTF(5, 6);
bool strake_shell_deeper(ShellLexer *lx);

/** The lookahead token, kept until taken; NULL on error. */
const ShellToken *strake_shell_peek(ShellLexer *lx);
void strake_shell_take(ShellLexer *lx);
/** strake_shell_raw_arith: for "((" as a command: skips to the matching "))" when there is one
 * and returns true; @at must be at the first parenthesis and no token looked ahead. */
bool strake_shell_skip_arith(ShellLexer *lx, const char **out_text, size_t *out_size);

/** Parses a list up to (not including) the closing operator; in shell_parse.c. */
StrakeShellNode *strake_shell_parse_list(ShellLexer *lx);
