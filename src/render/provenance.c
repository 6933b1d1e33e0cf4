// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The first Version and Release with a value in the preamble; no macro of the spec is expanded.
#include "render/provenance.h"

#include <string.h>

#include "format/specfile.h"
#include "overlay/release.h"
#include "render/history.h"

static void free_macro(void *data)
{
	StrakeNameValue *macro = data;

	g_free(macro->key);
	g_free(macro->value);
	g_free(macro);
}

static void add(GPtrArray *macros, const char *name, char *take_value)
{
	StrakeNameValue *macro = g_new0(StrakeNameValue, 1);

	macro->key = g_strdup(name);
	macro->value = take_value;
	g_ptr_array_add(macros, macro);
}

char *strake_provenance_dist(const StrakeWorkspace *ws, const StrakePick *pick)
{
	const StrakeComponent *c = pick->component;
	const StrakeDistroRef *ref = &c->spec.upstream_distro;
	const StrakeDistro *distro = strake_project_distro(ws->project, ref->name, NULL);
	const StrakeDistroVersion *version = strake_project_distro_version(ws->project, ref, NULL);
	const char *number = version != NULL ? version->release_ver : NULL;

	if (pick->local || !c->build.emit_upstream_provenance)
		return NULL;
	if (distro == NULL || g_ascii_strcasecmp(distro->name, "fedora") != 0 || number == NULL ||
		*number == '\0' || strspn(number, "0123456789") != strlen(number))
		return NULL;
	return g_strconcat(".fc", number, NULL);
}

static char *first_value(const StrakeSpec *spec, const char *name)
{
	g_autoptr(GArray) sections = strake_spec_sections(spec, false);
	g_autoptr(GArray) tags = strake_spec_tags(spec, sections, false);

	for (guint i = 0; i < tags->len; i++) {
		const StrakeSpecTag *tag = &g_array_index(tags, StrakeSpecTag, i);
		const StrakeSpecSection *s =
			&g_array_index(sections, StrakeSpecSection, tag->section);
		if (s->package.size == 0 && tag->value.size > 0 &&
			strake_spec_span_is_nocase(tag->name, name))
			return strake_spec_span_dup(tag->value);
	}
	return NULL;
}

static char *with_dist(const char *release, const char *dist)
{
	g_auto(GStrv) optional = g_strsplit(release, "%{?dist}", -1);
	g_autofree char *once = g_strjoinv(dist, optional);
	g_auto(GStrv) plain = g_strsplit(once, "%{dist}", -1);

	return g_strjoinv(dist, plain);
}

static bool add_release(GPtrArray *macros, StrakeWorkspace *ws, StrakePick *pick,
	const char *release, const char *dist, GError **error)
{
	g_autofree char *number = NULL;
	char *value;

	if (strake_release_is_auto(release)) {
		number = strake_history_upstream_release(ws, pick, error);
		if (number == NULL)
			return false;
		value = g_strconcat(number, dist, NULL);
	} else {
		value = with_dist(release, dist);
	}
	add(macros, "fedora_upstream_release", value);
	return true;
}

GPtrArray *strake_provenance_macros(
	StrakeWorkspace *ws, StrakePick *pick, GBytes *bytes, GError **error)
{
	g_autoptr(GPtrArray) macros = g_ptr_array_new_with_free_func(free_macro);
	g_autofree char *dist = NULL;
	g_autofree char *release = NULL;
	g_autoptr(StrakeSpec) spec = NULL;
	char *version;

	dist = strake_provenance_dist(ws, pick);
	if (dist == NULL)
		return g_steal_pointer(&macros);
	spec = strake_spec_parse(bytes, error);
	if (spec == NULL)
		return NULL;
	version = first_value(spec, "version");
	if (version != NULL)
		add(macros, "fedora_upstream_version", version);
	release = first_value(spec, "release");
	if (release != NULL && !add_release(macros, ws, pick, release, dist, error))
		return NULL;
	return g_steal_pointer(&macros);
}
