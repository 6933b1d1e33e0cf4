// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What a dollar sign or a backquote begins: parameters, arithmetic, and commands, which call back
// into the grammar.
#include "format/shell_word_private.h"

enum { ARITH_SCAN_BYTES = 64 << 10 };

ShellLexer strake_shell_sub_lexer(ShellLexer *lx, const char *text, size_t size, unsigned line)
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
	ShellLexer sub = strake_shell_sub_lexer(lx, text, size, line);
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

bool strake_shell_read_backticks(ShellWordBuilder *b, bool quoted)
{
	ShellLexer *lx = b->lx;
	unsigned line = lx->line, column = shell_column_of(lx, lx->at);
	g_autoptr(GString) text = g_string_new(NULL);
	StrakeShellPart *part;

	lx->at++;
	while (lx->at < lx->end && *lx->at != '`') {
		int next = shell_char_at(lx, 1);

		if (*lx->at == '\\' &&
			(next == '`' || next == '\\' || next == '$' || (quoted && next == '"')))
			lx->at++;
		g_string_append_c(text, *lx->at);
		shell_advance(lx);
	}
	if (lx->at == lx->end)
		return strake_shell_unterminated(lx, line, column, "the backtick opened here");
	lx->at++;
	strake_shell_flush_literal(b);
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
	strake_shell_add_part(b, part);
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

	if (shell_char_at(lx, 0) != '(' || shell_char_at(lx, 1) != '(')
		return false;
	end = find_arith_end(lx, lx->at + 2);
	if (end == NULL)
		return false;
	*out_text = lx->at + 2;
	*out_size = (size_t)(end - lx->at) - 2;
	while (lx->at < end + 2)
		shell_advance(lx);
	return true;
}

static bool read_arith(ShellWordBuilder *b, bool quoted, const char *end)
{
	ShellLexer *lx = b->lx;
	ShellLexer sub =
		strake_shell_sub_lexer(lx, lx->at + 3, (size_t)(end - lx->at) - 3, lx->line);
	StrakeShellPart *part = strake_shell_alloc(lx->shell, sizeof(*part));

	strake_shell_flush_literal(b);
	part->kind = STRAKE_SHELL_ARITH;
	part->quoted = quoted;
	part->word = strake_shell_alloc(lx->shell, sizeof(*part->word));
	part->word->line = lx->line;
	part->word->column = shell_column_of(lx, lx->at);
	part->word->source = sub.begin;
	part->word->source_size = (size_t)(sub.end - sub.begin);
	if (!strake_shell_deeper(&sub) ||
		!strake_shell_parse_parts(&sub, SHELL_MODE_TEXT, false, &part->word->parts))
		return false;
	while (lx->at < end + 2)
		shell_advance(lx);
	strake_shell_add_part(b, part);
	return true;
}

bool strake_shell_read_substitution(ShellWordBuilder *b, bool quoted, StrakeShellPartKind kind)
{
	ShellLexer *lx = b->lx;
	unsigned line = lx->line, column = shell_column_of(lx, lx->at);
	const char *start = lx->at;
	StrakeShellPart *part = strake_shell_alloc(lx->shell, sizeof(*part));
	ShellToken saved = lx->token;
	bool had = lx->have_token;
	const char *last_end = lx->last_end;
	unsigned last_line = lx->last_line;
	const ShellToken *token;

	strake_shell_flush_literal(b);
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
		return strake_shell_unterminated(lx, line, column, "the substitution opened here");
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
	strake_shell_add_part(b, part);
	return true;
}

/** Skips to the } that closes a form of ${} that we do not split up. */
static bool skip_brace(ShellLexer *lx, StrakeShellPart *part, unsigned line, unsigned column)
{
	StrakeShellPart *ignored = NULL;

	part->op = STRAKE_SHELL_OP_UNSUPPORTED;
	if (!strake_shell_parse_parts(lx, SHELL_MODE_BRACE, true, &ignored))
		return false;
	if (lx->at == lx->end)
		return strake_shell_unterminated(lx, line, column, "the ${ opened here");
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
	size_t colon = shell_char_at(lx, 0) == ':' ? 1 : 0;

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

	if (shell_is_name_start(shell_char_at(lx, 0)))
		while (shell_is_name_char(shell_char_at(lx, 0)))
			lx->at++;
	else if (braced && g_ascii_isdigit(shell_char_at(lx, 0)))
		while (g_ascii_isdigit(shell_char_at(lx, 0)))
			lx->at++;
	else if (g_ascii_isdigit(shell_char_at(lx, 0)) ||
		 shell_is_special_param(shell_char_at(lx, 0)))
		lx->at++;
	else
		return false;
	part->text = strake_shell_copy(lx->shell, start, (size_t)(lx->at - start));
	return true;
}

static bool read_braced_param(ShellWordBuilder *b, bool quoted)
{
	ShellLexer *lx = b->lx;
	unsigned line = lx->line, column = shell_column_of(lx, lx->at);
	StrakeShellPart *part = strake_shell_alloc(lx->shell, sizeof(*part));
	bool in_quotes = b->mode == SHELL_MODE_DQUOTE || b->mode == SHELL_MODE_BRACE_DQ ||
			 b->mode == SHELL_MODE_TEXT;
	bool pattern;

	strake_shell_flush_literal(b);
	part->kind = STRAKE_SHELL_PARAM;
	part->quoted = quoted;
	part->text = "";
	strake_shell_add_part(b, part);
	lx->at += 2;
	if (!strake_shell_deeper(lx))
		return false;
	lx->depth--; // nesting through the operand is counted by parse_parts
	if (shell_char_at(lx, 0) == '#' && shell_char_at(lx, 1) != '}' &&
		(shell_is_name_char(shell_char_at(lx, 1)) ||
			(shell_is_special_param(shell_char_at(lx, 1)) &&
				shell_char_at(lx, 2) == '}'))) {
		part->op = STRAKE_SHELL_OP_LENGTH;
		lx->at++;
	}
	if (!read_param_name(lx, part, true))
		return skip_brace(lx, part, line, column);
	if (shell_char_at(lx, 0) == '}') {
		lx->at++;
		return true;
	}
	if (part->op == STRAKE_SHELL_OP_LENGTH || !read_expansion_op(lx, part))
		return skip_brace(lx, part, line, column);
	pattern = part->op >= STRAKE_SHELL_OP_PREFIX;
	part->word = strake_shell_alloc(lx->shell, sizeof(*part->word));
	part->word->line = lx->line;
	part->word->column = shell_column_of(lx, lx->at);
	part->word->source = lx->at;
	if (!strake_shell_parse_parts(lx,
		    in_quotes && !pattern ? SHELL_MODE_BRACE_DQ : SHELL_MODE_BRACE, pattern,
		    &part->word->parts))
		return false;
	part->word->source_size = (size_t)(lx->at - part->word->source);
	if (lx->at == lx->end)
		return strake_shell_unterminated(lx, line, column, "the ${ opened here");
	lx->at++;
	return true;
}

bool strake_shell_read_dollar(ShellWordBuilder *b, bool quoted)
{
	ShellLexer *lx = b->lx;
	int next = shell_char_at(lx, 1);
	StrakeShellPart *part;

	if (next == '{')
		return read_braced_param(b, quoted);
	if (next == '(') {
		const char *end =
			shell_char_at(lx, 2) == '(' ? find_arith_end(lx, lx->at + 3) : NULL;

		return end != NULL
			       ? read_arith(b, quoted, end)
			       : strake_shell_read_substitution(b, quoted, STRAKE_SHELL_COMMAND);
	}
	if (next == '\'' && (b->mode == SHELL_MODE_WORD || b->mode == SHELL_MODE_BRACE))
		return strake_shell_read_ansi_quote(b);
	if (next == '"' && (b->mode == SHELL_MODE_WORD || b->mode == SHELL_MODE_BRACE)) {
		lx->at++; // bash's $"...": a translated string
		return strake_shell_read_double_quote(b);
	}
	if (!shell_is_name_start(next) && !g_ascii_isdigit(next) && !shell_is_special_param(next)) {
		strake_shell_put_literal(b, quoted, lx->at++, 1); // a lone dollar sign is itself
		return true;
	}
	strake_shell_flush_literal(b);
	part = strake_shell_alloc(lx->shell, sizeof(*part));
	part->kind = STRAKE_SHELL_PARAM;
	part->quoted = quoted;
	lx->at++;
	read_param_name(lx, part, false);
	strake_shell_add_part(b, part);
	return true;
}
