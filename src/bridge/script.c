// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Maintainer scripts to a plan: splits debhelper sections off, runs the evaluator over each
// script, keeps the residue and its hash.
#include "bridge/script_private.h"

#include <string.h>

#include "base/digest.h"
#include "base/error.h"

// -- one script's text

static void split_lines(StrakeScriptPlan *plan, StrakeScriptKind kind)
{
	const char *text = plan->scripts[kind].text;
	size_t size = plan->scripts[kind].size;

	for (size_t at = 0; at < size;) {
		const char *newline = memchr(text + at, '\n', size - at);
		size_t length = newline != NULL ? (size_t)(newline - text) - at : size - at;
		ScriptLine line = {.start = at, .size = length};

		g_array_append_val(plan->scripts[kind].lines, line);
		at += length + 1;
	}
}

static void set_all_lines(
	StrakeScriptPlan *plan, StrakeScriptKind kind, StrakeScriptLineState state)
{
	GArray *lines = plan->scripts[kind].lines;

	for (size_t i = 0; i < lines->len; i++)
		if (g_array_index(lines, ScriptLine, i).size > 0)
			g_array_index(lines, ScriptLine, i).state = state;
}

/** Lines with a command start as not reached; the evaluator marks those that it walks over. */
static void mark_commands(GArray *lines, const StrakeShellNode *node, StrakeScriptLineState state)
{
	for (; node != NULL; node = node->next) {
		bool leaf =
			node->kind == STRAKE_SHELL_SIMPLE || node->kind == STRAKE_SHELL_UNSUPPORTED;

		for (unsigned i = node->line; leaf && i <= node->last_line && i <= lines->len; i++)
			g_array_index(lines, ScriptLine, i - 1).state = state;
		mark_commands(lines, node->children, state);
		mark_commands(lines, node->condition, state);
		mark_commands(lines, node->body, state);
		mark_commands(lines, node->else_body, state);
		for (const StrakeShellClause *c = node->clauses; c != NULL; c = c->next) {
			mark_commands(lines, c->condition, state);
			mark_commands(lines, c->body, state);
		}
	}
}

// -- debhelper sections

/** The kind in "# Automatically added by dh_installsystemd/13.1": "installsystemd". */
static char *section_kind(const char *comment, size_t size)
{
	static const char prefix[] = "# Automatically added by ";
	const char *name = comment + strlen(prefix);
	size_t length;

	if (size <= strlen(prefix) || memcmp(comment, prefix, strlen(prefix)) != 0)
		return NULL;
	if (size > strlen(prefix) + 3 && memcmp(name, "dh_", 3) == 0)
		name += 3;
	for (length = 0; name + length < comment + size; length++)
		if (!g_ascii_isalnum(name[length]) && name[length] != '-' && name[length] != '_')
			break;
	return g_strndup(name, length);
}

static bool section_end(const char *comment, size_t size)
{
	static const char text[] = "# End automatically added section";

	return size >= strlen(text) && memcmp(comment, text, strlen(text)) == 0;
}

/** Gives every line between the two comments its section; kinds not in the table stay residue. */
static void mark_sections(StrakeScriptPlan *plan, StrakeScriptKind kind, const StrakeShell *shell)
{
	GArray *lines = plan->scripts[kind].lines;
	const char *text = plan->scripts[kind].text;
	size_t count;
	const StrakeShellComment *comments = strake_shell_comments(shell, &count);
	g_autofree char *open = NULL;
	unsigned first = 0;

	for (size_t i = 0; i < count; i++) {
		char *name = section_kind(text + comments[i].start, comments[i].size);

		if (name != NULL && comments[i].alone) {
			g_free(open);
			open = name;
			first = comments[i].line;
			continue;
		}
		g_free(name);
		if (open == NULL || !comments[i].alone ||
			!section_end(text + comments[i].start, comments[i].size))
			continue;
		for (unsigned l = first; script_section_known(open) && l <= comments[i].line; l++)
			g_array_index(lines, ScriptLine, l - 1).section =
				g_string_chunk_insert_const(plan->strings, open);
		g_clear_pointer(&open, g_free);
	}
}

// -- residue

/** Lines that frame any script and do nothing. */
static bool is_frame(const char *line)
{
	static const char *const frames[] = {"set -e", "set -eu", "set -ue", "set -e;", "exit 0",
		"exit 0;", "exit", ":", "true"};

	for (size_t i = 0; i < G_N_ELEMENTS(frames); i++)
		if (strcmp(line, frames[i]) == 0)
			return true;
	return false;
}

/** Byte ranges of comments, so that a '#' in a string or here-document is left alone. */
static size_t comment_in_line(
	const StrakeShellComment *comments, size_t count, size_t *next, const ScriptLine *line)
{
	while (*next < count && comments[*next].start < line->start)
		(*next)++;
	if (*next < count && comments[*next].start < line->start + line->size)
		return comments[*next].start - line->start;
	return line->size;
}

/** The end of the section that line @first begins; *@out_understood: no command of it is unhandled.
 */
static size_t section_run(GArray *lines, size_t first, bool *out_understood)
{
	const char *section = g_array_index(lines, ScriptLine, first).section;
	size_t i = first;

	*out_understood = section != NULL;
	for (; section != NULL && i < lines->len; i++) {
		const ScriptLine *line = &g_array_index(lines, ScriptLine, i);

		if (line->section != section)
			break;
		*out_understood &= line->state != STRAKE_SCRIPT_LINE_UNHANDLED;
	}
	return MAX(i, first + 1);
}

/**
 * After the evaluation: a section with a command that is not understood stays in the residue, so
 * that an overlay can say that it was read.
 * @shell NULL: not shell; then comments are kept, as nobody knows what is one.
 */
static void make_residue(StrakeScriptPlan *plan, StrakeScriptKind kind, const StrakeShell *shell)
{
	GArray *lines = plan->scripts[kind].lines;
	g_autoptr(GString) residue = g_string_new(NULL);
	const StrakeShellComment *comments = NULL;
	size_t count = 0, next = 0;
	size_t run_end = 0; // of the section that the line is in
	bool useful = false, drop = false;
	g_autofree char *sha256 = NULL;

	if (shell != NULL)
		comments = strake_shell_comments(shell, &count);
	for (size_t i = 0; i < lines->len; i++) {
		const ScriptLine *line = &g_array_index(lines, ScriptLine, i);
		size_t size = comment_in_line(comments, count, &next, line);
		g_autofree char *text = NULL;

		if (i >= run_end)
			run_end = section_run(lines, i, &drop);
		if (drop)
			continue;
		text = g_strchomp(g_strndup(plan->scripts[kind].text + line->start, size));
		if (text[0] == '\0')
			continue;
		useful |= !is_frame(text);
		g_string_append(residue, text);
		g_string_append_c(residue, '\n');
	}
	if (!useful)
		return;
	sha256 = strake_digest_data(STRAKE_DIGEST_SHA256, residue->str, residue->len);
	g_strlcpy(plan->scripts[kind].sha256, sha256, sizeof(plan->scripts[kind].sha256));
	plan->scripts[kind].residue = g_string_free(g_steal_pointer(&residue), FALSE);
}

// -- evaluation

static bool interpreter_is_bash(const ScriptEval *ev, StrakeScriptKind kind)
{
	g_autofree char *name = strake_shell_interpreter(
		ev->plan->scripts[kind].text, ev->plan->scripts[kind].size);

	return strcmp(name, "bash") == 0;
}

/** What dpkg passes on a first installation, and what it has in the environment. */
static void start_script(ScriptEval *ev, StrakeScriptKind kind)
{
	static const char *const verbs[] = {
		"install", "configure", "remove", "remove", "configure"};
	bool version_argument = kind == STRAKE_SCRIPT_POSTINST || kind == STRAKE_SCRIPT_CONFIG;

	script_env_free(ev->env);
	ev->env = g_new0(ScriptEnv, 1);
	ev->env->vars = g_hash_table_new(g_str_hash, g_str_equal);
	ev->env->positional = g_ptr_array_new();
	ev->env->positional_known = true;
	ev->env->umask = 022;
	g_ptr_array_add(ev->env->positional, (gpointer)(ev->purge ? "purge" : verbs[kind]));
	if (version_argument)
		g_ptr_array_add(ev->env->positional, (gpointer) "");
	script_set(ev, "DPKG_ROOT", "");
	script_set(ev, "DEBIAN_SCRIPT_DEBUG", ""); // switches for people who debug scripts
	script_set(ev, "DEBIAN_SCRIPT_TRACE", "");
	script_set(ev, "DPKG_MAINTSCRIPT_NAME", strake_script_kind_name(kind));
	script_set(ev, "DPKG_MAINTSCRIPT_PACKAGE", script_text(ev, ev->in->package, -1));
	if (ev->in->architecture != NULL)
		script_set(ev, "DPKG_MAINTSCRIPT_ARCH", script_text(ev, ev->in->architecture, -1));
	ev->kind = kind;
	ev->bash = interpreter_is_bash(ev, kind);
	ev->removal = kind == STRAKE_SCRIPT_PRERM || kind == STRAKE_SCRIPT_POSTRM;
	ev->flow = FLOW_NONE;
	ev->status = TRI_TRUE;
	ev->forks = ev->depth = ev->steps = ev->subshells = 0;
	ev->bytes = 0;
	ev->after_maybe = FLOW_NONE;
	ev->gave_up = false;
	ev->node = NULL;
	ev->input = (ScriptInputText){0};
	g_hash_table_remove_all(ev->functions);
	g_hash_table_remove_all(ev->functions_unclear);
}

static void run_script(ScriptEval *ev, StrakeScriptKind kind, const StrakeShell *shell)
{
	ScriptSink terminal = {.kind = SINK_TERMINAL};

	start_script(ev, kind);
	ev->sink = &terminal;
	script_eval_program(ev, strake_shell_root(shell));
	g_clear_pointer(&ev->env, script_env_free);
	ev->node = NULL;
	ev->sink = NULL;
}

/** Removal scripts are out of scope; of a purge, the paths that go are the package's state. */
static void run_removal(ScriptEval *ev, StrakeScriptKind kind, const StrakeShell *shell)
{
	StrakeScriptPlan *plan = ev->plan;

	mark_commands(
		plan->scripts[kind].lines, strake_shell_root(shell), STRAKE_SCRIPT_LINE_REMOVAL);
	ev->kind = kind;
	ev->node = NULL;
	if (plan->scripts[kind].residue != NULL) {
		StrakeScriptAction *action = script_action(ev, STRAKE_SCRIPT_REMOVAL);

		action->why = "runs only when the package is removed";
		action->command = "";
	}
	if (kind == STRAKE_SCRIPT_POSTRM) {
		bool hand_written = plan->hand_written;

		ev->purge = true;
		run_script(ev, kind, shell);
		ev->purge = false;
		plan->hand_written = hand_written;
	}
}

/** Does the config script change answers? Then what the templates say is not what scripts read. */
static void look_for_db_set(ScriptEval *ev, const StrakeShellNode *node)
{
	for (; node != NULL; node = node->next) {
		g_autofree char *name = node->words != NULL && node->kind == STRAKE_SHELL_SIMPLE
						? strake_shell_word_literal(node->words)
						: NULL;

		if (name != NULL &&
			(strcmp(name, "db_set") == 0 || strcmp(name, "db_reset") == 0)) {
			g_autofree char *question =
				node->words->next != NULL
					? strake_shell_word_literal(node->words->next)
					: NULL;

			if (question == NULL)
				ev->answers_unknown = true;
			else
				g_hash_table_insert(ev->answers,
					g_string_chunk_insert_const(ev->plan->strings, question),
					(gpointer)script_val_unknown);
		} else if (name != NULL && strcmp(name, ".") == 0) {
			g_autofree char *file =
				node->words->next != NULL
					? strake_shell_word_literal(node->words->next)
					: NULL;

			if (file == NULL || !g_str_has_suffix(file, "/confmodule"))
				ev->answers_unknown = true;
		}
		look_for_db_set(ev, node->children);
		look_for_db_set(ev, node->condition);
		look_for_db_set(ev, node->body);
		look_for_db_set(ev, node->else_body);
		for (const StrakeShellClause *c = node->clauses; c != NULL; c = c->next) {
			look_for_db_set(ev, c->condition);
			look_for_db_set(ev, c->body);
		}
	}
}

static bool is_shell(const char *interpreter)
{
	return strcmp(interpreter, "sh") == 0 || strcmp(interpreter, "dash") == 0 ||
	       strcmp(interpreter, "bash") == 0;
}

/** An entry for a script that cannot be read as a whole. */
static void whole_unhandled(ScriptEval *ev, StrakeScriptKind kind, const char *why)
{
	ev->kind = kind;
	ev->node = NULL;
	ev->removal = false;
	set_all_lines(ev->plan, kind, STRAKE_SCRIPT_LINE_UNREAD);
	script_unhandled(ev, "%s", why);
}

/** Reads one script; NULL when it is not shell, which is then an unhandled item already. */
static StrakeShell *read_script(ScriptEval *ev, StrakeScriptKind kind)
{
	const char *text = ev->plan->scripts[kind].text;
	size_t size = ev->plan->scripts[kind].size;
	g_autofree char *interpreter = strake_shell_interpreter(text, size);
	g_autoptr(GError) error = NULL;
	StrakeShell *shell = NULL;
	g_autofree char *why = NULL;

	if (interpreter[0] == '\0')
		why = g_strdup("no interpreter line");
	else if (!is_shell(interpreter))
		why = g_strdup_printf("%.40s script", interpreter);
	else if ((shell = strake_shell_parse(text, size, strake_script_kind_name(kind), &error)) !=
		 NULL)
		return shell;
	else
		why = g_strdup(error->message);
	if (kind == STRAKE_SCRIPT_CONFIG) {
		// Never run here; but the answers that it may have given are not known.
		ev->answers_unknown = true;
		return NULL;
	}
	whole_unhandled(ev, kind, why);
	return NULL;
}

static void analyse_script(ScriptEval *ev, StrakeScriptKind kind, GPtrArray *shells)
{
	StrakeScriptPlan *plan = ev->plan;
	StrakeShell *shell = read_script(ev, kind);

	if (shell != NULL) {
		g_ptr_array_add(shells, shell); // actions point into its text
		mark_sections(plan, kind, shell);
	}
	if (kind == STRAKE_SCRIPT_CONFIG) {
		StrakeScriptAction *action;
		bool hand_written = plan->hand_written;

		if (shell != NULL)
			look_for_db_set(ev, strake_shell_root(shell));
		ev->kind = kind;
		ev->node = NULL;
		action = script_action(ev, STRAKE_SCRIPT_NOTHING);
		action->why = "asks debconf's questions; the answers are the templates' defaults";
		action->command = "";
		plan->hand_written = hand_written;
	} else if (shell == NULL) {
		// reported as a whole
	} else if (kind == STRAKE_SCRIPT_PRERM || kind == STRAKE_SCRIPT_POSTRM) {
		make_residue(plan, kind, shell);
		run_removal(ev, kind, shell);
		return;
	} else {
		mark_commands(plan->scripts[kind].lines, strake_shell_root(shell),
			STRAKE_SCRIPT_LINE_NOT_REACHED);
		run_script(ev, kind, shell);
	}
	make_residue(plan, kind, shell);
}

/** usermod of accounts that this package makes is an update of older systems. */
static void settle_usermods(ScriptEval *ev)
{
	for (size_t i = 0; i < ev->usermods->len; i++) {
		const StrakeScriptUnhandled *draft = g_ptr_array_index(ev->usermods, i);
		StrakeShellNode node = {.line = draft->line,
			.last_line = draft->line,
			.source = draft->command,
			.source_size = strlen(draft->command)};

		ev->kind = draft->script;
		ev->removal = false;
		ev->node = &node;
		if (g_hash_table_contains(ev->accounts, draft->why))
			script_nothing(ev, "updates an account of older systems");
		else
			script_unhandled(
				ev, "changes account '%s', which it did not make", draft->why);
	}
	ev->node = NULL;
}

static void load_scripts(StrakeScriptPlan *plan, const StrakeScriptInput *in)
{
	for (size_t i = 0; i < STRAKE_SCRIPT_N_KINDS; i++) {
		const char *data;

		plan->scripts[i].lines = g_array_new(FALSE, FALSE, sizeof(ScriptLine));
		if (in->scripts[i] == NULL)
			continue;
		plan->scripts[i].present = true;
		data = g_bytes_get_data(in->scripts[i], &plan->scripts[i].size);
		plan->scripts[i].text = g_malloc(plan->scripts[i].size + 1);
		if (plan->scripts[i].size > 0)
			memcpy(plan->scripts[i].text, data, plan->scripts[i].size);
		plan->scripts[i].text[plan->scripts[i].size] = '\0';
		split_lines(plan, (StrakeScriptKind)i);
	}
}

StrakeScriptPlan *strake_script_analyse(const StrakeScriptInput *in, GError **error)
{
	// The config script first: it decides what the others read from debconf.
	static const StrakeScriptKind order[] = {STRAKE_SCRIPT_CONFIG, STRAKE_SCRIPT_PREINST,
		STRAKE_SCRIPT_POSTINST, STRAKE_SCRIPT_PRERM, STRAKE_SCRIPT_POSTRM};
	g_autoptr(StrakeScriptPlan) plan = NULL;
	g_autoptr(GPtrArray) shells =
		g_ptr_array_new_with_free_func((GDestroyNotify)strake_shell_free);
	ScriptEval ev = {.in = in};
	bool ok;

	g_return_val_if_fail(in->package != NULL, NULL);
	for (size_t i = 0; i < STRAKE_SCRIPT_N_KINDS; i++)
		if (in->scripts[i] != NULL &&
			g_bytes_get_size(in->scripts[i]) > STRAKE_SCRIPT_MAX_BYTES) {
			strake_error_set(error, STRAKE_ERROR_LIMIT,
				"%s: %s: %zu bytes; at most %d are read", in->package,
				strake_script_kind_name((StrakeScriptKind)i),
				g_bytes_get_size(in->scripts[i]), STRAKE_SCRIPT_MAX_BYTES);
			return NULL;
		}
	plan = g_new0(StrakeScriptPlan, 1);
	plan->actions = g_ptr_array_new_with_free_func(g_free);
	plan->unhandled = g_ptr_array_new_with_free_func(g_free);
	plan->strings = g_string_chunk_new(4096);
	load_scripts(plan, in);
	ev.plan = plan;
	ev.answers = g_hash_table_new(g_str_hash, g_str_equal);
	ev.functions = g_hash_table_new(g_str_hash, g_str_equal);
	ev.functions_unclear = g_hash_table_new(g_str_hash, g_str_equal);
	ev.objects = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	ev.accounts = g_hash_table_new(g_str_hash, g_str_equal);
	ev.sides = g_ptr_array_new_with_free_func(g_free);
	ev.usermods = g_ptr_array_new_with_free_func(g_free);
	ok = in->templates == NULL ||
	     script_templates_parse(in->templates, plan->strings, ev.answers, error);
	for (size_t i = 0; ok && i < G_N_ELEMENTS(order); i++)
		if (plan->scripts[order[i]].present)
			analyse_script(&ev, order[i], shells);
	if (ok) {
		settle_usermods(&ev);
		script_fs_finish(&ev);
	}
	g_hash_table_unref(ev.answers);
	g_hash_table_unref(ev.functions);
	g_hash_table_unref(ev.functions_unclear);
	g_hash_table_unref(ev.objects);
	g_hash_table_unref(ev.accounts);
	g_ptr_array_unref(ev.usermods);
	g_ptr_array_unref(ev.sides);
	return ok ? g_steal_pointer(&plan) : NULL;
}
