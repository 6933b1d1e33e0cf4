// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Debconf without debconf: every question keeps the default answer of its template, unless a
// script sets it.
#include "base/error.h"
#include "bridge/script_private.h"

#include <string.h>

enum { MAX_TEMPLATES_BYTES = 4 << 20 };

/** "Field: value" of a control stanza line; NULL when @line is another field. */
static const char *field_value(const char *line, const char *field)
{
	size_t size = strlen(field);

	if (g_ascii_strncasecmp(line, field, size) != 0 || line[size] != ':')
		return NULL;
	line += size + 1;
	while (*line == ' ' || *line == '\t')
		line++;
	return line;
}

bool script_templates_parse(
	GBytes *templates, GStringChunk *strings, GHashTable *answers, GError **error)
{
	size_t size;
	const char *data = g_bytes_get_data(templates, &size);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	const char *question = NULL;

	if (size > MAX_TEMPLATES_BYTES)
		return strake_error_set(error, STRAKE_ERROR_LIMIT,
			"debconf templates: %zu bytes; at most %d are read", size,
			MAX_TEMPLATES_BYTES);
	if (size > 0 && memchr(data, '\0', size) != NULL)
		return strake_error_set(
			error, STRAKE_ERROR_INVALID, "debconf templates: a NUL byte in the text");
	text = g_strndup(data != NULL ? data : "", size);
	lines = g_strsplit(text, "\n", -1);
	for (size_t i = 0; lines[i] != NULL; i++) {
		const char *value;

		g_strchomp(lines[i]);
		if (lines[i][0] == '\0') {
			question = NULL;
		} else if ((value = field_value(lines[i], "Template")) != NULL) {
			question = g_string_chunk_insert_const(strings, value);
			if (!g_hash_table_contains(answers, question))
				g_hash_table_insert(answers, (gpointer)question, (gpointer) "");
		} else if (question != NULL && (value = field_value(lines[i], "Default")) != NULL) {
			g_hash_table_insert(answers, (gpointer)question,
				g_string_chunk_insert_const(strings, value));
		}
	}
	return true;
}

static Val first_operand(const ScriptCall *call)
{
	for (size_t i = 0; i < call->argc; i++)
		if (!val_known(call->argv[i].value) || call->argv[i].many)
			return script_val_unknown;
		else if (call->argv[i].value[0] != '-')
			return call->argv[i].value;
	return script_val_unknown;
}

Tri script_cmd_db_get(ScriptEval *ev, const ScriptCall *call)
{
	Val question = first_operand(call);
	Val answer = val_known(question) && !ev->answers_unknown
			     ? g_hash_table_lookup(ev->answers, question)
			     : NULL;

	// A question of another package has an answer that is not in our templates.
	script_set(ev, "RET", answer != NULL ? answer : script_val_unknown);
	return answer != NULL ? TRI_TRUE : TRI_UNKNOWN;
}

/** db_set QUESTION VALUE, db_reset QUESTION. */
Tri script_cmd_db_set(ScriptEval *ev, const ScriptCall *call)
{
	Val question = first_operand(call);
	bool reset = call->row->data != NULL;
	Val value = !reset && call->argc == 2 && !call->argv[1].many ? call->argv[1].value
								     : script_val_unknown;

	if (!val_known(question))
		ev->answers_unknown = true;
	else
		g_hash_table_insert(ev->answers, (gpointer)script_text(ev, question, -1),
			(gpointer)(script_is_maybe(ev) ? script_val_unknown : value));
	return script_nothing(ev, "the answer is kept for this script only");
}

Tri script_cmd_db_query(ScriptEval *ev, const ScriptCall *call)
{
	script_set(ev, "RET", script_val_unknown);
	return TRI_UNKNOWN;
}
