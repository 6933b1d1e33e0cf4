// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Tables of names from overlays and from the tags of local specs.
#include "upstream/deb_names.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "format/specfile.h"

enum { SPEC_MAX_BYTES = 16 << 20 };

struct StrakeDebNames {
	GHashTable *renamed;   // new name -> GPtrArray of component names
	GHashTable *provided;  // name -> GPtrArray of component names
	GHashTable *new_names; // component -> new name
	GHashTable *local;     // package or provided name -> component
	GHashTable *built;     // the same, of components that are built from source
	GHashTable *families;  // built components whose spec is upstream's: not read here
	GHashTable *requires;  // local package -> GPtrArray of names
	GHashTable *versions;  // component -> "epoch:version-release" as far as written plainly
};

void strake_deb_names_free(StrakeDebNames *names)
{
	if (names == NULL)
		return;
	g_hash_table_unref(names->renamed);
	g_hash_table_unref(names->provided);
	g_hash_table_unref(names->new_names);
	g_hash_table_unref(names->local);
	g_hash_table_unref(names->built);
	g_hash_table_unref(names->families);
	g_hash_table_unref(names->requires);
	g_hash_table_unref(names->versions);
	g_free(names);
}

static void add_to(GHashTable *table, const char *key, const char *value)
{
	GPtrArray *list = g_hash_table_lookup(table, key);

	if (list == NULL) {
		list = g_ptr_array_new_with_free_func(g_free);
		g_hash_table_insert(table, g_strdup(key), list);
	}
	g_ptr_array_add(list, g_strdup(value));
}

// The name of "name >= 1-0" or "name"; NULL for paths and for names with parentheses, which stand
// for sonames and the like.
static char *name_of(const char *value, size_t size)
{
	size_t end = 0;

	while (end < size && !g_ascii_isspace(value[end]) && strchr("<>=,", value[end]) == NULL)
		end++;
	if (end == 0 || *value == '/' || memchr(value, '(', end) != NULL ||
		memchr(value, '%', end) != NULL)
		return NULL;
	return g_strndup(value, end);
}

static void take_overlays(StrakeDebNames *names, const StrakeComponent *component)
{
	for (guint i = 0; i < component->overlays->len; i++) {
		const StrakeOverlay *overlay = g_ptr_array_index(component->overlays, i);
		g_autofree char *name = NULL;

		if (overlay->value == NULL)
			continue;
		if (overlay->type == STRAKE_OVERLAY_PACKAGE_RENAME) {
			add_to(names->renamed, overlay->value, component->name);
			g_hash_table_insert(names->new_names, g_strdup(component->name),
				g_strdup(overlay->value));
		}
		if (overlay->type != STRAKE_OVERLAY_PACKAGE_ADD_DEPENDENCY ||
			g_strcmp0(overlay->kind, "provides") != 0)
			continue;
		name = name_of(overlay->value, strlen(overlay->value));
		if (name != NULL)
			add_to(names->provided, name, component->name);
	}
}

// -- local specs

typedef struct {
	StrakeDebNames *names;
	GHashTable *table; // local or built of @names
	const char *component;
	char *package; // of the section under way
	char *main;    // of the preamble
	char *evr[3];  // epoch, version, release before its first macro; NULL: not seen
} SpecWalk;

static void take_evr(SpecWalk *walk, StrakeSpecSpan tag, StrakeSpecSpan value)
{
	static const char *const tags[] = {"Epoch", "Version", "Release"};

	for (size_t i = 0; i < G_N_ELEMENTS(tags); i++)
		if (walk->evr[i] == NULL && strake_spec_span_is_nocase(tag, tags[i])) {
			walk->evr[i] = strake_spec_span_dup(value);
			walk->evr[i][strcspn(walk->evr[i], "% \t")] = '\0';
		}
}

static void end_evr(StrakeDebNames *names, SpecWalk *walk)
{
	if (walk->evr[1] != NULL && *walk->evr[1] != '\0')
		g_hash_table_insert(names->versions, g_strdup(walk->component),
			g_strdup_printf("%s:%s-%s", walk->evr[0] != NULL ? walk->evr[0] : "0",
				walk->evr[1],
				walk->evr[2] != NULL && *walk->evr[2] != '\0' ? walk->evr[2]
									      : "0"));
	for (size_t i = 0; i < G_N_ELEMENTS(walk->evr); i++)
		g_free(walk->evr[i]);
}

static void take_tag(SpecWalk *walk, const StrakeSpecLine *line)
{
	StrakeSpecSpan tag, value;
	g_autofree char *name = NULL;

	if (!strake_spec_tag(line->text, line->size, &tag, &value))
		return;
	take_evr(walk, tag, value);
	name = name_of(value.at, value.size);
	if (name == NULL)
		return;
	if (strake_spec_span_is_nocase(tag, "Name") && walk->main == NULL) {
		walk->main = g_strdup(name);
		walk->package = g_strdup(name);
		g_hash_table_insert(walk->table, g_strdup(name), g_strdup(walk->component));
	} else if (strake_spec_span_is_nocase(tag, "Provides")) {
		g_hash_table_insert(walk->table, g_strdup(name), g_strdup(walk->component));
	} else if (strake_spec_span_is_nocase(tag, "Requires") && walk->package != NULL) {
		add_to(walk->names->requires, walk->package, name);
	}
}

// "%package cloud" is NAME-cloud, "%package -n other" is other.
static void enter_section(SpecWalk *walk, const StrakeSpec *spec, const StrakeSpecSection *section)
{
	g_autofree char *package = strake_spec_span_dup(section->package);
	const StrakeSpecLine *line = &strake_spec_lines(spec)[section->start];
	g_autofree char *header = g_strndup(line->text, line->size);

	if (section->package.size == 0 || walk->main == NULL)
		return;
	g_free(walk->package);
	walk->package = strstr(header, " -n ") != NULL
				? g_strdup(package)
				: g_strdup_printf("%s-%s", walk->main, package);
	g_hash_table_insert(walk->table, g_strdup(walk->package), g_strdup(walk->component));
}

static void take_spec(
	StrakeDebNames *names, const char *component, bool built, const StrakeSpec *spec)
{
	g_autoptr(GArray) sections = strake_spec_sections(spec, true);
	const StrakeSpecLine *lines = strake_spec_lines(spec);
	SpecWalk walk = {.names = names,
		.table = built ? names->built : names->local,
		.component = component};

	for (guint i = 0; i < sections->len; i++) {
		const StrakeSpecSection *section = &g_array_index(sections, StrakeSpecSection, i);

		if (section->type != STRAKE_SPEC_SECTION_PACKAGE)
			continue;
		enter_section(&walk, spec, section);
		for (size_t j = section->body; j < section->end; j++)
			take_tag(&walk, &lines[j]);
	}
	end_evr(names, &walk);
	g_free(walk.main);
	g_free(walk.package);
}

static bool take_local(StrakeDebNames *names, const StrakeProject *project,
	const StrakeComponent *component, GError **error)
{
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(StrakeSpec) spec = NULL;
	bool built = strake_project_is_built(project, component);

	if (built && component->spec.type != STRAKE_SPEC_LOCAL)
		g_hash_table_add(names->families, g_strdup(component->name));
	if (component->spec.type != STRAKE_SPEC_LOCAL || component->spec.path == NULL ||
		(!built && !strake_component_is_data(component)))
		return true;
	bytes = strake_file_read_at(AT_FDCWD, component->spec.path, SPEC_MAX_BYTES, error);
	spec = bytes != NULL ? strake_spec_parse(bytes, error) : NULL;
	if (spec == NULL) {
		g_prefix_error(error, "component '%s': ", component->name);
		return false;
	}
	take_spec(names, component->name, built, spec);
	return true;
}

StrakeDebNames *strake_deb_names_new(const StrakeProject *project, GError **error)
{
	g_autoptr(StrakeDebNames) names = g_new0(StrakeDebNames, 1);
	g_auto(GStrv) components = strake_project_component_names(project);
	GDestroyNotify free_list = (GDestroyNotify)g_ptr_array_unref;

	names->renamed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_list);
	names->provided = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_list);
	names->requires = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_list);
	names->new_names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	names->versions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	names->local = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	names->built = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	names->families = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (char **name = components; *name != NULL; name++) {
		g_autoptr(StrakeComponent) component =
			strake_project_resolve(project, *name, error);

		if (component == NULL || !take_local(names, project, component, error))
			return NULL;
		take_overlays(names, component);
	}
	return g_steal_pointer(&names);
}

const GPtrArray *strake_deb_names_renamed(const StrakeDebNames *names, const char *name)
{
	return g_hash_table_lookup(names->renamed, name);
}

const GPtrArray *strake_deb_names_provided(const StrakeDebNames *names, const char *name)
{
	return g_hash_table_lookup(names->provided, name);
}

const char *strake_deb_names_new_name(const StrakeDebNames *names, const char *component)
{
	return g_hash_table_lookup(names->new_names, component);
}

bool strake_deb_names_is_local(const StrakeDebNames *names, const char *name)
{
	return g_hash_table_contains(names->local, name);
}

bool strake_deb_names_is_built(const StrakeDebNames *names, const char *name)
{
	g_autofree char *stem = g_strdup(name);

	if (g_hash_table_contains(names->built, name))
		return true;
	for (char *dash = stem + strlen(stem); dash != NULL; dash = strrchr(stem, '-')) {
		*dash = '\0';
		if (g_hash_table_contains(names->families, stem))
			return true;
	}
	return false;
}

const GPtrArray *strake_deb_names_local_requires(const StrakeDebNames *names, const char *name)
{
	return g_hash_table_lookup(names->requires, name);
}

char **strake_deb_names_local(const StrakeDebNames *names)
{
	g_autoptr(GList) keys = g_list_sort(
		g_hash_table_get_keys(names->local), (GCompareFunc)(void (*)(void))strcmp);
	GPtrArray *out = g_ptr_array_new();

	for (const GList *at = keys; at != NULL; at = at->next)
		g_ptr_array_add(out, g_strdup(at->data));
	g_ptr_array_add(out, NULL);
	return (char **)g_ptr_array_free(out, FALSE);
}

char *strake_deb_names_local_text(const StrakeDebNames *names)
{
	g_auto(GStrv) local = strake_deb_names_local(names);
	GString *text = g_string_new(*local != NULL ? "=Ver: 3.0\n" : NULL);

	// What a local package provides stands here as a package that needs it.
	for (char **name = local; *name != NULL; name++) {
		const char *component = g_hash_table_lookup(names->local, *name);
		const char *evr = g_hash_table_lookup(names->versions, component);
		const GPtrArray *requires = g_hash_table_lookup(names->requires, *name);

		g_string_append_printf(text, "=Pkg: %s 0 0 noarch\n=Prv: %s%s%s\n", *name, *name,
			evr != NULL ? " = " : "", evr != NULL ? evr : "");
		if (strcmp(component, *name) != 0 && g_hash_table_contains(names->local, component))
			g_string_append_printf(text, "=Req: %s\n", component);
		for (guint i = 0; requires != NULL && i < requires->len; i++)
			g_string_append_printf(
				text, "=Req: %s\n", (const char *)g_ptr_array_index(requires, i));
	}
	return g_string_free(text, FALSE);
}
