// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Characters to tokens: operators, comments and here-documents. Words are read in shell_word.c; the
// grammar of commands is in shell_parse.c.
#include "format/shell_word_private.h"

struct ShellChunk {
	ShellChunk *next;
	size_t used;
	size_t size;
	char data[];
};

enum { CHUNK_BYTES = 16 << 10 };

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
	ShellLexer sub = strake_shell_sub_lexer(lx, text, size, line);
	return strake_shell_parse_parts(&sub, SHELL_MODE_TEXT, false, &body->parts);
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
		} else if (!shell_skip_continuation(lx)) {
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
	ShellWordBuilder b = {.lx = lx, .mode = SHELL_MODE_WORD, .literal = g_string_new(NULL)};
	bool ok = strake_shell_read_substitution(&b, false, STRAKE_SHELL_PART_UNSUPPORTED);

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

	if (!strake_shell_parse_parts(lx, SHELL_MODE_WORD, false, &parts))
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
		.column = shell_column_of(lx, lx->at),
		.start = lx->at,
		.end = lx->at};
	if (lx->at == lx->end)
		return true;
	if (*lx->at == '\n') {
		token->kind = SHELL_TOKEN_NEWLINE;
		shell_advance(lx);
		token->end = lx->at;
		return read_pending(lx);
	}
	fd = read_io_number(lx);
	op = match_operator(lx, redirect_ops, G_N_ELEMENTS(redirect_ops));
	if (op != NULL && op[1] == '\0' && shell_char_at(lx, 1) == '(') {
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
