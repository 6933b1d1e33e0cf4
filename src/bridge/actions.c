// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What maintainer scripts did, made part of the package: the actions of bridge/script.h become
// files, attributes and lines for sysusers.d and tmpfiles.d; what is left over is unhandled.
// Format: docs/bridge.md, "Scripts".
#include <string.h>

#include "base/error.h"
#include "bridge/conversion.h"

static bool is_below(const char *path, const char *dir)
{
	size_t size = strlen(dir);

	return strncmp(path, dir, size) == 0 && path[size] == '/';
}

static char payload_type(const StrakeConversion *c, const char *path)
{
	return strake_script_paths_type(path, c->paths);
}

static void add_preset(GPtrArray *presets, const StrakeScriptAction *action)
{
	bool user = g_strcmp0(action->scope, "user") == 0;
	g_autofree char *text = g_strdup_printf("%s%s %s", user ? "user " : "",
		action->enable ? "enable" : "disable", action->name);

	if (!g_ptr_array_find_with_equal_func(presets, text, g_str_equal, NULL))
		g_ptr_array_add(presets, g_steal_pointer(&text));
}

/* Below /usr a link is part of the package; elsewhere it is state, made when missing. */
static void add_link(StrakeConversion *c, const StrakeScriptAction *action)
{
	StrakeRpmFile *file;

	if (payload_type(c, action->path) != 0 || g_hash_table_contains(c->files, action->path) ||
		strake_conversion_removes(c, action->path))
		return;
	if (!is_below(action->path, "/usr")) {
		if (action->line_text != NULL)
			g_ptr_array_add(c->tmpfiles, g_strdup(action->line_text));
		return;
	}
	file = strake_rpm_package_add_link(c->rpm, action->path, action->target);
	file->flags = strake_bridge_file_flags(file->path);
	strake_conversion_register(c, file);
}

/*
 * Several packages may offer the same generic name, so the link cannot be a file of each: whoever
 * comes first makes it. An overlay (package-alternative) makes it a file of the package.
 */
static void add_alternative(StrakeConversion *c, const StrakeScriptAction *action)
{
	if (g_hash_table_contains(c->files, action->path) || payload_type(c, action->path) != 0)
		return;
	for (guint i = 0; i < c->overlays->len; i++) {
		const StrakeBridgeOverlay *overlay = c->overlays->pdata[i];

		if (overlay->def->type == STRAKE_OVERLAY_PACKAGE_ALTERNATIVE &&
			strcmp(overlay->def->file, action->path) == 0)
			return;
	}
	if (is_below(action->path, "/usr/share/man") || strchr(action->path, ' ') != NULL ||
		strake_conversion_removes(c, action->path))
		return;
	g_ptr_array_add(
		c->tmpfiles, g_strdup_printf("L %s - - - - %s", action->path, action->target));
	strake_conversion_note(c, "script",
		"alternative %s -> %s (priority %d): made when nobody else has made it",
		action->path, action->target, action->priority);
}

static void set_one_attr(StrakeConversion *c, const StrakeScriptAction *action, StrakeRpmFile *file)
{
	if (action->mode >= 0 && !S_ISLNK(file->mode)) {
		file->mode = (file->mode & S_IFMT) | (action->mode & 07777);
		if (S_ISREG(file->mode) && file->content == NULL)
			g_hash_table_insert(c->next->modes, g_strdup(file->path),
				GUINT_TO_POINTER(action->mode & 07777));
	}
	if (action->owner != NULL) {
		g_free(file->user);
		file->user = g_strdup(action->owner);
	}
	if (action->group != NULL) {
		g_free(file->group);
		file->group = g_strdup(action->group);
	}
}

/* Sets all names of a hard-linked file. */
static void set_attr(StrakeConversion *c, const StrakeScriptAction *action, StrakeRpmFile *file)
{
	const GPtrArray *names = g_hash_table_lookup(c->next->links, file->path);

	if (names == NULL) {
		set_one_attr(c, action, file);
		return;
	}
	for (guint i = 0; i < names->len; i++)
		set_one_attr(c, action, g_hash_table_lookup(c->files, names->pdata[i]));
}

static void set_attrs(StrakeConversion *c, const StrakeScriptAction *action)
{
	StrakeRpmFile *file = g_hash_table_lookup(c->files, action->path);
	StrakeScriptAction below = *action;

	if (file != NULL)
		set_attr(c, action, file);
	else if (!action->recursive)
		strake_conversion_note(c, "script",
			"%s is not in the package: its mode and owner are left to tmpfiles.d",
			action->path);
	below.mode = -1; // a mode is for the path itself, never for all below
	for (guint i = 0; action->recursive && i < c->rpm->files->len; i++)
		if (is_below(((StrakeRpmFile *)c->rpm->files->pdata[i])->path, action->path))
			set_attr(c, &below, c->rpm->files->pdata[i]);
}

static void add_capability(StrakeConversion *c, const StrakeScriptAction *action)
{
	StrakeRpmFile *file = g_hash_table_lookup(c->files, action->path);

	if (file == NULL || !S_ISREG(file->mode))
		return;
	g_free(file->caps);
	file->caps = g_strdup(action->capability);
}

static void own_file(const StrakeScriptAction *action, StrakeRpmFile *file)
{
	if (file == NULL)
		return;
	if (action->owner != NULL) {
		g_free(file->user);
		file->user = g_strdup(action->owner);
	}
	if (action->group != NULL) {
		g_free(file->group);
		file->group = g_strdup(action->group);
	}
}

static void add_text(StrakeConversion *c, const StrakeScriptAction *action)
{
	own_file(action,
		strake_conversion_add_text(c, action->path, action->mode >= 0 ? action->mode : 0644,
			action->content, action->content_size));
}

static void copy_link(
	StrakeConversion *c, const StrakeScriptAction *action, const StrakeRpmFile *from)
{
	g_autofree char *from_dir = g_path_get_dirname(from->path);
	g_autofree char *to_dir = g_path_get_dirname(action->path);
	g_autofree char *target = NULL;

	if (*from->target == '/' || strcmp(from_dir, to_dir) == 0)
		target = g_strdup(from->target);
	else
		target = g_build_filename(from_dir, from->target, NULL);
	strake_conversion_register(c, strake_rpm_package_add_link(c->rpm, action->path, target));
}

static void add_copy(StrakeConversion *c, const StrakeScriptAction *action)
{
	GBytes *bytes = g_hash_table_lookup(c->content, action->from);
	const StrakeRpmFile *from = g_hash_table_lookup(c->files, action->from);
	gsize size;
	const char *data;

	if (g_hash_table_contains(c->files, action->path) ||
		strake_conversion_removes(c, action->path))
		return; // an overlay that drops the copy need not keep its source
	if (g_str_has_suffix(action->path, ".distrib")) {
		strake_conversion_note(c, "script",
			"%s: nothing is diverted here, so no copy of the original is kept",
			action->path);
		return;
	}
	if (from != NULL && S_ISLNK(from->mode)) {
		copy_link(c, action, from);
		return;
	}
	if (bytes == NULL) {
		// wanted in the next pass; when that one has not got it either, nobody has
		if (g_hash_table_contains(c->plan->capture, action->from) || from == NULL)
			g_ptr_array_add(c->result->unhandled,
				g_strdup_printf("%s:%u: %s: %s cannot be copied from the package",
					strake_script_kind_name(action->script), action->line,
					action->command, action->from));
		else
			g_hash_table_add(c->next->capture, g_strdup(action->from));
		return;
	}
	data = g_bytes_get_data(bytes, &size);
	own_file(action, strake_conversion_add_text(c, action->path,
				 action->mode >= 0 ? action->mode
				 : from != NULL    ? from->mode & 07777
						   : 0644,
				 data, size));
}

static void add_cache(StrakeConversion *c, GPtrArray *caches, const char *name)
{
	if (!g_ptr_array_find_with_equal_func(caches, name, g_str_equal, NULL))
		g_ptr_array_add(caches, g_strdup(name));
}

typedef struct {
	GPtrArray *presets, *caches;
} Facts;

static void apply_action(StrakeConversion *c, const StrakeScriptAction *action, Facts *facts)
{
	switch (action->kind) {
	case STRAKE_SCRIPT_PRESET:
		add_preset(facts->presets, action);
		break;
	case STRAKE_SCRIPT_SYSUSERS:
		g_ptr_array_add(c->sysusers, g_strdup(action->line_text));
		break;
	case STRAKE_SCRIPT_TMPFILES:
		g_ptr_array_add(c->tmpfiles, g_strdup(action->line_text));
		break;
	case STRAKE_SCRIPT_LINK:
		add_link(c, action);
		break;
	case STRAKE_SCRIPT_ALTERNATIVE:
		add_alternative(c, action);
		break;
	case STRAKE_SCRIPT_SET_ATTR:
		set_attrs(c, action);
		break;
	case STRAKE_SCRIPT_CAPABILITY:
		add_capability(c, action);
		break;
	case STRAKE_SCRIPT_CACHE:
		add_cache(c, facts->caches, action->name);
		break;
	case STRAKE_SCRIPT_FILE:
		add_text(c, action);
		break;
	case STRAKE_SCRIPT_COPY:
		add_copy(c, action);
		break;
	default:
		break; // nothing to do at installation; the report says why
	}
	if (action->kind != STRAKE_SCRIPT_NOTHING && action->kind != STRAKE_SCRIPT_REMOVAL) {
		g_autofree char *text = strake_script_action_describe(action);
		strake_conversion_note(c, "script", "%s:%u: %s",
			strake_script_kind_name(action->script), action->line, text);
	}
}

/* Triggers of the control archive: a cache that is rebuilt on this package's behalf. */
static void read_triggers(StrakeConversion *c, Facts *facts)
{
	GBytes *bytes = strake_deb_file_member(c->deb, "triggers");
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (bytes == NULL || g_bytes_get_size(bytes) == 0)
		return;
	text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		const char *space = strchr(g_strstrip(*line), ' ');

		if (**line == '#' || space == NULL)
			continue;
		if (g_str_has_prefix(*line, "activate"))
			add_cache(c, facts->caches, space + 1);
		else
			strake_conversion_note(c, "script",
				"triggers: '%s' is served by the distribution's triggers, not by "
				"this package",
				*line);
	}
}

// -- what is left over

/* The package-note-script overlay for @script whose hash fits; a stale one is reported. */
static bool is_noted(StrakeConversion *c, const StrakeScriptPlan *plan, StrakeScriptKind script)
{
	const char *hash = strake_script_plan_residue_sha256(plan, script);

	for (guint i = 0; i < c->overlays->len; i++) {
		StrakeBridgeOverlay *overlay = c->overlays->pdata[i];

		if (overlay->def->type == STRAKE_OVERLAY_PACKAGE_NOTE_SCRIPT &&
			g_strcmp0(overlay->def->script, strake_script_kind_name(script)) == 0 &&
			hash != NULL && g_strcmp0(overlay->def->sha256, hash) == 0) {
			overlay->hits++;
			return true;
		}
	}
	return false;
}

static void add_unhandled_of(
	StrakeConversion *c, const StrakeScriptPlan *plan, StrakeScriptKind script)
{
	for (size_t i = 0; i < strake_script_plan_n_unhandled(plan); i++) {
		const StrakeScriptUnhandled *item = strake_script_plan_unhandled(plan, i);

		if (item->script == script)
			g_ptr_array_add(c->result->unhandled,
				g_strdup_printf("%s:%u: %s: %s", strake_script_kind_name(script),
					item->line,
					*item->command != '\0' ? item->command : "(whole script)",
					item->why));
	}
}

static unsigned count_unhandled(const StrakeScriptPlan *plan, StrakeScriptKind script)
{
	unsigned count = 0;

	for (size_t i = 0; i < strake_script_plan_n_unhandled(plan); i++)
		count += strake_script_plan_unhandled(plan, i)->script == script;
	return count;
}

/* An overlay read another text than the one that is here now. */
static void check_stale(StrakeConversion *c, const StrakeScriptPlan *plan, StrakeScriptKind script)
{
	const char *name = strake_script_kind_name(script);
	const char *hash = strake_script_plan_residue_sha256(plan, script);

	for (guint i = 0; i < c->overlays->len; i++) {
		const StrakeBridgeOverlay *overlay = c->overlays->pdata[i];
		const StrakeOverlay *def = overlay->def;
		g_autofree char *text = NULL;

		if (def->type != STRAKE_OVERLAY_PACKAGE_NOTE_SCRIPT || overlay->inherited ||
			overlay->hits > 0 || g_strcmp0(def->script, name) != 0)
			continue;
		text = g_strdup_printf("%s of %s %s is not the text that the overlay at %s:%u "
				       "read: its residue has the SHA-256 %s, the overlay says %s",
			name, c->deb_name, strake_deb_file_version(c->deb), def->origin.file,
			def->origin.line, hash != NULL ? hash : "of nothing (the script is gone)",
			def->sha256);
		// a script that is gone, or has nothing of its own left, hides nothing unread
		if ((c->following || hash == NULL) && count_unhandled(plan, script) == 0)
			strake_conversion_note(c, "warning",
				"%s; every command of the new text is understood", text);
		else
			g_ptr_array_add(c->result->unhandled,
				g_strdup_printf("%s; read it with 'strake bridge inspect', then "
						"set sha256",
					text));
	}
}

static void report_unhandled(StrakeConversion *c, const StrakeScriptPlan *plan)
{
	for (int script = 0; script < STRAKE_SCRIPT_N_KINDS; script++) {
		if (is_noted(c, plan, script)) {
			if (count_unhandled(plan, script) > 0)
				strake_conversion_note(c, "script",
					"%s: %u commands without a translation, read and found "
					"not needed",
					strake_script_kind_name(script),
					count_unhandled(plan, script));
			continue;
		}
		check_stale(c, plan, script);
		add_unhandled_of(c, plan, script);
	}
}

static void set_facts(char ***to, GPtrArray *list)
{
	g_ptr_array_sort(list, strake_bridge_compare_texts);
	g_ptr_array_add(list, NULL);
	*to = (char **)g_ptr_array_free(list, FALSE);
}

bool strake_conversion_scripts(StrakeConversion *c, GError **error)
{
	StrakeScriptInput in = {0};
	g_autoptr(StrakeScriptPlan) plan = NULL;
	Facts facts;
	bool noted[STRAKE_SCRIPT_N_KINDS];

	strake_script_input_from_deb(&in, c->deb);
	in.path_type = strake_script_paths_type;
	in.path_mode = strake_script_paths_mode;
	in.path_data = c->paths;
	plan = strake_script_analyse(&in, error);
	if (plan == NULL)
		return false;
	facts.presets = g_ptr_array_new_with_free_func(g_free);
	facts.caches = g_ptr_array_new_with_free_func(g_free);
	for (int script = 0; script < STRAKE_SCRIPT_N_KINDS; script++)
		noted[script] = is_noted(c, plan, script);
	for (size_t i = 0; i < strake_script_plan_n_actions(plan); i++) {
		const StrakeScriptAction *action = strake_script_plan_action(plan, i);

		// What the overlay read and found not needed; debhelper's sections it did not read.
		if (!noted[action->script] || action->section != NULL)
			apply_action(c, action, &facts);
	}
	read_triggers(c, &facts);
	set_facts(&c->result->presets, facts.presets);
	set_facts(&c->result->caches, facts.caches);
	report_unhandled(c, plan);
	c->result->script_class = strake_script_plan_class(plan);
	return true;
}
