// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Characters to tokens: quoting, expansions, operators, comments and here-documents. The grammar
// of commands is in shell_parse.c; substitutions call back into it.
#include "format/shell_private.h"

#include <string.h>

struct ShellChunk {
	ShellChunk *next;
	size_t used;
	size_t size;
	char data[];
};

enum { CHUNK_BYTES = 16 << 10, ARITH_SCAN_BYTES = 64 << 10 };

void *strake_shell_alloc(StrakeShell *shell, size_t size)
{
	ShellChunk *chunk = shell->chunks;
	void *out;

	size = (size + 15) & ~(size_t)15;
	if (chunk == NULL || size > chunk->size - chunk->used) {
		size_t room = MAX(size, (size_t)CHUNK_BYTES);

		chunk = g_malloc0(sizeof(*chunk) + room);
		chunk->size = room;
		chunk->next = shell->chunks;
		shell->chunks = chunk;
	}
	out = chunk->data + chunk->used;
	chunk->used += size;
	return out;
}

const char *strake_shell_copy(StrakeShell *shell, const char *text, size_t size)
{
	char *out = strake_shell_alloc(shell, size + 1);

	memcpy(out, text, size);
	return out;
}

void strake_shell_free(StrakeShell *shell)
{
	if (shell == NULL)
		return;
	while (shell->chunks != NULL) {
		ShellChunk *next = shell->chunks->next;

		g_free(shell->chunks);
		shell->chunks = next;
	}
	g_array_unref(shell->comments);
	g_free(shell->name);
	g_free(shell->text);
	g_free(shell);
}

bool strake_shell_fail(ShellLexer *lx, StrakeErrorCode code, unsigned line, unsigned column,
	const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list args;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	if (lx->error != NULL && *lx->error != NULL)
		return false; // the first error is the useful one
	return strake_error_at(lx->error, code,
		(StrakeOrigin){.file = lx->shell->name, .line = line, .column = column}, "%s",
		message);
}

bool strake_shell_deeper(ShellLexer *lx)
{
	if (++lx->depth <= STRAKE_SHELL_MAX_DEPTH)
		return true;
	return strake_shell_fail(lx, STRAKE_ERROR_LIMIT, lx->line, 0,
		"commands and expansions are nested more than %d deep", STRAKE_SHELL_MAX_DEPTH);
}

// -- characters

static unsigned column_of(const ShellLexer *lx, const char *at)
{
	return at < lx->line_start ? 0 : (unsigned)(at - lx->line_start) + 1;
}

static int char_at(const ShellLexer *lx, size_t ahead)
{
	return ahead < (size_t)(lx->end - lx->at) ? (unsigned char)lx->at[ahead] : -1;
}

/** Steps over one character that may be a newline. */
static void advance(ShellLexer *lx)
{
	if (*lx->at++ == '\n') {
		lx->line++;
		lx->line_start = lx->at;
	}
}

/** Steps over a backslash-newline pair if one is here. */
static bool skip_continuation(ShellLexer *lx)
{
	if (char_at(lx, 0) != '\\' || char_at(lx, 1) != '\n')
		return false;
	advance(lx);
	advance(lx);
	return true;
}

static bool is_name_start(int c)
{
	return g_ascii_isalpha(c) || c == '_';
}

static bool is_name_char(int c)
{
	return g_ascii_isalnum(c) || c == '_';
}

static bool is_special_param(int c)
{
	return c > 0 && strchr("@*#?-$!", c) != NULL;
}

// -- building words

typedef enum {
	MODE_WORD,     // up to an unquoted blank or operator
	MODE_DQUOTE,   // up to the closing double quote
	MODE_BRACE,    // operand of ${x-...}: up to }
	MODE_BRACE_DQ, // the same inside double quotes
	MODE_TEXT,     // here-document or arithmetic: up to the end of the text
} WordMode;

typedef struct {
	ShellLexer *lx;
	WordMode mode;
	StrakeShellPart *first;
	StrakeShellPart *last;
	GString *literal; // collected, not yet a part
	bool literal_quoted;
	bool has_literal; // also for an empty quoted string
} WordBuilder;

static bool parse_parts(ShellLexer *lx, WordMode mode, bool pattern, StrakeShellPart **out);

static void add_part(WordBuilder *b, StrakeShellPart *part)
{
	if (b->last == NULL)
		b->first = part;
	else
		b->last->next = part;
	b->last = part;
	while (b->last->next != NULL)
		b->last = b->last->next;
}

static void flush_literal(WordBuilder *b)
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
	add_part(b, part);
}

static void put_literal(WordBuilder *b, bool quoted, const char *text, size_t size)
{
	if (b->has_literal && b->literal_quoted != quoted)
		flush_literal(b);
	b->has_literal = true;
	b->literal_quoted = quoted;
	g_string_append_len(b->literal, text, (gssize)size);
}

static bool unterminated(ShellLexer *lx, unsigned line, unsigned column, const char *what)
{
	return strake_shell_fail(
		lx, STRAKE_ERROR_INVALID, line, column, "%s is never closed", what);
}

static bool read_single_quote(WordBuilder *b)
{
	ShellLexer *lx = b->lx;
	unsigned line = lx->line, column = column_of(lx, lx->at);
	const char *start;

	lx->at++;
	start = lx->at;
	while (lx->at < lx->end && *lx->at != '\'')
		advance(lx);
	if (lx->at == lx->end)
		return unterminated(lx, line, column, "the single quote opened here");
	put_literal(b, true, start, (size_t)(lx->at - start));
	lx->at++;
	return true;
}

/** $'...': the escapes that bash, dash 0.5.13 and POSIX.1-2024 share. */
static bool read_ansi_quote(WordBuilder *b)
{
	static const char from[] = "abefnrtv\\'\"?";
	static const char to[] = "\a\b\033\f\n\r\t\v\\'\"?";
	ShellLexer *lx = b->lx;
	unsigned line = lx->line, column = column_of(lx, lx->at);

	lx->at += 2;
	put_literal(b, true, "", 0);
	while (lx->at < lx->end && *lx->at != '\'') {
		const char *known;
		unsigned value = 0, digits = 0;

		if (*lx->at != '\\' || char_at(lx, 1) < 0) {
			put_literal(b, true, lx->at, 1);
			advance(lx);
			continue;
		}
		known = strchr(from, lx->at[1]);
		if (known != NULL) {
			put_literal(b, true, &to[known - from], 1);
			lx->at += 2;
			continue;
		}
		if (lx->at[1] == 'x') {
			for (lx->at += 2; digits < 2 && g_ascii_isxdigit(char_at(lx, 0));
				digits++, lx->at++)
				value = value * 16 + (unsigned)g_ascii_xdigit_value(*lx->at);
		} else if (lx->at[1] >= '0' && lx->at[1] <= '7') {
			for (lx->at += 1;
				digits < 3 && char_at(lx, 0) >= '0' && char_at(lx, 0) <= '7';
				digits++, lx->at++)
				value = value * 8 + (unsigned)(*lx->at - '0');
		} else {
			put_literal(b, true, lx->at, 1);
			advance(lx);
			continue;
		}
		if (value != 0) {
			char byte = (char)value;
			put_literal(b, true, &byte, 1);
		}
	}
	if (lx->at == lx->end)
		return unterminated(lx, line, column, "the quote $' opened here");
	lx->at++;
	return true;
}

static bool read_double_quote(WordBuilder *b)
{
	ShellLexer *lx = b->lx;
	unsigned line = lx->line, column = column_of(lx, lx->at);
	StrakeShellPart *parts = NULL;

	lx->at++;
	if (!strake_shell_deeper(lx) || !parse_parts(lx, MODE_DQUOTE, false, &parts))
		return false;
	lx->depth--;
	if (lx->at == lx->end)
		return unterminated(lx, line, column, "the double quote opened here");
	lx->at++;
	if (parts == NULL) {
		put_literal(b, true, "", 0);
		return true;
	}
	flush_literal(b);
	add_part(b, parts);
	return true;
}

static ShellLexer sub_lexer(ShellLexer *lx, const char *text, size_t size, unsigned line)
{
	return (ShellLexer){.shell = lx->shell,
		.begin = text,
		.at = text,
		.end = text + size,
		.line_start = text,
		.line = line,
		.last_line = line,
		.last_end = text,
		.depth = lx->depth,
		.error = lx->error};
}

/** The commands of a text of its own; it must be read to its end. */
static StrakeShellNode *parse_sub_text(ShellLexer *lx, const char *text, size_t size, unsigned line)
{
	ShellLexer sub = sub_lexer(lx, text, size, line);
	StrakeShellNode *body = strake_shell_parse_list(&sub);
	const ShellToken *token = body != NULL ? strake_shell_peek(&sub) : NULL;

	if (token == NULL)
		return NULL;
	if (token->kind != SHELL_TOKEN_END) {
		strake_shell_fail(lx, STRAKE_ERROR_INVALID, token->line, token->column,
			"unexpected '%s' inside backticks", token->text ? token->text : "word");
		return NULL;
	}
	if (sub.pending != NULL) {
		strake_shell_fail(lx, STRAKE_ERROR_INVALID, line, 0,
			"a here-document inside backticks has no body");
		return NULL;
	}
	return body;
}

static bool read_backticks(WordBuilder *b, bool quoted)
{
	ShellLexer *lx = b->lx;
	unsigned line = lx->line, column = column_of(lx, lx->at);
	g_autoptr(GString) text = g_string_new(NULL);
	StrakeShellPart *part;

	lx->at++;
	while (lx->at < lx->end && *lx->at != '`') {
		int next = char_at(lx, 1);

		if (*lx->at == '\\' &&
			(next == '`' || next == '\\' || next == '$' || (quoted && next == '"')))
			lx->at++;
		g_string_append_c(text, *lx->at);
		advance(lx);
	}
	if (lx->at == lx->end)
		return unterminated(lx, line, column, "the backtick opened here");
	lx->at++;
	flush_literal(b);
	part = strake_shell_alloc(lx->shell, sizeof(*part));
	part->kind = STRAKE_SHELL_COMMAND;
	part->quoted = quoted;
	if (!strake_shell_deeper(lx))
		return false;
	part->body = parse_sub_text(
		lx, strake_shell_copy(lx->shell, text->str, text->len), text->len, line);
	lx->depth--;
	if (part->body == NULL)
		return false;
	add_part(b, part);
	return true;
}

/** Finds the "))" that closes an arithmetic text that begins at @at (after its "(("). */
static const char *find_arith_end(const ShellLexer *lx, const char *at)
{
	const char *limit = MIN(lx->end - at, ARITH_SCAN_BYTES) + at;
	unsigned open = 0;

	for (; at < limit; at++) {
		if (*at == '\\' && at + 1 < limit)
			at++;
		else if (*at == '(')
			open++;
		else if (*at == ')' && open > 0)
			open--;
		else if (*at == ')')
			return at + 1 < limit && at[1] == ')' ? at : NULL;
	}
	return NULL;
}

bool strake_shell_skip_arith(ShellLexer *lx, const char **out_text, size_t *out_size)
{
	const char *end;

	if (char_at(lx, 0) != '(' || char_at(lx, 1) != '(')
		return false;
	end = find_arith_end(lx, lx->at + 2);
	if (end == NULL)
		return false;
	*out_text = lx->at + 2;
	*out_size = (size_t)(end - lx->at) - 2;
	while (lx->at < end + 2)
		advance(lx);
	return true;
}

static bool read_arith(WordBuilder *b, bool quoted, const char *end)
{
	ShellLexer *lx = b->lx;
	ShellLexer sub = sub_lexer(lx, lx->at + 3, (size_t)(end - lx->at) - 3, lx->line);
	StrakeShellPart *part = strake_shell_alloc(lx->shell, sizeof(*part));

	flush_literal(b);
	part->kind = STRAKE_SHELL_ARITH;
	part->quoted = quoted;
	part->word = strake_shell_alloc(lx->shell, sizeof(*part->word));
	part->word->line = lx->line;
	part->word->column = column_of(lx, lx->at);
	part->word->source = sub.begin;
	part->word->source_size = (size_t)(sub.end - sub.begin);
	if (!strake_shell_deeper(&sub) || !parse_parts(&sub, MODE_TEXT, false, &part->word->parts))
		return false;
	while (lx->at < end + 2)
		advance(lx);
	add_part(b, part);
	return true;
}

/** $( ... ): the commands are read from the same text, up to the closing parenthesis. */
static bool read_substitution(WordBuilder *b, bool quoted, StrakeShellPartKind kind)
{
	ShellLexer *lx = b->lx;
	unsigned line = lx->line, column = column_of(lx, lx->at);
	const char *start = lx->at;
	StrakeShellPart *part = strake_shell_alloc(lx->shell, sizeof(*part));
	ShellToken saved = lx->token;
	bool had = lx->have_token;
	const char *last_end = lx->last_end;
	unsigned last_line = lx->last_line;
	const ShellToken *token;

	flush_literal(b);
	part->kind = kind;
	part->quoted = quoted;
	lx->at += 2;
	lx->have_token = false;
	if (!strake_shell_deeper(lx))
		return false;
	part->body = strake_shell_parse_list(lx);
	token = part->body != NULL ? strake_shell_peek(lx) : NULL;
	if (token == NULL)
		return false;
	if (token->kind == SHELL_TOKEN_END)
		return unterminated(lx, line, column, "the substitution opened here");
	if (token->kind != SHELL_TOKEN_OPERATOR || strcmp(token->text, ")") != 0)
		return strake_shell_fail(lx, STRAKE_ERROR_INVALID, token->line, token->column,
			"unexpected '%s' in a substitution that began in line %u",
			token->text != NULL ? token->text : "word", line);
	lx->depth--;
	if (kind == STRAKE_SHELL_PART_UNSUPPORTED)
		part->text = strake_shell_copy(lx->shell, start, (size_t)(lx->at - start));
	lx->token = saved;
	lx->have_token = had;
	lx->last_end = last_end;
	lx->last_line = last_line;
	add_part(b, part);
	return true;
}

/** Skips to the } that closes a form of ${} that we do not split up. */
static bool skip_brace(ShellLexer *lx, StrakeShellPart *part, unsigned line, unsigned column)
{
	StrakeShellPart *ignored = NULL;

	part->op = STRAKE_SHELL_OP_UNSUPPORTED;
	if (!parse_parts(lx, MODE_BRACE, true, &ignored))
		return false;
	if (lx->at == lx->end)
		return unterminated(lx, line, column, "the ${ opened here");
	lx->at++;
	return true;
}

static const struct {
	char name[4];
	StrakeShellOp op;
} expansion_ops[] = {
	{"-", STRAKE_SHELL_OP_DEFAULT},
	{"=", STRAKE_SHELL_OP_ASSIGN},
	{"?", STRAKE_SHELL_OP_ERROR},
	{"+", STRAKE_SHELL_OP_ALTERNATE},
	{"##", STRAKE_SHELL_OP_PREFIX_LONG},
	{"#", STRAKE_SHELL_OP_PREFIX},
	{"%%", STRAKE_SHELL_OP_SUFFIX_LONG},
	{"%", STRAKE_SHELL_OP_SUFFIX},
};

/** The operator after the name in ${name...; false when it is none that POSIX has. */
static bool read_expansion_op(ShellLexer *lx, StrakeShellPart *part)
{
	size_t colon = char_at(lx, 0) == ':' ? 1 : 0;

	for (size_t i = 0; i < G_N_ELEMENTS(expansion_ops); i++) {
		size_t size = strlen(expansion_ops[i].name);

		if (colon + size > (size_t)(lx->end - lx->at) ||
			memcmp(lx->at + colon, expansion_ops[i].name, size) != 0)
			continue;
		if (colon && expansion_ops[i].op >= STRAKE_SHELL_OP_PREFIX)
			return false;
		part->op = expansion_ops[i].op;
		part->colon = colon != 0;
		lx->at += colon + size;
		return true;
	}
	return false;
}

/** The parameter's name after "${" or "$"; false when there is none. */
static bool read_param_name(ShellLexer *lx, StrakeShellPart *part, bool braced)
{
	const char *start = lx->at;

	if (is_name_start(char_at(lx, 0)))
		while (is_name_char(char_at(lx, 0)))
			lx->at++;
	else if (braced && g_ascii_isdigit(char_at(lx, 0)))
		while (g_ascii_isdigit(char_at(lx, 0)))
			lx->at++;
	else if (g_ascii_isdigit(char_at(lx, 0)) || is_special_param(char_at(lx, 0)))
		lx->at++;
	else
		return false;
	part->text = strake_shell_copy(lx->shell, start, (size_t)(lx->at - start));
	return true;
}

static bool read_braced_param(WordBuilder *b, bool quoted)
{
	ShellLexer *lx = b->lx;
	unsigned line = lx->line, column = column_of(lx, lx->at);
	StrakeShellPart *part = strake_shell_alloc(lx->shell, sizeof(*part));
	bool in_quotes = b->mode == MODE_DQUOTE || b->mode == MODE_BRACE_DQ || b->mode == MODE_TEXT;
	bool pattern;

	flush_literal(b);
	part->kind = STRAKE_SHELL_PARAM;
	part->quoted = quoted;
	part->text = "";
	add_part(b, part);
	lx->at += 2;
	if (!strake_shell_deeper(lx))
		return false;
	lx->depth--; // nesting through the operand is counted by parse_parts
	if (char_at(lx, 0) == '#' && char_at(lx, 1) != '}' &&
		(is_name_char(char_at(lx, 1)) ||
			(is_special_param(char_at(lx, 1)) && char_at(lx, 2) == '}'))) {
		part->op = STRAKE_SHELL_OP_LENGTH;
		lx->at++;
	}
	if (!read_param_name(lx, part, true))
		return skip_brace(lx, part, line, column);
	if (char_at(lx, 0) == '}') {
		lx->at++;
		return true;
	}
	if (part->op == STRAKE_SHELL_OP_LENGTH || !read_expansion_op(lx, part))
		return skip_brace(lx, part, line, column);
	pattern = part->op >= STRAKE_SHELL_OP_PREFIX;
	part->word = strake_shell_alloc(lx->shell, sizeof(*part->word));
	part->word->line = lx->line;
	part->word->column = column_of(lx, lx->at);
	part->word->source = lx->at;
	if (!parse_parts(lx, in_quotes && !pattern ? MODE_BRACE_DQ : MODE_BRACE, pattern,
		    &part->word->parts))
		return false;
	part->word->source_size = (size_t)(lx->at - part->word->source);
	if (lx->at == lx->end)
		return unterminated(lx, line, column, "the ${ opened here");
	lx->at++;
	return true;
}

static bool read_dollar(WordBuilder *b, bool quoted)
{
	ShellLexer *lx = b->lx;
	int next = char_at(lx, 1);
	StrakeShellPart *part;

	if (next == '{')
		return read_braced_param(b, quoted);
	if (next == '(') {
		const char *end = char_at(lx, 2) == '(' ? find_arith_end(lx, lx->at + 3) : NULL;

		return end != NULL ? read_arith(b, quoted, end)
				   : read_substitution(b, quoted, STRAKE_SHELL_COMMAND);
	}
	if (next == '\'' && (b->mode == MODE_WORD || b->mode == MODE_BRACE))
		return read_ansi_quote(b);
	if (next == '"' && (b->mode == MODE_WORD || b->mode == MODE_BRACE)) {
		lx->at++; // bash's $"...": a translated string
		return read_double_quote(b);
	}
	if (!is_name_start(next) && !g_ascii_isdigit(next) && !is_special_param(next)) {
		put_literal(b, quoted, lx->at++, 1); // a lone dollar sign is itself
		return true;
	}
	flush_literal(b);
	part = strake_shell_alloc(lx->shell, sizeof(*part));
	part->kind = STRAKE_SHELL_PARAM;
	part->quoted = quoted;
	lx->at++;
	read_param_name(lx, part, false);
	add_part(b, part);
	return true;
}

static bool read_backslash(WordBuilder *b, bool quoted)
{
	ShellLexer *lx = b->lx;
	int next = char_at(lx, 1);

	if (skip_continuation(lx))
		return true;
	if (next < 0) {
		put_literal(b, true, lx->at++, 1);
		return true;
	}
	if (quoted && next != '$' && next != '`' && next != '\\' &&
		!(next == '"' && b->mode != MODE_TEXT) &&
		!(next == '}' && b->mode == MODE_BRACE_DQ)) {
		put_literal(b, true, lx->at++, 1); // the backslash is itself
		return true;
	}
	lx->at++;
	put_literal(b, true, lx->at, 1);
	advance(lx);
	return true;
}

/** bash's name=( ... ): the words are read and dropped, the part says unsupported. */
static bool read_array(WordBuilder *b)
{
	ShellLexer *lx = b->lx;
	const char *start = lx->at;
	unsigned line = lx->line, column = column_of(lx, lx->at);
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
			return unterminated(lx, line, column, "the array opened here");
		if (token->kind == SHELL_TOKEN_OPERATOR && strcmp(token->text, ")") == 0)
			break;
		strake_shell_take(lx);
	}
	lx->depth--;
	lx->token = saved;
	lx->have_token = had;
	flush_literal(b);
	part = strake_shell_alloc(lx->shell, sizeof(*part));
	part->kind = STRAKE_SHELL_PART_UNSUPPORTED;
	part->text = strake_shell_copy(lx->shell, start, (size_t)(lx->at - start));
	add_part(b, part);
	return true;
}

static bool at_array(const WordBuilder *b)
{
	const char *text = b->literal->str;
	size_t size = b->literal->len;

	if (b->first != NULL || !b->has_literal || b->literal_quoted || size < 2 ||
		text[size - 1] != '=' || !is_name_start(text[0]))
		return false;
	for (size_t i = 1; i + 1 < size; i++)
		if (!is_name_char(text[i]) && !(i + 2 == size && text[i] == '+'))
			return false;
	return true;
}

/** One unquoted or quoted character that needs no special treatment, or the end of the word. */
static bool word_ends(const WordBuilder *b, int c)
{
	switch (b->mode) {
	case MODE_WORD:
		return strchr(" \t\n;&|<>()", c) != NULL && !(c == '(' && at_array(b));
	case MODE_DQUOTE:
		return c == '"';
	case MODE_BRACE:
	case MODE_BRACE_DQ:
		return c == '}';
	default:
		return false;
	}
}

static bool read_piece(WordBuilder *b, bool pattern)
{
	ShellLexer *lx = b->lx;
	bool quoted = b->mode == MODE_DQUOTE || b->mode == MODE_BRACE_DQ || b->mode == MODE_TEXT;

	switch (*lx->at) {
	case '\\':
		return read_backslash(b, quoted);
	case '$':
		return read_dollar(b, quoted);
	case '`':
		return read_backticks(b, quoted);
	case '\'':
		if (b->mode == MODE_WORD || b->mode == MODE_BRACE || pattern)
			return read_single_quote(b);
		break;
	case '"':
		if (b->mode != MODE_TEXT && b->mode != MODE_DQUOTE)
			return read_double_quote(b);
		break;
	case '(':
		if (b->mode == MODE_WORD)
			return read_array(b);
		break;
	default:
		break;
	}
	put_literal(b, quoted, lx->at, 1);
	advance(lx);
	return true;
}

/** Reads parts up to the mode's end, which is left unread. */
static bool parse_parts(ShellLexer *lx, WordMode mode, bool pattern, StrakeShellPart **out)
{
	WordBuilder b = {.lx = lx, .mode = mode, .literal = g_string_new(NULL)};
	bool ok = strake_shell_deeper(lx);

	while (ok && lx->at < lx->end && !word_ends(&b, (unsigned char)*lx->at))
		ok = read_piece(&b, pattern);
	if (ok)
		lx->depth--;
	flush_literal(&b);
	g_string_free(b.literal, TRUE);
	*out = b.first;
	return ok;
}

// -- tokens

/** The body of one here-document, from the start of a line. */
static bool read_heredoc(ShellLexer *lx, ShellPending *doc)
{
	unsigned line = lx->line;
	const char *start = lx->at;
	g_autoptr(GString) stripped = doc->strip_tabs ? g_string_new(NULL) : NULL;
	size_t delimiter_size = strlen(doc->delimiter);
	StrakeShellWord *body = strake_shell_alloc(lx->shell, sizeof(*body));
	const char *text;
	size_t size;
	bool found = false;

	body->line = line;
	body->column = 1;
	for (;;) {
		const char *newline = memchr(lx->at, '\n', (size_t)(lx->end - lx->at));
		const char *stop = newline != NULL ? newline : lx->end;
		const char *from = lx->at;

		if (lx->at == lx->end)
			break;
		while (doc->strip_tabs && from < stop && *from == '\t')
			from++;
		found = (size_t)(stop - from) == delimiter_size &&
			memcmp(from, doc->delimiter, delimiter_size) == 0;
		if (found)
			break;
		if (stripped != NULL)
			g_string_append_len(
				stripped, from, (gssize)(stop - from) + (newline != NULL ? 1 : 0));
		lx->at = newline != NULL ? newline + 1 : lx->end;
		lx->line += newline != NULL;
		lx->line_start = lx->at;
	}
	text = stripped != NULL ? strake_shell_copy(lx->shell, stripped->str, stripped->len)
				: start;
	size = stripped != NULL ? stripped->len : (size_t)(lx->at - start);
	if (!found)
		return strake_shell_fail(lx, STRAKE_ERROR_INVALID, doc->redirect->line, 0,
			"the here-document's end '%s' is missing", doc->delimiter);
	lx->at = memchr(lx->at, '\n', (size_t)(lx->end - lx->at));
	if (lx->at == NULL) {
		lx->at = lx->end;
	} else {
		lx->at++;
		lx->line++;
	}
	lx->line_start = lx->at;
	body->source = text;
	body->source_size = size;
	doc->redirect->target = body;
	if (doc->redirect->literal) {
		body->parts = strake_shell_alloc(lx->shell, sizeof(*body->parts));
		body->parts->kind = STRAKE_SHELL_LITERAL;
		body->parts->quoted = true;
		body->parts->text = strake_shell_copy(lx->shell, text, size);
		return true;
	}
	ShellLexer sub = sub_lexer(lx, text, size, line);
	return parse_parts(&sub, MODE_TEXT, false, &body->parts);
}

static bool read_pending(ShellLexer *lx)
{
	while (lx->pending != NULL) {
		ShellPending *doc = lx->pending;

		lx->pending = doc->next;
		if (!read_heredoc(lx, doc))
			return false;
	}
	return true;
}

static void skip_blanks(ShellLexer *lx)
{
	while (lx->at < lx->end) {
		if (*lx->at == ' ' || *lx->at == '\t' || *lx->at == '\r') {
			lx->at++;
		} else if (*lx->at == '#') {
			StrakeShellComment comment = {
				.start = (size_t)(lx->at - lx->begin), .line = lx->line};
			const char *stop = memchr(lx->at, '\n', (size_t)(lx->end - lx->at));
			const char *from = lx->line_start;

			if (stop == NULL)
				stop = lx->end;
			while (from < lx->at && (*from == ' ' || *from == '\t'))
				from++;
			comment.alone = from == lx->at;
			comment.size = (size_t)(stop - lx->at);
			if (lx->main_text)
				g_array_append_val(lx->shell->comments, comment);
			lx->at = stop;
		} else if (!skip_continuation(lx)) {
			return;
		}
	}
}

// Longest first; bash's are known so that they can be named.
static const char *const redirect_ops[] = {
	"<<<", "<<-", "&>>", "<<", "<&", "<>", ">>", ">&", ">|", "&>", "<", ">"};
static const char *const operators[] = {
	";;&", "&&", "||", ";;", ";&", "|&", ";", "&", "|", "(", ")"};

static const char *match_operator(const ShellLexer *lx, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t size = strlen(list[i]);

		if (size <= (size_t)(lx->end - lx->at) && memcmp(lx->at, list[i], size) == 0)
			return list[i];
	}
	return NULL;
}

/** Digits right before < or > are the redirection's descriptor. */
static int read_io_number(ShellLexer *lx)
{
	const char *p = lx->at;
	int value = 0;

	while (p < lx->end && g_ascii_isdigit(*p) && value < 1000)
		value = value * 10 + (*p++ - '0');
	if (p == lx->at || p == lx->end || (*p != '<' && *p != '>'))
		return -1;
	lx->at = p;
	return value;
}

static bool read_process_substitution(ShellLexer *lx, ShellToken *token)
{
	WordBuilder b = {.lx = lx, .mode = MODE_WORD, .literal = g_string_new(NULL)};
	bool ok = read_substitution(&b, false, STRAKE_SHELL_PART_UNSUPPORTED);

	g_string_free(b.literal, TRUE);
	if (!ok)
		return false;
	token->kind = SHELL_TOKEN_WORD;
	token->word = strake_shell_alloc(lx->shell, sizeof(*token->word));
	token->word->parts = b.first;
	return true;
}

static bool read_word(ShellLexer *lx, ShellToken *token)
{
	StrakeShellPart *parts = NULL;

	if (!parse_parts(lx, MODE_WORD, false, &parts))
		return false;
	token->kind = SHELL_TOKEN_WORD;
	token->word = strake_shell_alloc(lx->shell, sizeof(*token->word));
	token->word->parts = parts;
	if (parts != NULL && parts->next == NULL && parts->kind == STRAKE_SHELL_LITERAL &&
		!parts->quoted)
		token->plain = parts->text;
	return true;
}

static bool next_token(ShellLexer *lx, ShellToken *token)
{
	const char *op;
	int fd;

	skip_blanks(lx);
	*token = (ShellToken){.kind = SHELL_TOKEN_END,
		.fd = -1,
		.line = lx->line,
		.column = column_of(lx, lx->at),
		.start = lx->at,
		.end = lx->at};
	if (lx->at == lx->end)
		return true;
	if (*lx->at == '\n') {
		token->kind = SHELL_TOKEN_NEWLINE;
		advance(lx);
		token->end = lx->at;
		return read_pending(lx);
	}
	fd = read_io_number(lx);
	op = match_operator(lx, redirect_ops, G_N_ELEMENTS(redirect_ops));
	if (op != NULL && op[1] == '\0' && char_at(lx, 1) == '(') {
		if (!read_process_substitution(lx, token))
			return false;
	} else if (op != NULL) {
		token->kind = SHELL_TOKEN_REDIRECT;
		token->text = op;
		token->fd = fd;
		lx->at += strlen(op);
	} else if ((op = match_operator(lx, operators, G_N_ELEMENTS(operators))) != NULL) {
		token->kind = SHELL_TOKEN_OPERATOR;
		token->text = op;
		lx->at += strlen(op);
	} else if (!read_word(lx, token)) {
		return false;
	}
	token->end = lx->at;
	if (token->word != NULL) {
		token->word->source = token->start;
		token->word->source_size = (size_t)(token->end - token->start);
		token->word->line = token->line;
		token->word->column = token->column;
	}
	return true;
}

const ShellToken *strake_shell_peek(ShellLexer *lx)
{
	if (!lx->have_token) {
		ShellToken token;

		if (!next_token(lx, &token))
			return NULL;
		lx->token = token;
		lx->have_token = true;
	}
	return &lx->token;
}

void strake_shell_take(ShellLexer *lx)
{
	bool separator = lx->token.kind == SHELL_TOKEN_NEWLINE ||
			 (lx->token.kind == SHELL_TOKEN_OPERATOR &&
				 (lx->token.text[0] == ';' || strcmp(lx->token.text, "&") == 0));

	if (!separator && lx->token.kind != SHELL_TOKEN_END) { // a command ends before it
		lx->last_end = lx->token.end;
		lx->last_line = lx->line;
	}
	lx->have_token = false;
}
