// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Collects the deviations of the definitions. It does not format pages: see changes_print.c.
#include "project/changes.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"

enum { SPEC_MAX_BYTES = 4 << 20 };

void strake_change_free(StrakeChange *change)
{
	if (change == NULL)
		return;
	g_free(change->component);
	g_free(change->type);
	g_free(change->what);
	g_free(change->description);
	g_free(change->file);
	g_free(change->category);
	g_free(change->upstream_status);
	g_strfreev(change->links);
	g_free(change->diff);
	g_strfreev(change->details);
	g_free(change);
}

static const char *text(const char *value)
{
	return value != NULL ? value : "";
}

static char *first_line(char **lines)
{
	guint n = lines != NULL ? g_strv_length(lines) : 0;

	if (n == 0)
		return g_strdup("");
	return n == 1 ? g_strdup(lines[0]) : g_strdup_printf("%s … (%u lines)", lines[0], n);
}

static void append_attributes(GString *out, const StrakeOverlay *overlay)
{
	const char *before = ": ";

	if (overlay->mode >= 0) {
		g_string_append_printf(out, "%smode %04o", before, (unsigned)overlay->mode);
		before = ", ";
	}
	if (overlay->owner != NULL || overlay->group != NULL) {
		g_string_append_printf(out, "%sowner %s:%s", before,
			overlay->owner != NULL ? overlay->owner : "root",
			overlay->group != NULL ? overlay->group : "root");
		before = ", ";
	}
	if (overlay->capability != NULL) {
		g_string_append_printf(out, "%scapability %s", before, overlay->capability);
		before = ", ";
	}
	if (overlay->config)
		g_string_append_printf(out, "%sconfiguration", before);
}

static char *summary_file_add(const StrakeOverlay *overlay)
{
	g_autoptr(GString) out = g_string_new("adds ");

	g_string_append(out, text(overlay->file));
	if (overlay->target != NULL)
		g_string_append_printf(out, " -> %s", overlay->target);
	append_attributes(out, overlay);
	return g_string_free(g_steal_pointer(&out), FALSE);
}

static char *summary_attributes(const char *verb, const StrakeOverlay *overlay)
{
	g_autoptr(GString) out = g_string_new(verb);

	g_string_append(out, text(overlay->file));
	append_attributes(out, overlay);
	return g_string_free(g_steal_pointer(&out), FALSE);
}

/** Kinds that name a tag, section, file or macro of a spec. */
static char *summary_generic(const StrakeOverlay *overlay)
{
	const char *const parts[] = {overlay->name, overlay->tag, overlay->section,
		overlay->package, overlay->archive, overlay->file, overlay->regex, overlay->value,
		overlay->replacement};
	g_autoptr(GString) out = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
		if (parts[i] != NULL && *parts[i] != '\0')
			g_string_append_printf(out, "%s%s", out->len > 0 ? " " : "", parts[i]);
	if (overlay->lines != NULL) {
		g_autofree char *line = first_line(overlay->lines);

		g_string_append_printf(out, "%s%s", out->len > 0 ? ": " : "", line);
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}

char *strake_overlay_summary(const StrakeOverlay *overlay)
{
	g_autofree char *line = NULL;

	switch (overlay->type) {
	case STRAKE_OVERLAY_PACKAGE_RENAME:
		return g_strdup_printf("renamed to %s", text(overlay->value));
	case STRAKE_OVERLAY_PACKAGE_FILE_REMOVE:
		return g_strdup_printf("removes %s", text(overlay->file));
	case STRAKE_OVERLAY_PACKAGE_FILE_ADD:
		return summary_file_add(overlay);
	case STRAKE_OVERLAY_PACKAGE_FILE_MOVE:
		return g_strdup_printf("moves %s to %s%s", text(overlay->file),
			text(overlay->replacement), overlay->config ? ": configuration" : "");
	case STRAKE_OVERLAY_PACKAGE_SET_ATTR:
		return summary_attributes("", overlay);
	case STRAKE_OVERLAY_PACKAGE_ADD_DEPENDENCY:
		return g_strdup_printf("%s %s", text(overlay->kind), text(overlay->value));
	case STRAKE_OVERLAY_PACKAGE_REMOVE_DEPENDENCY:
		return g_strdup_printf(
			"no longer %s %s", text(overlay->kind), text(overlay->value));
	case STRAKE_OVERLAY_PACKAGE_ADD_USER:
		line = first_line(overlay->lines);
		return g_strdup_printf("account: %s", line);
	case STRAKE_OVERLAY_PACKAGE_ADD_TMPFILES:
		line = first_line(overlay->lines);
		return g_strdup_printf("state: %s", line);
	case STRAKE_OVERLAY_PACKAGE_ENABLE_UNIT:
		return g_strdup_printf("%ss %s", overlay->state != NULL ? overlay->state : "enable",
			text(overlay->value));
	case STRAKE_OVERLAY_PACKAGE_ALTERNATIVE:
		return g_strdup_printf("%s -> %s", text(overlay->file), text(overlay->target));
	case STRAKE_OVERLAY_PACKAGE_NOTE_SCRIPT:
		return g_strdup_printf(
			"%s was read, nothing of it is needed", text(overlay->script));
	default:
		return summary_generic(overlay);
	}
}

static char **links_of(const StrakeOverlayMetadata *metadata)
{
	g_autoptr(GStrvBuilder) links = g_strv_builder_new();

	if ((metadata->commits == NULL || metadata->commits[0] == NULL) &&
		(metadata->bugs == NULL || metadata->bugs[0] == NULL))
		return NULL;
	for (char **link = metadata->commits; link != NULL && *link != NULL; link++)
		g_strv_builder_add(links, *link);
	for (char **link = metadata->bugs; link != NULL && *link != NULL; link++)
		g_strv_builder_add(links, *link);
	return g_strv_builder_end(links);
}

static StrakeChange *change_new(
	const StrakeProject *project, const char *component, const char *type, StrakeOrigin at)
{
	StrakeChange *change = g_new0(StrakeChange, 1);

	change->component = g_strdup(component);
	change->type = g_strdup(type);
	if (at.file != NULL)
		change->file = g_strdup(strake_project_relative(project, at.file));
	change->line = at.line;
	return change;
}

static void add_overlay(GPtrArray *changes, const StrakeProject *project, const char *component,
	const StrakeOverlay *overlay)
{
	StrakeChange *change = change_new(
		project, component, strake_overlay_type_name(overlay->type), overlay->origin);

	change->what = strake_overlay_summary(overlay);
	change->description = g_strdup(overlay->description);
	if (overlay->metadata != NULL) {
		change->category = g_strdup(overlay->metadata->category);
		change->upstream_status = g_strdup(overlay->metadata->upstream_status);
		change->links = links_of(overlay->metadata);
	}
	g_ptr_array_add(changes, change);
}

/** The Summary tag of a spec file, NULL when it cannot be read: the change is listed without. */
static char *spec_summary(const char *path)
{
	g_autoptr(GBytes) bytes = strake_file_read_at(AT_FDCWD, path, SPEC_MAX_BYTES, NULL);
	g_auto(GStrv) lines = NULL;
	g_autofree char *content = NULL;
	size_t size;
	const char *data;

	if (bytes == NULL)
		return NULL;
	data = g_bytes_get_data(bytes, &size);
	content = g_strndup(data, size);
	lines = g_strsplit(content, "\n", -1);
	for (char **line = lines; *line != NULL; line++)
		if (g_ascii_strncasecmp(*line, "Summary:", 8) == 0)
			return g_strdup(g_strstrip(*line + 8));
	return NULL;
}

/** A key for an overlay's place, so that an inherited one is told from the component's own. */
static char *place(const StrakeOverlay *overlay)
{
	return g_strdup_printf("%u:%u:%s", overlay->origin.line, overlay->origin.column,
		text(overlay->origin.file));
}

static bool add_component(GPtrArray *changes, const StrakeProject *project, const char *name,
	GHashTable *inherited, GError **error)
{
	g_autoptr(StrakeComponent) component = strake_project_resolve(project, name, error);

	if (component == NULL)
		return false;
	if (component->spec.type == STRAKE_SPEC_LOCAL) {
		StrakeChange *change = change_new(project, name, "own-package", component->origin);

		change->what = g_strdup("a package of our own");
		if (component->spec.path != NULL)
			change->description = spec_summary(component->spec.path);
		g_ptr_array_add(changes, change);
	}
	if (component->allow_unhandled) {
		StrakeChange *change = change_new(project, name, "accepted-gap", component->origin);

		change->what = g_strdup("accepted although a script part is not understood");
		change->description = g_strdup(component->allow_reason);
		g_ptr_array_add(changes, change);
	}
	for (guint i = 0; i < component->overlays->len; i++) {
		const StrakeOverlay *overlay = component->overlays->pdata[i];
		g_autofree char *key = place(overlay);

		if (!g_hash_table_contains(inherited, key))
			add_overlay(changes, project, name, overlay);
	}
	return true;
}

GPtrArray *strake_changes_collect(const StrakeProject *project, GError **error)
{
	g_autoptr(GPtrArray) changes =
		g_ptr_array_new_with_free_func((GDestroyNotify)strake_change_free);
	g_autoptr(GHashTable) inherited =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	// A name that no table or glob defines has what every package inherits.
	g_autoptr(StrakeComponent) defaults =
		strake_project_resolve(project, "no such component", error);
	g_auto(GStrv) names = NULL;

	if (defaults == NULL)
		return NULL;
	for (guint i = 0; i < defaults->overlays->len; i++) {
		add_overlay(changes, project, "*", defaults->overlays->pdata[i]);
		g_hash_table_add(inherited, place(defaults->overlays->pdata[i]));
	}
	names = strake_project_component_names(project);
	for (char **name = names; *name != NULL; name++)
		if (!add_component(changes, project, *name, inherited, error))
			return NULL;
	return g_steal_pointer(&changes);
}
