// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Redirections: where a command's standard output goes and what is known of its input.
#include "bridge/script_private.h"

#include <string.h>

static bool to_nowhere(const char *path)
{
	return g_str_has_prefix(path, "/dev/");
}

/** The file of standard output or error. */
static void redirect_to_file(
	ScriptEval *ev, ScriptRedirected *r, const StrakeShellRedirect *redirect, bool output)
{
	Val path = script_expand(ev, redirect->target);
	bool nowhere = path == script_val_temp || (val_known(path) && to_nowhere(path));

	if (!output) {
		if (!nowhere && !(val_known(path) && script_volatile(path)))
			script_unhandled(ev, "writes messages to a file");
		return;
	}
	if (r->active)
		script_sink_clear(&r->sink);
	r->active = true;
	r->sink = script_sink(ev, nowhere ? SINK_IGNORED : SINK_FILE);
	r->path = path;
	r->append = redirect->kind == STRAKE_SHELL_APPEND;
	ev->sink = &r->sink;
}

static void redirect_dup(ScriptEval *ev, ScriptRedirected *r, const StrakeShellRedirect *redirect)
{
	Val to = script_expand(ev, redirect->target);

	// Only standard output that goes elsewhere matters: to another descriptor or closed.
	if ((redirect->fd == -1 || redirect->fd == 1) && !(val_known(to) && strcmp(to, "1") == 0)) {
		if (r->active)
			script_sink_clear(&r->sink);
		r->active = true;
		r->sink = script_sink(ev, SINK_IGNORED);
		ev->sink = &r->sink;
	} else if (redirect->fd == 2 && val_known(to) && strcmp(to, "1") == 0 &&
		   ev->sink->kind == SINK_FILE) {
		script_write_unknown(ev); // messages would land in the file
	}
}

void script_redirects_begin(
	ScriptEval *ev, ScriptRedirected *r, const StrakeShellRedirect *redirects)
{
	*r = (ScriptRedirected){.outer_sink = ev->sink, .outer_input = ev->input};
	for (; redirects != NULL; redirects = redirects->next) {
		Val text;

		switch (redirects->kind) {
		case STRAKE_SHELL_WRITE:
		case STRAKE_SHELL_CLOBBER:
		case STRAKE_SHELL_APPEND:
			redirect_to_file(
				ev, r, redirects, redirects->fd == -1 || redirects->fd == 1);
			break;
		case STRAKE_SHELL_WRITE_BOTH:
			redirect_to_file(ev, r, redirects, true);
			script_write_unknown(ev);
			break;
		case STRAKE_SHELL_DUP_OUT:
			redirect_dup(ev, r, redirects);
			break;
		case STRAKE_SHELL_HEREDOC:
		case STRAKE_SHELL_HERESTRING:
			text = script_expand(ev, redirects->target);
			r->has_input = true;
			ev->input = (ScriptInputText){.text = val_known(text) ? text : NULL,
				.certainty = script_certainty(ev)};
			break;
		case STRAKE_SHELL_READ_WRITE:
			redirect_to_file(ev, r, redirects, true);
			script_write_unknown(ev);
			break;
		default:
			(void)script_expand(ev, redirects->target);
			r->has_input = true;
			ev->input = (ScriptInputText){0};
			break;
		}
	}
}

void script_redirects_end(ScriptEval *ev, ScriptRedirected *r)
{
	ev->sink = r->outer_sink;
	if (r->has_input) // else what was read from it stays read
		ev->input = r->outer_input;
	if (!r->active)
		return;
	if (r->sink.kind == SINK_FILE)
		script_sink_to_file(ev, &r->sink, r->path, r->append);
	script_sink_clear(&r->sink);
}
