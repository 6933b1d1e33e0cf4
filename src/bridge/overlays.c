// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The package-* overlays applied to a conversion. What each type needs is checked when definitions
// are loaded; here each one must find what it is about. Format: docs/overlays.md, docs/bridge.md.
#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "bridge/conversion.h"

enum { MAX_SOURCE = 64 << 20 };

static bool is_package_overlay(const StrakeOverlay *def)
{
	return def->type >= STRAKE_OVERLAY_PACKAGE_RENAME && def->type < STRAKE_OVERLAY_N_TYPES;
}

static bool same_place(const StrakeOverlay *a, const StrakeOverlay *b)
{
	return a == b || (a->type == b->type && a->origin.line == b->origin.line &&
				 a->origin.column == b->origin.column &&
				 g_strcmp0(a->origin.file, b->origin.file) == 0);
}

static bool is_inherited(const GPtrArray *inherited, const StrakeOverlay *def)
{
	for (guint i = 0; inherited != NULL && i < inherited->len; i++)
		if (same_place(inherited->pdata[i], def))
			return true;
	return false;
}

static void overlay_free(gpointer data)
{
	StrakeBridgeOverlay *overlay = data;

	g_clear_pointer(&overlay->glob, strake_glob_free);
	g_free(overlay);
}

static const char *pattern_of(const StrakeOverlay *def)
{
	switch (def->type) {
	case STRAKE_OVERLAY_PACKAGE_FILE_REMOVE:
	case STRAKE_OVERLAY_PACKAGE_SET_ATTR:
		return def->file;
	case STRAKE_OVERLAY_PACKAGE_REMOVE_DEPENDENCY:
		return def->value;
	default:
		return NULL;
	}
}

bool strake_conversion_load_overlays(
	StrakeConversion *c, const GPtrArray *inherited, GError **error)
{
	const GPtrArray *defs = c->component != NULL ? c->component->overlays : NULL;

	c->overlays = g_ptr_array_new_with_free_func(overlay_free);
	for (guint i = 0; defs != NULL && i < defs->len; i++) {
		const StrakeOverlay *def = defs->pdata[i];
		StrakeBridgeOverlay *overlay;

		if (!is_package_overlay(def))
			continue; // of the package's source, not of its binary
		overlay = g_new0(StrakeBridgeOverlay, 1);
		overlay->def = def;
		overlay->inherited = is_inherited(inherited, def);
		g_ptr_array_add(c->overlays, overlay);
		if (pattern_of(def) == NULL)
			continue;
		overlay->glob = strake_glob_new(pattern_of(def), error);
		if (overlay->glob == NULL) {
			g_prefix_error(error, "%s:%u: ", def->origin.file, def->origin.line);
			return false;
		}
	}
	return true;
}

bool strake_conversion_removes(StrakeConversion *c, const char *path)
{
	bool removes = false;

	for (guint i = 0; i < c->overlays->len; i++) {
		StrakeBridgeOverlay *overlay = c->overlays->pdata[i];

		if (overlay->def->type != STRAKE_OVERLAY_PACKAGE_FILE_REMOVE ||
			!strake_glob_match(overlay->glob, path))
			continue;
		overlay->hits++;
		removes = true;
	}
	return removes;
}

/* What a move makes of @path: the file itself or something below it; a * in the old name stands for
 * any run but /, and one in the new name for the same text. NULL: not moved. */
static char *move_path(const StrakeOverlay *def, const char *path)
{
	const char *star = strchr(def->file, '*');
	size_t size = star != NULL ? (size_t)(star - def->file) : strlen(def->file);
	g_autofree char *run = NULL;
	g_auto(GStrv) parts = NULL;
	const char *end;

	if (strncmp(path, def->file, size) != 0)
		return NULL;
	if (star == NULL)
		return path[size] == '\0' || path[size] == '/'
			       ? g_strconcat(def->replacement, path + size, NULL)
			       : NULL;
	if (!g_str_has_suffix(path, star + 1) || strlen(path) < size + strlen(star + 1))
		return NULL;
	end = path + strlen(path) - strlen(star + 1);
	run = g_strndup(path + size, (size_t)(end - path) - size);
	if (*run == '\0' || strchr(run, '/') != NULL)
		return NULL;
	parts = g_strsplit(def->replacement, "*", -1);
	return g_strjoinv(run, parts);
}

char *strake_conversion_moved(StrakeConversion *c, const char *path)
{
	char *moved = g_strdup(path);

	for (guint i = 0; i < c->overlays->len; i++) {
		StrakeBridgeOverlay *overlay = c->overlays->pdata[i];
		const StrakeOverlay *def = overlay->def;
		char *next;

		if (def->type != STRAKE_OVERLAY_PACKAGE_FILE_MOVE)
			continue;
		next = move_path(def, moved);
		if (next == NULL)
			continue;
		g_free(moved);
		moved = next;
		overlay->hits++;
	}
	return moved;
}

bool strake_conversion_moved_config(StrakeConversion *c, const char *path)
{
	for (guint i = 0; i < c->overlays->len; i++) {
		const StrakeOverlay *def = ((StrakeBridgeOverlay *)c->overlays->pdata[i])->def;
		size_t size;

		if (def->type != STRAKE_OVERLAY_PACKAGE_FILE_MOVE || !def->config)
			continue;
		size = strlen(def->replacement);
		if (strncmp(path, def->replacement, size) == 0 &&
			(path[size] == '\0' || path[size] == '/'))
			return true;
	}
	return false;
}

static StrakeRpmDepKind dep_kind(const char *word)
{
	static const char *const words[STRAKE_RPM_N_DEP_KINDS] = {
		[STRAKE_RPM_REQUIRES] = "requires",
		[STRAKE_RPM_PROVIDES] = "provides",
		[STRAKE_RPM_CONFLICTS] = "conflicts",
		[STRAKE_RPM_OBSOLETES] = "obsoletes",
		[STRAKE_RPM_RECOMMENDS] = "recommends",
		[STRAKE_RPM_SUGGESTS] = "suggests",
		[STRAKE_RPM_SUPPLEMENTS] = "supplements",
		[STRAKE_RPM_ENHANCES] = "enhances",
	};

	for (int kind = 0; kind < STRAKE_RPM_N_DEP_KINDS; kind++)
		if (g_strcmp0(words[kind], word) == 0)
			return kind;
	return STRAKE_RPM_N_DEP_KINDS;
}

bool strake_conversion_drops_dep(StrakeConversion *c, StrakeRpmDepKind kind, const char *name)
{
	bool drops = false;

	for (guint i = 0; i < c->overlays->len; i++) {
		StrakeBridgeOverlay *overlay = c->overlays->pdata[i];

		if (overlay->def->type != STRAKE_OVERLAY_PACKAGE_REMOVE_DEPENDENCY ||
			dep_kind(overlay->def->kind) != kind ||
			!strake_glob_match(overlay->glob, name))
			continue;
		overlay->hits++;
		drops = true;
	}
	return drops;
}

static void apply_attr(const StrakeOverlay *def, StrakeRpmFile *file)
{
	if (def->mode >= 0 && !S_ISLNK(file->mode))
		file->mode = (file->mode & S_IFMT) | (def->mode & 07777);
	if (def->owner != NULL) {
		g_free(file->user);
		file->user = g_strdup(def->owner);
	}
	if (def->group != NULL) {
		g_free(file->group);
		file->group = g_strdup(def->group);
	}
	if (def->capability != NULL && S_ISREG(file->mode)) {
		g_free(file->caps);
		file->caps = g_strdup(def->capability);
	}
}

void strake_conversion_set_attr(StrakeConversion *c, StrakeRpmFile *file)
{
	for (guint i = 0; i < c->overlays->len; i++) {
		StrakeBridgeOverlay *overlay = c->overlays->pdata[i];

		if (overlay->def->type != STRAKE_OVERLAY_PACKAGE_SET_ATTR ||
			!strake_glob_match(overlay->glob, file->path))
			continue;
		overlay->hits++;
		apply_attr(overlay->def, file);
	}
}

void strake_conversion_set_attr_linked(StrakeConversion *c, const GPtrArray *names)
{
	for (guint i = 0; i < c->overlays->len; i++) {
		const StrakeBridgeOverlay *overlay = c->overlays->pdata[i];
		bool applies = false;

		if (overlay->def->type != STRAKE_OVERLAY_PACKAGE_SET_ATTR)
			continue;
		for (guint j = 0; j < names->len && !applies; j++)
			applies = strake_glob_match(overlay->glob, names->pdata[j]);
		for (guint j = 0; j < names->len && applies; j++) {
			StrakeRpmFile *file = g_hash_table_lookup(c->files, names->pdata[j]);
			uint32_t before = file->mode;

			apply_attr(overlay->def, file);
			if (file->mode != before ||
				g_hash_table_contains(c->plan->modes, file->path))
				g_hash_table_insert(c->next->modes, g_strdup(file->path),
					GUINT_TO_POINTER(file->mode & 07777));
		}
	}
}

static void drop_generated(StrakeConversion *c, const char *path)
{
	StrakeRpmFile *file = g_hash_table_lookup(c->files, path);

	if (file == NULL)
		return;
	g_hash_table_remove(c->files, path);
	g_ptr_array_remove(c->rpm->files, file);
}

static GBytes *joined_lines(char **lines)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (; lines != NULL && *lines != NULL; lines++)
		g_string_append_printf(text, "%s\n", *lines);
	return g_string_free_to_bytes(g_steal_pointer(&text));
}

static bool add_overlay_file(StrakeConversion *c, const StrakeOverlay *def, GError **error)
{
	StrakeRpmFile *there = g_hash_table_lookup(c->files, def->file);
	g_autoptr(GBytes) content = NULL;
	StrakeRpmFile *file;

	if (there != NULL && there->content == NULL && S_ISREG(there->mode))
		return strake_error_at(error, STRAKE_ERROR_EXISTS, def->origin,
			"%s has %s already; remove it first with package-file-remove", c->deb_name,
			def->file);
	if (*def->file != '/' || !strake_path_is_clean(def->file + 1))
		return strake_error_at(error, STRAKE_ERROR_INVALID, def->origin,
			"'%s' is not a clean absolute path", def->file);
	drop_generated(c, def->file);
	if (def->target != NULL) {
		file = strake_rpm_package_add_link(c->rpm, def->file, def->target);
	} else {
		content = def->source != NULL
				  ? strake_file_read_at(AT_FDCWD, def->source, MAX_SOURCE, error)
				  : joined_lines(def->lines);
		if (content == NULL) {
			g_prefix_error(error, "%s:%u: ", def->origin.file, def->origin.line);
			return false;
		}
		file = strake_rpm_package_add_content(
			c->rpm, def->file, def->mode >= 0 ? def->mode : 0644, content);
	}
	apply_attr(def, file);
	file->flags = strake_bridge_file_flags(def->file);
	if (def->config)
		file->flags |= STRAKE_RPMFILE_CONFIG | STRAKE_RPMFILE_NOREPLACE;
	strake_conversion_register(c, file);
	return true;
}

/* "name", "name >= 1-0" or a rich dependency. */
static bool add_dependency(StrakeConversion *c, const StrakeOverlay *def, GError **error)
{
	static const struct {
		const char *text;
		uint32_t flags;
	} ops[] = {
		{"<", STRAKE_RPMSENSE_LESS},
		{"<=", STRAKE_RPMSENSE_LESS | STRAKE_RPMSENSE_EQUAL},
		{"=", STRAKE_RPMSENSE_EQUAL},
		{">=", STRAKE_RPMSENSE_GREATER | STRAKE_RPMSENSE_EQUAL},
		{">", STRAKE_RPMSENSE_GREATER},
	};
	StrakeRpmDepKind kind = dep_kind(def->kind);
	g_auto(GStrv) words = g_strsplit(def->value, " ", 0);

	if (kind == STRAKE_RPM_N_DEP_KINDS)
		return strake_error_at(error, STRAKE_ERROR_INVALID, def->origin,
			"'%s' is no kind of dependency", def->kind);
	if (def->value[0] == '(' || g_strv_length(words) == 1) {
		strake_rpm_package_add_dep(c->rpm, kind, def->value, NULL, 0);
		return true;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(ops) && g_strv_length(words) == 3; i++) {
		if (strcmp(words[1], ops[i].text) != 0)
			continue;
		strake_rpm_package_add_dep(c->rpm, kind, words[0], words[2], ops[i].flags);
		return true;
	}
	return strake_error_at(error, STRAKE_ERROR_INVALID, def->origin,
		"'%s' is no dependency: expected \"name\", \"name >= version-release\" or "
		"\"(a or b)\"",
		def->value);
}

static void add_lines(GPtrArray *to, char **lines)
{
	for (; lines != NULL && *lines != NULL; lines++)
		g_ptr_array_add(to, g_strdup(*lines));
}

static bool apply_overlay(StrakeConversion *c, StrakeBridgeOverlay *overlay, GError **error)
{
	const StrakeOverlay *def = overlay->def;

	switch (def->type) {
	case STRAKE_OVERLAY_PACKAGE_RENAME:
		overlay->hits++;
		return true;
	case STRAKE_OVERLAY_PACKAGE_FILE_ADD:
	case STRAKE_OVERLAY_PACKAGE_ALTERNATIVE:
		overlay->hits++;
		return add_overlay_file(c, def, error);
	case STRAKE_OVERLAY_PACKAGE_ADD_DEPENDENCY:
		overlay->hits++;
		return add_dependency(c, def, error);
	case STRAKE_OVERLAY_PACKAGE_ADD_USER:
		overlay->hits++;
		add_lines(c->sysusers, def->lines);
		return true;
	case STRAKE_OVERLAY_PACKAGE_ADD_TMPFILES:
		overlay->hits++;
		add_lines(c->tmpfiles, def->lines);
		return true;
	case STRAKE_OVERLAY_PACKAGE_ENABLE_UNIT:
		overlay->hits++;
		g_ptr_array_add(c->presets,
			g_strdup_printf(
				"%s %s", def->state != NULL ? def->state : "enable", def->value));
		return true;
	default:
		return true; // the files pass and the script report apply the others
	}
}

bool strake_conversion_overlays(StrakeConversion *c, GError **error)
{
	for (guint i = 0; i < c->overlays->len; i++) {
		StrakeBridgeOverlay *overlay = c->overlays->pdata[i];

		if (!apply_overlay(c, overlay, error))
			return false;
		if (overlay->hits > 0 && !overlay->inherited && overlay->def->description != NULL)
			strake_conversion_note(c, "overlay", "%s: %s",
				strake_overlay_type_name(overlay->def->type),
				overlay->def->description);
	}
	return true;
}

bool strake_conversion_check_hits(const StrakeConversion *c, GError **error)
{
	for (guint i = 0; i < c->overlays->len; i++) {
		const StrakeBridgeOverlay *overlay = c->overlays->pdata[i];
		const StrakeOverlay *def = overlay->def;
		const char *what = def->file != NULL     ? def->file
				   : def->value != NULL  ? def->value
				   : def->script != NULL ? def->script
							 : "";

		if (overlay->hits > 0 || overlay->inherited || def->optional ||
			def->type == STRAKE_OVERLAY_PACKAGE_NOTE_SCRIPT)
			continue;
		return strake_error_at(error, STRAKE_ERROR_NOT_FOUND, def->origin,
			"%s '%s' matches nothing in %s %s%s%s%s; upstream has changed: look at it "
			"with 'strake bridge inspect', then change or drop the overlay",
			strake_overlay_type_name(def->type), what, c->deb_name,
			strake_deb_file_version(c->deb), def->description != NULL ? " (\"" : "",
			def->description != NULL ? def->description : "",
			def->description != NULL ? "\")" : "");
	}
	return true;
}
