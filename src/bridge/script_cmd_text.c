// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Text tools whose output can be told: echo, printf, cat, basename, expr; and filters that only
// read.
#include "bridge/script_private.h"

#include <string.h>

// -- output

/** dash's echo: escapes are always interpreted; *@stop after \c. False: an escape we leave. */
static void append_escaped(GString *out, const char *text, bool *stop)
{
	static const char from[] = "abfnrtv\\", to[] = "\a\b\f\n\r\t\v\\";

	for (; *text != '\0' && !*stop; text++) {
		const char *known;

		if (*text != '\\' || text[1] == '\0') {
			g_string_append_c(out, *text);
			continue;
		}
		text++;
		known = strchr(from, *text);
		if (known != NULL) {
			g_string_append_c(out, to[known - from]);
		} else if (*text == 'c') {
			*stop = true;
		} else if (*text == '0') {
			unsigned value = 0;

			for (unsigned i = 0; i < 3 && text[1] >= '0' && text[1] <= '7'; i++)
				value = value * 8 + (unsigned)(*++text - '0');
			g_string_append_c(out, (char)value);
		} else {
			g_string_append_c(out, '\\');
			g_string_append_c(out, *text);
		}
	}
}

Tri script_cmd_echo(ScriptEval *ev, const ScriptCall *call)
{
	g_autoptr(GString) text = g_string_new(NULL);
	bool newline = true, stop = false, escapes = false;
	size_t i = 0;

	while (i < call->argc && val_known(call->argv[i].value) &&
		(strcmp(call->argv[i].value, "-n") == 0 ||
			strcmp(call->argv[i].value, "-e") == 0)) {
		newline &= call->argv[i].value[1] != 'n';
		escapes |= call->argv[i].value[1] == 'e';
		i++;
	}
	for (size_t first = i; i < call->argc; i++) {
		if (!val_known(call->argv[i].value) || call->argv[i].many || call->argv[i].glob) {
			script_write_unknown(ev);
			return TRI_TRUE;
		}
		if (i > first)
			g_string_append_c(text, ' ');
		if (ev->bash && !escapes)
			g_string_append(text, call->argv[i].value);
		else
			append_escaped(text, call->argv[i].value, &stop);
	}
	if (escapes && !ev->bash) // dash would print the -e
		script_write_unknown(ev);
	if (newline && !stop)
		g_string_append_c(text, '\n');
	script_write(ev, text->str, text->len);
	return TRI_TRUE;
}

/** printf with %s, %d, %b and %% without widths; anything else is not followed. */
static bool format_once(GString *out, const char *format, const ScriptCall *call, size_t *next)
{
	bool stop = false;
	const char *p = format;

	for (const char *q = strchr(p, '\\'); q != NULL; q = strchr(q + 2, '\\'))
		if (q[1] == '\0' || strchr("abfnrtv\\", q[1]) == NULL)
			return false; // octal and others

	while (*p != '\0' && !stop) {
		size_t plain = strcspn(p, "%");
		g_autofree char *piece = g_strndup(p, plain);

		append_escaped(out, piece, &stop);
		p += plain;
		if (*p == '\0')
			break;
		if (p[1] == '%') {
			g_string_append_c(out, '%');
		} else if (p[1] == 's' || p[1] == 'b' || p[1] == 'd') {
			const char *value = p[1] == 'd' ? "0" : "";

			if (*next < call->argc) {
				if (!val_known(call->argv[*next].value) || call->argv[*next].many ||
					call->argv[*next].glob)
					return false;
				value = call->argv[(*next)++].value;
			}
			if (p[1] == 'b')
				append_escaped(out, value, &stop);
			else
				g_string_append(out, value);
		} else {
			return false;
		}
		p += 2;
	}
	return !stop;
}

Tri script_cmd_printf(ScriptEval *ev, const ScriptCall *call)
{
	g_autoptr(GString) text = g_string_new(NULL);
	size_t next = 1, before;
	bool ok = call->argc > 0 && val_known(call->argv[0].value) && !call->argv[0].many &&
		  call->argv[0].value[0] != '-';

	do { // the format is used again while arguments are left
		before = next;
		ok = ok && text->len < 65536 && format_once(text, call->argv[0].value, call, &next);
	} while (ok && next > before && next < call->argc);
	if (!ok)
		script_write_unknown(ev);
	else
		script_write(ev, text->str, text->len);
	return TRI_TRUE;
}

static void write_input(ScriptEval *ev)
{
	if (ev->input.text == NULL || ev->input.certainty < script_certainty(ev)) {
		script_write_unknown(ev);
		return;
	}
	script_write(ev, ev->input.text + ev->input.at, strlen(ev->input.text + ev->input.at));
	ev->input.at = strlen(ev->input.text);
}

/** cat of the known input, or of one packaged file into a file, which is a copy. */
Tri script_cmd_cat(ScriptEval *ev, const ScriptCall *call)
{
	const ScriptObject *object;
	Val path;

	if (call->argc == 0 || (call->argc == 1 && val_known(call->argv[0].value) &&
				       strcmp(call->argv[0].value, "-") == 0)) {
		write_input(ev);
		return TRI_TRUE;
	}
	path = call->argc == 1 && !call->argv[0].many && !call->argv[0].glob
		       ? script_path(ev, call->argv[0].value)
		       : script_val_unknown;
	object = val_known(path) ? script_object(ev, path) : NULL;
	if (object != NULL && object->action != NULL &&
		object->action->kind == STRAKE_SCRIPT_FILE && !object->action->maybe)
		script_write(ev, object->action->content, object->action->content_size);
	else
		script_write_unknown(ev);
	return TRI_UNKNOWN;
}

Tri script_cmd_tee(ScriptEval *ev, const ScriptCall *call)
{
	ScriptSink sink;

	if (call->argc != 1 || !val_known(call->argv[0].value) || call->argv[0].value[0] == '-')
		return script_unhandled(ev, "only 'tee FILE' has a rule");
	sink = script_sink(ev, SINK_FILE);
	if (ev->input.text != NULL && ev->input.certainty >= script_certainty(ev))
		g_string_append(sink.text, ev->input.text + ev->input.at);
	else
		sink.unknown = true;
	script_sink_to_file(ev, &sink, call->argv[0].value, false);
	script_sink_clear(&sink);
	write_input(ev);
	return TRI_TRUE;
}

static void write_line(ScriptEval *ev, const char *text)
{
	script_write(ev, text, strlen(text));
	script_write(ev, "\n", 1);
}

/** readlink of the links that every root directory has, dpkg-realpath. */
Tri script_cmd_readlink(ScriptEval *ev, const ScriptCall *call)
{
	Val path = call->argc == 1 && !call->argv[0].many ? script_path(ev, call->argv[0].value)
							  : script_val_unknown;
	const char *target = val_known(path) ? script_base_link(path) : NULL;
	g_autofree char *text = NULL;

	if (target == NULL)
		return script_cmd_query(ev, call);
	text = g_strndup(target + 1, strlen(target) - 2);
	write_line(ev, text);
	return TRI_TRUE;
}

Tri script_cmd_basename(ScriptEval *ev, const ScriptCall *call)
{
	g_autofree char *name = NULL;

	if (call->argc < 1 || call->argc > 2 || call->argv[0].many ||
		!val_known(call->argv[0].value) || call->argv[0].value[0] == '-' ||
		(call->argc == 2 && !val_known(call->argv[1].value))) {
		script_write_unknown(ev);
		return TRI_TRUE;
	}
	name = g_path_get_basename(call->argv[0].value);
	if (call->argc == 2 && g_str_has_suffix(name, call->argv[1].value) &&
		strcmp(name, call->argv[1].value) != 0)
		name[strlen(name) - strlen(call->argv[1].value)] = '\0';
	write_line(ev, name);
	return TRI_TRUE;
}

Tri script_cmd_dirname(ScriptEval *ev, const ScriptCall *call)
{
	g_autofree char *text = NULL;
	g_autofree char *name = NULL;

	if (call->argc != 1 || call->argv[0].many || !val_known(call->argv[0].value) ||
		call->argv[0].value[0] == '-') {
		script_write_unknown(ev);
		return TRI_TRUE;
	}
	text = g_strdup(call->argv[0].value);
	while (strlen(text) > 1 && g_str_has_suffix(text, "/"))
		text[strlen(text) - 1] = '\0';
	name = g_path_get_dirname(text);
	write_line(ev, name);
	return TRI_TRUE;
}

Tri script_cmd_mktemp(ScriptEval *ev, const ScriptCall *call)
{
	// With a template outside /tmp the file lies where the script wants it.
	for (size_t i = 0; i < call->argc; i++) {
		Val v = call->argv[i].value;

		if (!val_known(v) || v[0] == '/')
			if (!val_known(v) || !script_volatile(v)) {
				script_write_unknown(ev);
				return TRI_TRUE;
			}
	}
	if (script_certainty(ev) > ev->sink->certainty)
		ev->sink->unknown = true;
	ev->sink->temp = true;
	return TRI_TRUE;
}

// -- filters

/** -i, -Ei, --in-place; not the i in -e's or -f's value. */
static bool edits_in_place(const char *option)
{
	const char *value = option + strcspn(option, "efl");
	const char *i = strchr(option, 'i');

	if (option[0] != '-')
		return false;
	if (option[1] == '-')
		return g_str_has_prefix(option, "--in-place");
	return i != NULL && i < value;
}

/** sed is a filter unless it edits in place or writes: -i, the w command. */
Tri script_cmd_sed(ScriptEval *ev, const ScriptCall *call)
{
	script_write_unknown(ev);
	for (size_t i = 0; i < call->argc; i++) {
		Val v = call->argv[i].value;

		if (!val_known(v) && call->argv[i].many)
			return script_unhandled(ev, "sed with options known only at run time");
		if (!val_known(v))
			continue;
		if (edits_in_place(v)) {
			const ScriptArg *last = &call->argv[call->argc - 1];

			if (last->value == script_val_temp && !last->many)
				return script_nothing(ev, "edits a temporary file");
			return script_unhandled(ev, "edits a file in place");
		}
	}
	return TRI_UNKNOWN;
}

Tri script_cmd_awk(ScriptEval *ev, const ScriptCall *call)
{
	script_write_unknown(ev);
	for (size_t i = 0; i < call->argc; i++) {
		Val v = call->argv[i].value;

		if (!val_known(v))
			continue;
		if (strstr(v, "system") != NULL || strstr(v, "getline") != NULL ||
			(strstr(v, "print") != NULL && strpbrk(v, ">|") != NULL))
			return script_unhandled(ev, "an awk program that may write or run");
	}
	return TRI_UNKNOWN;
}

Tri script_cmd_find(ScriptEval *ev, const ScriptCall *call)
{
	static const char *const acts[] = {"-exec", "-execdir", "-ok", "-okdir", "-delete",
		"-fprint", "-fprintf", "-fls", "-fprint0"};

	script_write_unknown(ev);
	for (size_t i = 0; i < call->argc; i++)
		for (size_t j = 0; j < G_N_ELEMENTS(acts); j++)
			if (val_known(call->argv[i].value) &&
				strcmp(call->argv[i].value, acts[j]) == 0)
				return script_unhandled(ev,
					"'%s' of find acts on files that are "
					"known only at run time",
					acts[j]);
	return TRI_UNKNOWN;
}

Tri script_cmd_expr(ScriptEval *ev, const ScriptCall *call)
{
	g_autoptr(GString) text = g_string_new(NULL);
	Val value = script_val_unknown;

	if (call->argc == 3 && val_known(call->argv[0].value) && val_known(call->argv[1].value) &&
		val_known(call->argv[2].value) && strlen(call->argv[1].value) == 1 &&
		strchr("+-*/%", call->argv[1].value[0]) != NULL) {
		g_string_printf(text, "%s %s %s", call->argv[0].value, call->argv[1].value,
			call->argv[2].value);
		if (strspn(text->str, "0123456789 +-*/%") == text->len)
			value = script_arith(ev, text->str);
	}
	if (val_known(value))
		write_line(ev, value);
	else
		script_write_unknown(ev);
	return val_known(value) ? tri_of(strcmp(value, "0") != 0) : TRI_UNKNOWN;
}
