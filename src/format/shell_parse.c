// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The grammar of shell commands, by recursive descent over the tokens of shell_lexer.c.
#include "format/shell_private.h"

#include <string.h>

static StrakeShellNode *parse_command(ShellLexer *lx);

static bool is_operator(const ShellToken *token, const char *op)
{
	return token != NULL && token->kind == SHELL_TOKEN_OPERATOR && strcmp(token->text, op) == 0;
}

static bool is_plain(const ShellToken *token, const char *word)
{
	return token != NULL && token->plain != NULL && strcmp(token->plain, word) == 0;
}

static bool unexpected(ShellLexer *lx, const ShellToken *token, const char *wanted)
{
	g_autofree char *found = NULL;

	if (token == NULL)
		return false; // the lexer has said why
	if (token->kind == SHELL_TOKEN_END)
		found = g_strdup("the end of the text");
	else if (token->kind == SHELL_TOKEN_NEWLINE)
		found = g_strdup("the end of the line");
	else
		found = g_strdup_printf(
			"'%.*s'", (int)MIN(token->end - token->start, 40), token->start);
	return strake_shell_fail(lx, STRAKE_ERROR_INVALID, token->line, token->column,
		"found %s, expected %s", found, wanted);
}

static bool expect_plain(ShellLexer *lx, const char *word, const char *wanted)
{
	const ShellToken *token = strake_shell_peek(lx);

	if (!is_plain(token, word))
		return unexpected(lx, token, wanted);
	strake_shell_take(lx);
	return true;
}

static bool expect_operator(ShellLexer *lx, const char *op, const char *wanted)
{
	const ShellToken *token = strake_shell_peek(lx);

	if (!is_operator(token, op))
		return unexpected(lx, token, wanted);
	strake_shell_take(lx);
	return true;
}

static bool skip_newlines(ShellLexer *lx)
{
	const ShellToken *token;

	while ((token = strake_shell_peek(lx)) != NULL && token->kind == SHELL_TOKEN_NEWLINE)
		strake_shell_take(lx);
	return token != NULL;
}

static StrakeShellNode *new_node(ShellLexer *lx, StrakeShellNodeKind kind, const ShellToken *token)
{
	StrakeShellNode *node = strake_shell_alloc(lx->shell, sizeof(*node));

	node->kind = kind;
	node->line = token->line;
	node->column = token->column;
	node->source = token->start;
	return node;
}

/** Sets where @node ends: at the token taken last. */
static StrakeShellNode *end_node(ShellLexer *lx, StrakeShellNode *node)
{
	if (node == NULL)
		return NULL;
	node->last_line = MAX(lx->last_line, node->line);
	// Tokens of a here-document in a copied text cannot lie before the node's begin.
	node->source_size = lx->last_end > node->source ? (size_t)(lx->last_end - node->source) : 0;
	return node;
}

// -- redirections and simple commands

static const struct {
	const char *text;
	StrakeShellRedirectKind kind;
} redirect_kinds[] = {
	{"<",   STRAKE_SHELL_READ      },
	{">",   STRAKE_SHELL_WRITE     },
	{">|",  STRAKE_SHELL_CLOBBER   },
	{">>",  STRAKE_SHELL_APPEND    },
	{"<>",  STRAKE_SHELL_READ_WRITE},
	{"<&",  STRAKE_SHELL_DUP_IN    },
	{">&",  STRAKE_SHELL_DUP_OUT   },
	{"<<",  STRAKE_SHELL_HEREDOC   },
	{"<<-", STRAKE_SHELL_HEREDOC   },
	{"<<<", STRAKE_SHELL_HERESTRING},
	{"&>",  STRAKE_SHELL_WRITE_BOTH},
	{"&>>", STRAKE_SHELL_WRITE_BOTH},
};

/** The delimiter after quote removal: the word's characters, expansions taken as they stand. */
static const char *heredoc_delimiter(ShellLexer *lx, const StrakeShellWord *word, bool *out_quoted)
{
	g_autoptr(GString) text = g_string_new(NULL);
	bool literal = true;

	*out_quoted = word->parts == NULL;
	for (const StrakeShellPart *part = word->parts; part != NULL; part = part->next) {
		if (part->kind != STRAKE_SHELL_LITERAL) {
			literal = false;
			continue;
		}
		*out_quoted |= part->quoted;
		g_string_append(text, part->text);
	}
	if (!literal)
		return strake_shell_copy(lx->shell, word->source, word->source_size);
	return strake_shell_copy(lx->shell, text->str, text->len);
}

static bool parse_redirect(ShellLexer *lx, StrakeShellRedirect ***tail)
{
	ShellToken op = *strake_shell_peek(lx);
	StrakeShellRedirect *redirect = strake_shell_alloc(lx->shell, sizeof(*redirect));
	const ShellToken *token;

	redirect->fd = op.fd;
	redirect->line = op.line;
	for (size_t i = 0; i < G_N_ELEMENTS(redirect_kinds); i++)
		if (strcmp(op.text, redirect_kinds[i].text) == 0)
			redirect->kind = redirect_kinds[i].kind;
	strake_shell_take(lx);
	token = strake_shell_peek(lx);
	if (token == NULL || token->kind != SHELL_TOKEN_WORD)
		return unexpected(lx, token, "a file name after the redirection");
	redirect->target = token->word;
	if (redirect->kind == STRAKE_SHELL_HEREDOC) {
		ShellPending *doc = strake_shell_alloc(lx->shell, sizeof(*doc));
		ShellPending **end = &lx->pending;

		doc->redirect = redirect;
		doc->delimiter = heredoc_delimiter(lx, token->word, &redirect->literal);
		doc->strip_tabs = op.text[2] == '-';
		while (*end != NULL)
			end = &(*end)->next;
		*end = doc;
	}
	strake_shell_take(lx);
	**tail = redirect;
	*tail = &redirect->next;
	return true;
}

/** Splits "name=value" off a word in front of a command; false when it is no assignment. */
static bool take_assignment(ShellLexer *lx, StrakeShellWord *word, StrakeShellAssign ***tail)
{
	StrakeShellPart *first = word->parts;
	const char *equals;
	size_t name_size;
	StrakeShellAssign *assign;
	StrakeShellPart *rest;

	if (first == NULL || first->kind != STRAKE_SHELL_LITERAL || first->quoted)
		return false;
	equals = strchr(first->text, '=');
	if (equals == NULL || equals == first->text || g_ascii_isdigit(first->text[0]))
		return false;
	name_size = (size_t)(equals - first->text);
	if (first->text[name_size - 1] == '+')
		name_size--;
	for (size_t i = 0; i < name_size; i++)
		if (!g_ascii_isalnum(first->text[i]) && first->text[i] != '_')
			return false;
	if (name_size == 0)
		return false;
	assign = strake_shell_alloc(lx->shell, sizeof(*assign));
	assign->name = strake_shell_copy(lx->shell, first->text, name_size);
	assign->append = first->text[name_size] == '+';
	assign->value = strake_shell_alloc(lx->shell, sizeof(*assign->value));
	*assign->value = *word;
	assign->value->next = NULL;
	rest = first->next;
	if (equals[1] != '\0') {
		rest = strake_shell_alloc(lx->shell, sizeof(*rest));
		*rest = *first;
		rest->text = equals + 1;
	}
	assign->value->parts = rest;
	**tail = assign;
	*tail = &assign->next;
	return true;
}

static StrakeShellNode *parse_function_body(ShellLexer *lx, StrakeShellNode *node)
{
	node->kind = STRAKE_SHELL_FUNCTION;
	if (!skip_newlines(lx))
		return NULL;
	node->body = parse_command(lx);
	return node->body != NULL ? end_node(lx, node) : NULL;
}

static StrakeShellNode *parse_simple(ShellLexer *lx)
{
	const ShellToken *token = strake_shell_peek(lx);
	StrakeShellNode *node = new_node(lx, STRAKE_SHELL_SIMPLE, token);
	StrakeShellRedirect **redirects = &node->redirects;
	StrakeShellAssign **assigns = &node->assigns;
	StrakeShellWord **words = &node->words;

	for (;; token = strake_shell_peek(lx)) {
		if (token == NULL)
			return NULL;
		if (token->kind == SHELL_TOKEN_REDIRECT) {
			if (!parse_redirect(lx, &redirects))
				return NULL;
		} else if (token->kind == SHELL_TOKEN_WORD) {
			if (node->words != NULL || !take_assignment(lx, token->word, &assigns)) {
				*words = token->word;
				words = &token->word->next;
				if (node->words == token->word)
					node->name = token->plain;
			}
			strake_shell_take(lx);
		} else if (is_operator(token, "(") && node->name != NULL &&
			   node->words->next == NULL && node->redirects == NULL &&
			   node->assigns == NULL) {
			strake_shell_take(lx);
			if (!expect_operator(lx, ")", "')' of a function definition"))
				return NULL;
			node->words = NULL;
			return parse_function_body(lx, node);
		} else {
			break;
		}
	}
	node->name = NULL;
	if (node->words == NULL && node->assigns == NULL && node->redirects == NULL) {
		unexpected(lx, token, "a command");
		return NULL;
	}
	return end_node(lx, node);
}

// -- compound commands

/** A list that must hold at least one command, closed by @close ("fi" ...), which is not taken. */
static StrakeShellNode *parse_body(ShellLexer *lx, const char *where)
{
	StrakeShellNode *body = strake_shell_parse_list(lx);

	if (body != NULL && body->children == NULL) {
		g_autofree char *wanted = g_strdup_printf("a command %s", where);

		unexpected(lx, strake_shell_peek(lx), wanted);
		return NULL;
	}
	return body;
}

static StrakeShellNode *parse_if(ShellLexer *lx, StrakeShellNode *node)
{
	StrakeShellClause **tail = &node->clauses;
	const ShellToken *token;

	do {
		StrakeShellClause *clause = strake_shell_alloc(lx->shell, sizeof(*clause));

		strake_shell_take(lx); // if, elif
		clause->condition = parse_body(lx, "after 'if'");
		if (clause->condition == NULL || !expect_plain(lx, "then", "'then'"))
			return NULL;
		clause->body = parse_body(lx, "after 'then'");
		if (clause->body == NULL)
			return NULL;
		*tail = clause;
		tail = &clause->next;
		token = strake_shell_peek(lx);
	} while (is_plain(token, "elif"));
	if (is_plain(token, "else")) {
		strake_shell_take(lx);
		node->else_body = parse_body(lx, "after 'else'");
		if (node->else_body == NULL)
			return NULL;
	}
	return expect_plain(lx, "fi", "'fi'") ? node : NULL;
}

static StrakeShellNode *parse_do_group(ShellLexer *lx, StrakeShellNode *node)
{
	if (!expect_plain(lx, "do", "'do'"))
		return NULL;
	node->body = parse_body(lx, "after 'do'");
	return node->body != NULL && expect_plain(lx, "done", "'done'") ? node : NULL;
}

static StrakeShellNode *parse_loop(ShellLexer *lx, StrakeShellNode *node)
{
	strake_shell_take(lx);
	node->condition = parse_body(lx, "after 'while' or 'until'");
	return node->condition != NULL ? parse_do_group(lx, node) : NULL;
}

static StrakeShellNode *parse_for(ShellLexer *lx, StrakeShellNode *node)
{
	const ShellToken *token;
	StrakeShellWord **words = &node->words;
	const char *text;
	size_t size;

	strake_shell_take(lx);
	while (lx->at < lx->end && (*lx->at == ' ' || *lx->at == '\t'))
		lx->at++;
	if (strake_shell_skip_arith(lx, &text, &size)) {
		node->kind = STRAKE_SHELL_UNSUPPORTED;
		node->name = "for ((";
	} else {
		token = strake_shell_peek(lx);
		if (token == NULL || token->plain == NULL) {
			unexpected(lx, token, "the variable of 'for'");
			return NULL;
		}
		node->name = token->plain;
		strake_shell_take(lx);
	}
	if (!skip_newlines(lx))
		return NULL;
	token = strake_shell_peek(lx);
	if (node->kind == STRAKE_SHELL_FOR && is_plain(token, "in")) {
		node->has_in = true;
		strake_shell_take(lx);
		while ((token = strake_shell_peek(lx)) != NULL && token->kind == SHELL_TOKEN_WORD) {
			*words = token->word;
			words = &token->word->next;
			strake_shell_take(lx);
		}
	}
	if (is_operator(strake_shell_peek(lx), ";"))
		strake_shell_take(lx);
	return skip_newlines(lx) ? parse_do_group(lx, node) : NULL;
}

static bool parse_case_patterns(ShellLexer *lx, StrakeShellClause *clause)
{
	StrakeShellWord **tail = &clause->patterns;
	const ShellToken *token;

	if (is_operator(strake_shell_peek(lx), "("))
		strake_shell_take(lx);
	for (;;) {
		token = strake_shell_peek(lx);
		if (token == NULL || token->kind != SHELL_TOKEN_WORD)
			return unexpected(lx, token, "a pattern of 'case'");
		*tail = token->word;
		tail = &token->word->next;
		strake_shell_take(lx);
		token = strake_shell_peek(lx);
		if (!is_operator(token, "|"))
			break;
		strake_shell_take(lx);
	}
	return expect_operator(lx, ")", "')' after the pattern");
}

static StrakeShellNode *parse_case(ShellLexer *lx, StrakeShellNode *node)
{
	StrakeShellClause **tail = &node->clauses;
	const ShellToken *token;

	strake_shell_take(lx);
	token = strake_shell_peek(lx);
	if (token == NULL || token->kind != SHELL_TOKEN_WORD) {
		unexpected(lx, token, "the subject of 'case'");
		return NULL;
	}
	node->words = token->word;
	strake_shell_take(lx);
	if (!skip_newlines(lx) || !expect_plain(lx, "in", "'in'"))
		return NULL;
	for (;;) {
		StrakeShellClause *clause = strake_shell_alloc(lx->shell, sizeof(*clause));

		if (!skip_newlines(lx))
			return NULL;
		if (is_plain(strake_shell_peek(lx), "esac"))
			break;
		if (!parse_case_patterns(lx, clause))
			return NULL;
		clause->body = strake_shell_parse_list(lx);
		if (clause->body == NULL)
			return NULL;
		*tail = clause;
		tail = &clause->next;
		clause->terminator = ';';
		token = strake_shell_peek(lx);
		if (is_operator(token, ";;") || is_operator(token, ";&") ||
			is_operator(token, ";;&")) {
			if (token->text[1] == '&')
				clause->terminator = '&';
			else if (token->text[2] == '&')
				clause->terminator = '+';
			strake_shell_take(lx);
		} else if (!is_plain(token, "esac")) {
			unexpected(lx, token, "';;' or 'esac'");
			return NULL;
		}
	}
	strake_shell_take(lx);
	return node;
}

/** bash's [[ ... ]]: read as tokens up to the closing word. */
static StrakeShellNode *skip_double_bracket(ShellLexer *lx, StrakeShellNode *node)
{
	node->kind = STRAKE_SHELL_UNSUPPORTED;
	node->name = "[[";
	for (;;) {
		const ShellToken *token = strake_shell_peek(lx);

		if (token == NULL)
			return NULL;
		if (token->kind == SHELL_TOKEN_END) {
			unexpected(lx, token, "']]'");
			return NULL;
		}
		if (is_plain(token, "]]"))
			break;
		strake_shell_take(lx);
	}
	strake_shell_take(lx);
	return node;
}

static StrakeShellNode *parse_parenthesis(ShellLexer *lx, StrakeShellNode *node)
{
	const char *text;
	size_t size;

	// The token "(" is looked ahead: the text stands behind its parenthesis.
	lx->at = lx->token.start;
	lx->have_token = false;
	if (strake_shell_skip_arith(lx, &text, &size)) {
		node->kind = STRAKE_SHELL_UNSUPPORTED;
		node->name = "((";
		lx->last_end = lx->at;
		lx->last_line = lx->line;
		return node;
	}
	if (strake_shell_peek(lx) == NULL)
		return NULL;
	strake_shell_take(lx);
	node->body = parse_body(lx, "after '('");
	return node->body != NULL && expect_operator(lx, ")", "')'") ? node : NULL;
}

static StrakeShellNode *parse_group(ShellLexer *lx, StrakeShellNode *node)
{
	strake_shell_take(lx);
	node->body = parse_body(lx, "after '{'");
	return node->body != NULL && expect_plain(lx, "}", "'}'") ? node : NULL;
}

static StrakeShellNode *parse_select(ShellLexer *lx, StrakeShellNode *node)
{
	node = parse_for(lx, node);
	if (node == NULL)
		return NULL;
	node->kind = STRAKE_SHELL_UNSUPPORTED;
	node->name = "select";
	return node;
}

static StrakeShellNode *parse_function_word(ShellLexer *lx, StrakeShellNode *node)
{
	const ShellToken *token;

	strake_shell_take(lx);
	token = strake_shell_peek(lx);
	if (token == NULL || token->plain == NULL) {
		unexpected(lx, token, "the name of the function");
		return NULL;
	}
	node->name = token->plain;
	strake_shell_take(lx);
	if (is_operator(strake_shell_peek(lx), "(")) {
		strake_shell_take(lx);
		if (!expect_operator(lx, ")", "')' of a function definition"))
			return NULL;
	}
	return parse_function_body(lx, node);
}

static const struct {
	const char *word;
	StrakeShellNodeKind kind;
	StrakeShellNode *(*parse)(ShellLexer *lx, StrakeShellNode *node);
} compounds[] = {
	{"if",       STRAKE_SHELL_IF,          parse_if           },
	{"for",      STRAKE_SHELL_FOR,         parse_for          },
	{"while",    STRAKE_SHELL_WHILE,       parse_loop         },
	{"until",    STRAKE_SHELL_UNTIL,       parse_loop         },
	{"case",     STRAKE_SHELL_CASE,        parse_case         },
	{"{",        STRAKE_SHELL_GROUP,       parse_group        },
	{"[[",       STRAKE_SHELL_UNSUPPORTED, skip_double_bracket},
	{"select",   STRAKE_SHELL_FOR,         parse_select       },
	{"function", STRAKE_SHELL_FUNCTION,    parse_function_word},
};

// Words that end a list and therefore begin no command.
static const char *const closers[] = {"then", "else", "elif", "fi", "do", "done", "esac", "}"};

static bool ends_list(const ShellToken *token)
{
	if (token->kind == SHELL_TOKEN_END)
		return true;
	if (token->kind == SHELL_TOKEN_OPERATOR)
		return strcmp(token->text, "(") != 0;
	if (token->plain == NULL)
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(closers); i++)
		if (strcmp(token->plain, closers[i]) == 0)
			return true;
	return false;
}

static StrakeShellNode *parse_compound(ShellLexer *lx, StrakeShellNode *node,
	StrakeShellNode *(*parse)(ShellLexer *, StrakeShellNode *))
{
	StrakeShellRedirect **tail = &node->redirects;
	const ShellToken *token;

	if (!strake_shell_deeper(lx))
		return NULL;
	node = parse(lx, node);
	if (node == NULL)
		return NULL;
	lx->depth--;
	if (node->kind == STRAKE_SHELL_FUNCTION)
		return end_node(lx, node);
	while ((token = strake_shell_peek(lx)) != NULL && token->kind == SHELL_TOKEN_REDIRECT)
		if (!parse_redirect(lx, &tail))
			return NULL;
	return token != NULL ? end_node(lx, node) : NULL;
}

static StrakeShellNode *parse_command(ShellLexer *lx)
{
	const ShellToken *token = strake_shell_peek(lx);
	StrakeShellNode *node;

	if (token == NULL)
		return NULL;
	if (is_operator(token, "("))
		return parse_compound(
			lx, new_node(lx, STRAKE_SHELL_SUBSHELL, token), parse_parenthesis);
	for (size_t i = 0; token->plain != NULL && i < G_N_ELEMENTS(compounds); i++)
		if (strcmp(token->plain, compounds[i].word) == 0)
			return parse_compound(
				lx, new_node(lx, compounds[i].kind, token), compounds[i].parse);
	if (token->kind == SHELL_TOKEN_NEWLINE || ends_list(token)) {
		unexpected(lx, token, "a command");
		return NULL;
	}
	if (!strake_shell_deeper(lx)) // a chain of f() f() f() ...
		return NULL;
	node = parse_simple(lx);
	lx->depth--;
	return node;
}

// -- pipelines and lists

static StrakeShellNode *parse_pipeline(ShellLexer *lx)
{
	const ShellToken *token = strake_shell_peek(lx);
	bool negated = false;
	StrakeShellNode *first, **tail, *pipeline;
	ShellToken start;

	if (token == NULL)
		return NULL;
	start = *token;
	while (is_plain(token, "!")) {
		negated = !negated;
		strake_shell_take(lx);
		token = strake_shell_peek(lx);
	}
	first = parse_command(lx);
	if (first == NULL)
		return NULL;
	token = strake_shell_peek(lx);
	if (!is_operator(token, "|") && !is_operator(token, "|&")) {
		first->negated = negated;
		return token != NULL ? first : NULL;
	}
	pipeline = new_node(lx, STRAKE_SHELL_PIPELINE, &start);
	pipeline->negated = negated;
	pipeline->children = first;
	tail = &first->next;
	while (is_operator(token, "|") || is_operator(token, "|&")) {
		strake_shell_take(lx);
		if (!skip_newlines(lx))
			return NULL;
		*tail = parse_command(lx);
		if (*tail == NULL)
			return NULL;
		tail = &(*tail)->next;
		token = strake_shell_peek(lx);
	}
	return token != NULL ? end_node(lx, pipeline) : NULL;
}

static StrakeShellNode *parse_and_or(ShellLexer *lx)
{
	const ShellToken *token = strake_shell_peek(lx);
	StrakeShellNode *first, *list, **tail;
	ShellToken start;

	if (token == NULL)
		return NULL;
	start = *token;
	first = parse_pipeline(lx);
	if (first == NULL)
		return NULL;
	token = strake_shell_peek(lx);
	if (!is_operator(token, "&&") && !is_operator(token, "||"))
		return token != NULL ? first : NULL;
	list = new_node(lx, STRAKE_SHELL_AND_OR, &start);
	list->children = first;
	tail = &first->next;
	while (is_operator(token, "&&") || is_operator(token, "||")) {
		StrakeShellConnector connector =
			token->text[0] == '&' ? STRAKE_SHELL_AND : STRAKE_SHELL_OR;

		strake_shell_take(lx);
		if (!skip_newlines(lx))
			return NULL;
		*tail = parse_pipeline(lx);
		if (*tail == NULL)
			return NULL;
		(*tail)->connector = connector;
		tail = &(*tail)->next;
		token = strake_shell_peek(lx);
	}
	return token != NULL ? end_node(lx, list) : NULL;
}

StrakeShellNode *strake_shell_parse_list(ShellLexer *lx)
{
	StrakeShellNode *sequence, **tail;
	const ShellToken *token;

	if (!skip_newlines(lx))
		return NULL;
	token = strake_shell_peek(lx);
	if (token == NULL)
		return NULL;
	sequence = new_node(lx, STRAKE_SHELL_SEQUENCE, token);
	tail = &sequence->children;
	while (!ends_list(token)) {
		StrakeShellNode *node = parse_and_or(lx);

		if (node == NULL)
			return NULL;
		*tail = node;
		tail = &node->next;
		token = strake_shell_peek(lx);
		if (is_operator(token, "&"))
			node->background = true;
		if (is_operator(token, ";") || is_operator(token, "&"))
			strake_shell_take(lx);
		else if (token != NULL && token->kind != SHELL_TOKEN_NEWLINE && !ends_list(token))
			return unexpected(lx, token, "a newline or ';'"), NULL;
		if (!skip_newlines(lx))
			return NULL;
		token = strake_shell_peek(lx);
		if (token == NULL)
			return NULL;
	}
	return end_node(lx, sequence);
}

// -- entry

StrakeShell *strake_shell_parse(const char *text, size_t size, const char *name, GError **error)
{
	g_autoptr(StrakeShell) shell = g_new0(StrakeShell, 1);
	g_autoptr(GError) local = NULL;
	ShellLexer lx;
	const ShellToken *token;
	const char *nul;

	shell->name = g_strdup(name);
	shell->comments = g_array_new(FALSE, FALSE, sizeof(StrakeShellComment));
	if (size > STRAKE_SHELL_MAX_BYTES) {
		strake_error_set(error, STRAKE_ERROR_LIMIT,
			"%s: %zu bytes of shell text; at most %d are read", name, size,
			STRAKE_SHELL_MAX_BYTES);
		return NULL;
	}
	nul = size > 0 ? memchr(text, '\0', size) : NULL;
	if (nul != NULL) {
		strake_error_set(error, STRAKE_ERROR_INVALID,
			"%s: a NUL byte at offset %zu: this is not shell text", name,
			(size_t)(nul - text));
		return NULL;
	}
	shell->text = g_strndup(text != NULL ? text : "", size);
	shell->size = size;
	lx = (ShellLexer){.shell = shell,
		.begin = shell->text,
		.at = shell->text,
		.end = shell->text + size,
		.line_start = shell->text,
		.last_end = shell->text,
		.line = 1,
		.last_line = 1,
		.main_text = true,
		.error = &local};
	shell->root = strake_shell_parse_list(&lx);
	token = shell->root != NULL ? strake_shell_peek(&lx) : NULL;
	if (token != NULL && token->kind != SHELL_TOKEN_END)
		unexpected(&lx, token, "a command");
	else if (token != NULL && lx.pending != NULL)
		strake_shell_fail(&lx, STRAKE_ERROR_INVALID, lx.pending->redirect->line, 0,
			"the here-document's end '%s' is missing", lx.pending->delimiter);
	if (local != NULL) {
		g_propagate_error(error, g_steal_pointer(&local));
		return NULL;
	}
	return g_steal_pointer(&shell);
}

const StrakeShellNode *strake_shell_root(const StrakeShell *shell)
{
	return shell->root;
}

const StrakeShellComment *strake_shell_comments(const StrakeShell *shell, size_t *out_count)
{
	*out_count = shell->comments->len;
	return (const StrakeShellComment *)(void *)shell->comments->data;
}

char *strake_shell_interpreter(const char *text, size_t size)
{
	const char *stop = size > 0 ? memchr(text, '\n', size) : NULL;
	g_autofree char *line = NULL;
	g_auto(GStrv) words = NULL;
	const char *path = NULL;

	if (size < 2 || text[0] != '#' || text[1] != '!')
		return g_strdup("");
	line = g_strndup(text + 2, stop != NULL ? (size_t)(stop - text) - 2 : MIN(size - 2, 256));
	words = g_strsplit_set(line, " \t\r", -1);
	for (size_t i = 0; words[i] != NULL; i++) {
		if (words[i][0] == '\0' || words[i][0] == '-')
			continue;
		if (path != NULL && !g_str_has_suffix(path, "/env"))
			break;
		path = words[i];
	}
	return path != NULL ? g_path_get_basename(path) : g_strdup("");
}

char *strake_shell_word_literal(const StrakeShellWord *word)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (const StrakeShellPart *part = word->parts; part != NULL; part = part->next) {
		if (part->kind != STRAKE_SHELL_LITERAL)
			return NULL;
		g_string_append(text, part->text);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}
