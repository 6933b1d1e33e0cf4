// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Release numbers counted by hand and the overlays that no definition has.
#include "overlay/release.h"

#include <string.h>

#include "base/error.h"

bool strake_release_is_auto(const char *value)
{
	static const char word[] = "autorelease";

	for (const char *p = strchr(value, '%'); p != NULL; p = strchr(p + 1, '%')) {
		const char *at = p + 1;
		bool braced = *at == '{';
		at += braced;
		at += braced && *at == '?';
		if (!g_str_has_prefix(at, word))
			continue;
		at += strlen(word);
		if (*at == '\0' || strchr(" \t\n\f\r", *at) != NULL || (braced && *at == '}'))
			return true;
	}
	return false;
}

char *strake_release_bump(const char *value, unsigned n_changes, GError **error)
{
	size_t n = strspn(value, "0123456789");
	const char *tail = value + n;
	g_autofree char *digits = g_strndup(value, n);
	guint64 number;

	if (n == 0 ||
		(*tail != '\0' && strcmp(tail, "%{?dist}") != 0 && strcmp(tail, "%{dist}") != 0) ||
		!g_ascii_string_to_unsigned(digits, 10, 0, G_MAXINT64 - G_MAXUINT, &number, NULL)) {
		strake_error_set(error, STRAKE_ERROR_INVALID,
			"Release '%s' cannot be counted up: only N, N%%{?dist} and N%%{dist} can; "
			"set "
			"release.calculation = \"manual\" and, if needed, add a spec-set-tag "
			"overlay",
			value);
		return NULL;
	}
	return g_strdup_printf("%" G_GUINT64_FORMAT "%s", number + n_changes, tail);
}

char *strake_spec_release(const StrakeSpec *spec)
{
	g_autoptr(GArray) sections = strake_spec_sections(spec, false);
	g_autoptr(GArray) tags = strake_spec_tags(spec, sections, false);

	for (guint i = tags->len; i > 0; i--) {
		const StrakeSpecTag *tag = &g_array_index(tags, StrakeSpecTag, i - 1);
		const StrakeSpecSection *s =
			&g_array_index(sections, StrakeSpecSection, tag->section);
		if (s->package.size == 0 && strake_spec_span_is_nocase(tag->name, "release"))
			return strake_spec_span_dup(tag->value);
	}
	return NULL;
}

bool strake_overlay_bump_release(StrakeSpec *spec, StrakeReleaseMode mode, unsigned n_changes,
	StrakeOverlayStyle style, GError **error)
{
	g_autofree char *value = NULL;
	g_autofree char *bumped = NULL;
	StrakeOverlay update = {.type = STRAKE_OVERLAY_SPEC_UPDATE_TAG};
	char tag[] = "Release";

	if (mode == STRAKE_RELEASE_MANUAL || mode == STRAKE_RELEASE_AUTORELEASE)
		return true;
	value = strake_spec_release(spec);
	if (value == NULL || *value == '\0')
		return strake_error_set(
			error, STRAKE_ERROR_NOT_FOUND, "the spec has no Release tag");
	if (strake_release_is_auto(value))
		return mode != STRAKE_RELEASE_STATIC ||
		       strake_error_set(error, STRAKE_ERROR_INVALID,
			       "release.calculation is \"static\", but Release is '%s'; set "
			       "\"autorelease\" instead",
			       value);
	bumped = strake_release_bump(value, n_changes, error);
	if (bumped == NULL)
		return false;
	update.tag = tag;
	update.value = bumped;
	return strake_overlay_apply_spec(spec, &update, style, error);
}

// -- overlays around a component's own

char *strake_overlay_macros_name(const char *component)
{
	return g_strconcat(component, ".azl.macros", NULL);
}

static StrakeOverlay *make(StrakeOverlayPlan *plan, StrakeOverlayType type, const char *why)
{
	StrakeOverlay *overlay = g_new0(StrakeOverlay, 1);

	overlay->type = type;
	overlay->description = g_strdup(why);
	overlay->mode = -1;
	g_ptr_array_add(plan->made, overlay);
	g_ptr_array_add(plan->overlays, overlay);
	return overlay;
}

static char **three_lines(char *take_first, char *take_second)
{
	char **lines = g_new0(char *, 4);

	lines[0] = take_first;
	lines[1] = take_second;
	lines[2] = g_strdup("");
	return lines;
}

static bool is_file_name(const char *name)
{
	for (const char *p = name; *p != '\0'; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char_validated(p, -1);
		if (c == (gunichar)-1 || c == (gunichar)-2 ||
			!(g_unichar_isalnum(c) || (c < 0x80 && strchr(".-_+", (int)c) != NULL)))
			return false;
	}
	return *name != '\0';
}

static bool load_macros(StrakeOverlayPlan *plan, const char *component, GError **error)
{
	g_autofree char *name = strake_overlay_macros_name(component);
	StrakeOverlay *load, *source;

	if (!is_file_name(component))
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"component '%s' needs a macros file, and only letters, digits and . - _ + "
			"may stand in its name",
			component);
	load = make(plan, STRAKE_OVERLAY_SPEC_PREPEND_LINES, "load of the macros file");
	load->lines = three_lines(
		g_strdup("# All Azure Linux specs with overlays include this macro file, "
			 "irrespective of whether new macros have been added."),
		g_strdup_printf("%%{load:%%{_sourcedir}/%s}", name));
	source = make(plan, STRAKE_OVERLAY_SPEC_INSERT_TAG, "the macros file as a source");
	source->tag = g_strdup("Source9999");
	source->value = g_steal_pointer(&name);
	return true;
}

StrakeOverlayPlan *strake_overlay_plan(
	const StrakeComponent *component, bool has_macros_file, GError **error)
{
	g_autoptr(StrakeOverlayPlan) plan = g_new0(StrakeOverlayPlan, 1);
	const char *reason = component->build.check.skip_reason;
	StrakeOverlay *header;

	plan->overlays = g_ptr_array_new();
	plan->made = g_ptr_array_new_with_free_func((GDestroyNotify)strake_overlay_free);
	if (has_macros_file && !load_macros(plan, component->name, error))
		return NULL;
	for (guint i = 0; component->overlays != NULL && i < component->overlays->len; i++)
		g_ptr_array_add(plan->overlays, component->overlays->pdata[i]);
	if (component->build.check.skip) {
		StrakeOverlay *skip =
			make(plan, STRAKE_OVERLAY_SPEC_PREPEND_LINES, "build.check.skip = true");
		skip->section = g_strdup("%check");
		skip->lines = three_lines(g_strconcat("# Check section disabled: ",
						  reason != NULL ? reason : "", NULL),
			g_strdup("exit 0"));
	}
	header = make(plan, STRAKE_OVERLAY_SPEC_PREPEND_LINES, "file header");
	header->lines = three_lines(
		g_strdup("# This spec file has been modified by azldev to include build "
			 "configuration overlays."),
		g_strdup("# Do not edit manually; changes may be overwritten."));
	return g_steal_pointer(&plan);
}

void strake_overlay_plan_free(StrakeOverlayPlan *plan)
{
	if (plan == NULL)
		return;
	g_clear_pointer(&plan->overlays, g_ptr_array_unref);
	g_clear_pointer(&plan->made, g_ptr_array_unref);
	g_free(plan);
}
