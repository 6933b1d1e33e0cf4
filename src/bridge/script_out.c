// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Results of the evaluation: actions, unhandled commands, line states, collected output.
#include "bridge/script_private.h"

#include <string.h>

enum { MAX_COMMAND_TEXT = 240, MAX_OUTPUT_BYTES = 256 << 10, MAX_RESULTS = 5000 };

const char *script_command_text(ScriptEval *ev, const StrakeShellNode *node)
{
	g_autoptr(GString) text = g_string_new(NULL);
	bool blank = false;

	for (size_t i = 0; node != NULL && i < node->source_size; i++) {
		char c = node->source[i];

		if (c == '\\' && i + 1 < node->source_size && node->source[i + 1] == '\n') {
			i++;
			c = ' ';
		}
		if (c == ' ' || c == '\t' || c == '\n') {
			blank = true;
			continue;
		}
		if (blank && text->len > 0)
			g_string_append_c(text, ' ');
		blank = false;
		g_string_append_c(text, c);
		if (text->len > MAX_COMMAND_TEXT) {
			g_string_append(text, " ...");
			break;
		}
	}
	if (!g_utf8_validate(text->str, (gssize)text->len, NULL)) {
		g_autofree char *valid = g_utf8_make_valid(text->str, (gssize)text->len);

		return g_string_chunk_insert(ev->plan->strings, valid);
	}
	return g_string_chunk_insert_const(ev->plan->strings, text->str);
}

static ScriptLine *line_of(ScriptEval *ev, unsigned line)
{
	GArray *lines = ev->plan->scripts[ev->kind].lines;

	return line >= 1 && line <= lines->len ? &g_array_index(lines, ScriptLine, line - 1) : NULL;
}

static const char *section_of(ScriptEval *ev, unsigned line)
{
	const ScriptLine *at = line_of(ev, line);

	return at != NULL ? at->section : NULL;
}

static void set_lines(ScriptEval *ev, const StrakeShellNode *node, StrakeScriptLineState state)
{
	for (unsigned i = node->line; i <= node->last_line; i++) {
		ScriptLine *line = line_of(ev, i);

		if (line != NULL && line->state != STRAKE_SCRIPT_LINE_UNHANDLED &&
			line->state != STRAKE_SCRIPT_LINE_REMOVAL)
			line->state = state;
	}
}

void script_reached(ScriptEval *ev, const StrakeShellNode *node)
{
	if (!ev->removal)
		set_lines(ev, node, STRAKE_SCRIPT_LINE_HANDLED);
}

StrakeScriptAction *script_action(ScriptEval *ev, StrakeScriptActionKind kind)
{
	StrakeScriptAction *action = g_new0(StrakeScriptAction, 1);
	unsigned line = ev->node != NULL ? ev->node->line : 0;

	action->kind = kind;
	action->script = ev->kind;
	action->line = line;
	action->command = script_command_text(ev, ev->node);
	action->section = section_of(ev, line);
	action->maybe = script_is_maybe(ev);
	if (action->maybe)
		action->guard = ev->after_maybe != FLOW_NONE || ev->side == NULL ? ev->left_guard
										 : ev->side->guard;
	action->mode = -1;
	g_ptr_array_add(ev->plan->actions, action);
	if (action->section == NULL)
		ev->plan->hand_written = true;
	if (ev->plan->actions->len > MAX_RESULTS)
		script_give_up(ev, "the script does too many things to be followed");
	return action;
}

Tri script_nothing(ScriptEval *ev, const char *why)
{
	const GPtrArray *actions = ev->plan->actions;
	const StrakeScriptAction *last =
		actions->len > 0 ? g_ptr_array_index(actions, actions->len - 1) : NULL;

	if (ev->removal)
		return TRI_TRUE;
	// The same command in a loop, or with several operands, is told once.
	if (last != NULL && last->kind == STRAKE_SCRIPT_NOTHING && last->script == ev->kind &&
		ev->node != NULL && last->line == ev->node->line && strcmp(last->why, why) == 0)
		return TRI_TRUE;
	script_action(ev, STRAKE_SCRIPT_NOTHING)->why =
		g_string_chunk_insert_const(ev->plan->strings, why);
	return TRI_TRUE;
}

Tri script_unhandled(ScriptEval *ev, const char *format, ...)
{
	g_autofree char *why = NULL;
	StrakeScriptUnhandled *item;
	const char *command = script_command_text(ev, ev->node);
	unsigned line = ev->node != NULL ? ev->node->line : 0;
	va_list args;

	if (ev->removal)
		return TRI_UNKNOWN;
	va_start(args, format);
	why = g_strdup_vprintf(format, args);
	va_end(args);
	if (!g_utf8_validate(why, -1, NULL)) {
		char *valid = g_utf8_make_valid(why, -1);

		g_free(why);
		why = valid;
	}
	if (section_of(ev, line) == NULL)
		ev->plan->hand_written = true;
	if (ev->node != NULL)
		set_lines(ev, ev->node, STRAKE_SCRIPT_LINE_UNHANDLED);
	for (size_t i = 0; i < ev->plan->unhandled->len; i++) {
		const StrakeScriptUnhandled *old = g_ptr_array_index(ev->plan->unhandled, i);

		if (old->script == ev->kind && old->line == line &&
			strcmp(old->command, command) == 0)
			return TRI_UNKNOWN; // one entry a command; the first reason is enough
	}
	if (ev->plan->unhandled->len > MAX_RESULTS)
		return TRI_UNKNOWN;
	item = g_new0(StrakeScriptUnhandled, 1);
	item->script = ev->kind;
	item->line = line;
	item->command = command;
	item->why = g_string_chunk_insert_const(ev->plan->strings, why);
	item->section = section_of(ev, line);
	item->maybe = script_is_maybe(ev);
	g_ptr_array_add(ev->plan->unhandled, item);
	return TRI_UNKNOWN;
}

// -- output

ScriptSink script_sink(ScriptEval *ev, SinkKind kind)
{
	ScriptSink sink = {.kind = kind, .certainty = script_certainty(ev)};

	if (kind == SINK_TEXT || kind == SINK_FILE)
		sink.text = g_string_new(NULL);
	return sink;
}

void script_sink_clear(ScriptSink *sink)
{
	if (sink->text != NULL)
		g_string_free(sink->text, TRUE);
	sink->text = NULL;
}

void script_write(ScriptEval *ev, const char *text, size_t size)
{
	ScriptSink *sink = ev->sink;

	if (sink->text == NULL)
		return;
	if (script_certainty(ev) > sink->certainty || sink->text->len + size > MAX_OUTPUT_BYTES)
		sink->unknown = true; // written on one way only, or too much
	else
		g_string_append_len(sink->text, text, (gssize)size);
}

void script_write_unknown(ScriptEval *ev)
{
	ev->sink->unknown = true;
}

void script_sink_to_file(ScriptEval *ev, ScriptSink *sink, Val value, bool append)
{
	Val path = script_path(ev, value);
	const ScriptObject *object;

	if (ev->removal)
		return;
	if (!val_known(path)) {
		script_unhandled(ev, "writes to a file whose name is not known");
		return;
	}
	if (script_volatile(path)) {
		script_nothing(ev, "writes below /run, /tmp or a kernel file system: not part of "
				   "an image");
		return;
	}
	if (sink->unknown || sink->temp) {
		script_unhandled(ev, "writes text that is only known at run time to %s", path);
		return;
	}
	object = script_object(ev, path);
	if (append && object != NULL && object->action != NULL &&
		object->action->kind == STRAKE_SCRIPT_FILE && !script_is_maybe(ev)) {
		g_autoptr(GString) all = g_string_new_len(
			object->action->content, (gssize)object->action->content_size);

		g_string_append_len(all, sink->text->str, (gssize)sink->text->len);
		script_make_file(ev, path, all->str, all->len, -1);
		return;
	}
	if (append) {
		script_unhandled(ev, "appends to %s, which this script did not make", path);
		return;
	}
	script_make_file(ev, path, sink->text->str, sink->text->len, -1);
}

bool script_skip_section(ScriptEval *ev, const StrakeShellNode *node)
{
	const char *section = section_of(ev, node->line);
	const char *cache = section != NULL ? script_section_cache(section) : NULL;

	if (cache == NULL)
		return false;
	script_reached(ev, node);
	ev->node = node;
	if (!ev->removal)
		script_action(ev, STRAKE_SCRIPT_CACHE)->name = cache;
	return true;
}
