// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Finding the root file, reading it and what it includes, and merging file over file.
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/glob.h"
#include "project/project_private.h"

static const char *const root_names[] = {"strake.toml", "distro/strake.toml", "azldev.toml"};

enum { INCLUDE_DEPTH_MAX = 32 };

typedef struct {
	StrakeProject *project;
	StrakeLoad load;
	GPtrArray *open;    // absolute paths of the files being read, for cycles
	GHashTable *loaded; // absolute paths of all files read
	GHashTable *seen;   // field -> GHashTable of name -> item, for unique tables
} Loader;

// The distribution that was installed with the program: PREFIX/share beside PREFIX/bin.
static char *installed_root(void)
{
	g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *bin = program != NULL ? g_path_get_dirname(program) : NULL;
	g_autofree char *path = NULL;

	if (bin == NULL || !g_str_has_suffix(bin, "/bin"))
		return NULL;
	path = g_build_filename(bin, "..", "share/strake/distro/strake.toml", NULL);
	return g_file_test(path, G_FILE_TEST_IS_REGULAR) ? g_canonicalize_filename(path, NULL)
							 : NULL;
}

static bool find_root(const char *start_dir, char **out_path, GError **error)
{
	g_autofree char *dir = g_canonicalize_filename(start_dir != NULL ? start_dir : ".", NULL);
	g_autofree char *start = g_strdup(dir);

	if (!g_file_test(start, G_FILE_TEST_IS_DIR))
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"there is no directory '%s' to start from", start);
	for (;;) {
		for (size_t i = 0; i < G_N_ELEMENTS(root_names); i++) {
			g_autofree char *path = g_build_filename(dir, root_names[i], NULL);
			if (g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
				*out_path = g_steal_pointer(&path);
				return true;
			}
		}
		char *parent = g_path_get_dirname(dir);
		bool top = strcmp(parent, dir) == 0;
		g_free(dir);
		dir = parent;
		if (top)
			break;
	}
	*out_path = start_dir == NULL ? installed_root() : NULL;
	if (*out_path != NULL)
		return true;
	return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
		"no strake.toml, distro/strake.toml or azldev.toml in '%s' or above; go to a "
		"project's directory or name it with -C",
		start);
}

char *strake_project_display(StrakeArena *arena, const char *path)
{
	g_autofree char *cwd = g_get_current_dir();
	size_t n = strlen(cwd);

	if (strncmp(path, cwd, n) == 0 && path[n] == '/')
		path += n + 1;
	return strake_arena_strdup(arena, path);
}

const StrakeTomlValue *strake_project_parse(StrakeLoad *load, const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = strake_file_read_at(AT_FDCWD, path, STRAKE_TOML_SIZE_MAX, &error);
	StrakeToml *toml = NULL;

	if (bytes != NULL) {
		size_t size;
		const char *data = g_bytes_get_data(bytes, &size);
		toml = strake_toml_parse(data, size, load->file, &error);
	}
	if (toml == NULL) {
		load->n_problems++;
		if (load->problems->len < STRAKE_LOAD_PROBLEMS_MAX)
			g_ptr_array_add(load->problems, g_strdup(error->message));
		return NULL;
	}
	strake_arena_defer(load->arena, toml, (GDestroyNotify)strake_toml_free);
	return strake_toml_root(toml);
}

// Adds the items of a table whose names must be unique over all files.
static void merge_unique(Loader *l, const StrakeField *field, GPtrArray **into, GPtrArray *from)
{
	GHashTable *names = g_hash_table_lookup(l->seen, field);

	if (from == NULL)
		return;
	if (names == NULL) {
		names = g_hash_table_new(g_str_hash, g_str_equal);
		g_hash_table_insert(l->seen, (void *)field, names);
	}
	if (*into == NULL) {
		*into = g_ptr_array_new();
		strake_arena_defer(l->load.arena, *into, (GDestroyNotify)g_ptr_array_unref);
	}
	for (guint i = 0; i < from->len; i++) {
		void *item = from->pdata[i];
		char *name = *(char **)item;
		size_t at = field->schema->origin_offset;
		const StrakeOrigin *here = (StrakeOrigin *)((char *)item + at);
		void *old = g_hash_table_lookup(names, name);
		if (old != NULL) {
			const StrakeOrigin *first = (StrakeOrigin *)((char *)old + at);
			strake_load_problem(&l->load, *here,
				"%s.%s is defined twice; first at %s:%u:%u", field->key, name,
				first->file, first->line, first->column);
			continue;
		}
		g_hash_table_insert(names, name, item);
		g_ptr_array_add(*into, item);
	}
}

static void merge_file(Loader *l, StrakeDefinitions *from)
{
	StrakeDefinitions *into = &l->project->all;
	const StrakeField *field = strake_definitions_schema.fields;

	for (; field->key != NULL; field++) {
		if ((field->flags & STRAKE_FIELD_UNIQUE) != 0) {
			merge_unique(l, field, STRAKE_FIELD_AT(into, field),
				*(GPtrArray **)STRAKE_FIELD_AT(from, field));
			continue;
		}
		bool inherits = (field->flags & STRAKE_FIELD_INHERITS) != 0;
		strake_schema_merge_field(field,
			inherits ? STRAKE_MERGE_INHERIT : STRAKE_MERGE_FILES, l->load.arena,
			l->load.sources, into, from);
	}
}

static void load_file(Loader *l, const char *path, StrakeOrigin from);

static void load_include(Loader *l, const char *dir, const char *pattern, StrakeOrigin at)
{
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) files = strake_glob_files(*pattern == '/' ? "" : dir, pattern, &error);

	if (files == NULL) {
		strake_load_problem(&l->load, at, "includes: %s", error->message);
		return;
	}
	if (files[0] == NULL && strake_glob_is_literal(pattern))
		strake_load_problem(
			&l->load, at, "includes: there is no file '%s' below '%s'", pattern, dir);
	for (char **file = files; *file != NULL; file++)
		load_file(l, *file, at);
}

static void load_includes(Loader *l, const StrakeTomlValue *root, const char *dir)
{
	const StrakeTomlEntry *includes = strake_toml_get(root, "includes");
	const char *file = l->load.file;

	if (includes == NULL || includes->value.kind != STRAKE_TOML_ARRAY)
		return;
	for (size_t i = 0; i < includes->value.array.count; i++) {
		const StrakeTomlValue *item = &includes->value.array.items[i];
		if (item->kind != STRAKE_TOML_STRING)
			continue; // noted when the file itself was loaded
		load_include(
			l, dir, item->string.text, (StrakeOrigin){file, item->line, item->column});
	}
}

// Whether reading @path now would be a cycle, or is not needed any more.
static bool skip_file(Loader *l, const char *path, StrakeOrigin from)
{
	for (guint i = 0; i < l->open->len; i++) {
		if (strcmp(l->open->pdata[i], path) != 0)
			continue;
		strake_load_problem(
			&l->load, from, "includes: '%s' includes itself (a cycle)", path);
		return true;
	}
	if (l->open->len >= INCLUDE_DEPTH_MAX) {
		strake_load_problem(
			&l->load, from, "includes: more than %d files deep", INCLUDE_DEPTH_MAX);
		return true;
	}
	return !g_hash_table_add(l->loaded, g_strdup(path));
}

static void load_file(Loader *l, const char *given, StrakeOrigin from)
{
	g_autofree char *path = g_canonicalize_filename(given, NULL);
	g_autofree char *dir = g_path_get_dirname(path);
	StrakeDefinitions defs = {0};
	const StrakeTomlValue *root;

	if (skip_file(l, path, from))
		return;
	l->load.file = strake_project_display(l->load.arena, path);
	l->load.dir = strake_arena_strdup(l->load.arena, dir);
	g_hash_table_insert(l->project->file_dirs, (char *)l->load.file, (char *)l->load.dir);
	root = strake_project_parse(&l->load, path);
	if (root == NULL)
		return;
	// The struct is merged away, but the places of its values must stay.
	StrakeDefinitions *kept = strake_arena_alloc(l->load.arena, sizeof(defs));
	strake_schema_load(&strake_definitions_schema, &l->load, root, kept);
	merge_file(l, kept);
	g_ptr_array_add(l->open, path);
	load_includes(l, root, dir);
	g_ptr_array_remove_index(l->open, l->open->len - 1);
}

static void load_user_config(Loader *l)
{
	const char *dir = l->project->azldev ? "azldev" : "strake";
	g_autofree char *path = g_build_filename(g_get_user_config_dir(), dir, "config.toml", NULL);

	if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
		load_file(l, path, (StrakeOrigin){0});
}

static void free_pattern(void *data)
{
	StrakeProjectPattern *pattern = data;

	strake_glob_free(pattern->glob);
	g_free(pattern);
}

static StrakeProject *new_project(const char *root_path)
{
	StrakeProject *p = g_new0(StrakeProject, 1);

	strake_tables_init();
	p->arena = strake_arena_new();
	g_mutex_init(&p->lock);
	p->root_path = strake_arena_strdup(p->arena, root_path);
	p->components = g_hash_table_new(g_str_hash, g_str_equal);
	p->patterns = g_ptr_array_new_with_free_func(free_pattern);
	p->component_dirs = g_hash_table_new(g_str_hash, g_str_equal);
	p->groups_of = g_hash_table_new_full(
		g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_ptr_array_unref);
	p->sources = g_hash_table_new(NULL, NULL);
	p->file_dirs = g_hash_table_new(g_str_hash, g_str_equal);
	p->overlay_files = g_hash_table_new(g_str_hash, g_str_equal);
	g_autofree char *dir = g_path_get_dirname(root_path);
	p->root_dir = strake_arena_strdup(p->arena, dir);
	g_autofree char *display = g_path_get_dirname(strake_project_display(p->arena, root_path));
	p->display_dir = strake_arena_strdup(p->arena, strcmp(display, ".") == 0 ? "" : display);
	p->azldev = g_str_has_suffix(root_path, "/azldev.toml");
	return p;
}

void strake_project_free(StrakeProject *project)
{
	if (project == NULL)
		return;
	g_hash_table_unref(project->components);
	g_ptr_array_unref(project->patterns);
	g_hash_table_unref(project->component_dirs);
	g_hash_table_unref(project->groups_of);
	g_hash_table_unref(project->sources);
	g_hash_table_unref(project->file_dirs);
	g_hash_table_unref(project->overlay_files);
	g_mutex_clear(&project->lock);
	strake_arena_free(project->arena);
	g_free(project);
}

static int compare_groups(const void *a, const void *b)
{
	const StrakeComponentGroup *const *x = a;
	const StrakeComponentGroup *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static int compare_patterns(const void *a, const void *b)
{
	const StrakeProjectPattern *const *x = a;
	const StrakeProjectPattern *const *y = b;

	size_t length_x = strlen((*x)->component->name), length_y = strlen((*y)->component->name);

	if (length_x != length_y)
		return length_x > length_y ? -1 : 1; // the longer is the more specific
	return strcmp((*x)->component->name, (*y)->component->name);
}

static void add_pattern(StrakeProject *p, StrakeLoad *load, const StrakeComponent *component)
{
	g_autoptr(GError) error = NULL;
	StrakeGlob *glob = strake_glob_new(component->name, &error);
	StrakeProjectPattern *pattern;

	if (glob == NULL) {
		strake_load_problem(load, component->origin, "component '%s': %s", component->name,
			error->message);
		return;
	}
	pattern = g_new0(StrakeProjectPattern, 1);
	pattern->glob = glob;
	pattern->component = component;
	g_ptr_array_add(p->patterns, pattern);
}

// What a group says of its changes holds for each of them that says nothing itself.
static void spread_metadata(StrakeComponentGroup *group)
{
	const GPtrArray *overlays = group->defaults.overlays;

	for (guint i = 0; group->metadata != NULL && overlays != NULL && i < overlays->len; i++) {
		StrakeOverlay *overlay = overlays->pdata[i];
		if (overlay->metadata == NULL)
			overlay->metadata = group->metadata;
	}
}

static void index_components(StrakeProject *p, StrakeLoad *load)
{
	GPtrArray *groups = p->all.component_groups;

	for (guint i = 0; p->all.components != NULL && i < p->all.components->len; i++) {
		StrakeComponent *c = p->all.components->pdata[i];
		g_hash_table_insert(p->components, c->name, c);
		if (strchr(c->name, '*') != NULL)
			add_pattern(p, load, c);
	}
	g_ptr_array_sort(p->patterns, compare_patterns);
	if (groups != NULL)
		g_ptr_array_sort(groups, compare_groups);
	for (guint i = 0; groups != NULL && i < groups->len; i++) {
		StrakeComponentGroup *group = groups->pdata[i];
		spread_metadata(group);
		for (char **name = group->components; name != NULL && *name != NULL; name++) {
			GPtrArray *list = g_hash_table_lookup(p->groups_of, *name);
			if (list == NULL) {
				list = g_ptr_array_new();
				g_hash_table_insert(p->groups_of, *name, list);
			}
			if (list->len == 0 || list->pdata[list->len - 1] != group)
				g_ptr_array_add(list, group);
		}
	}
}

static const char *dir_or(const StrakeProject *p, const char *given, const char *fallback)
{
	g_autofree char *path = g_build_filename(p->root_dir, fallback, NULL);

	return given != NULL ? given : strake_arena_strdup(p->arena, path);
}

static void fill_upstreams(StrakeProject *p)
{
	for (guint i = 0; p->all.upstreams != NULL && i < p->all.upstreams->len; i++) {
		StrakeUpstream *u = p->all.upstreams->pdata[i];
		if (u->architecture == NULL)
			u->architecture =
				(char *)(u->kind == STRAKE_UPSTREAM_RPM_MD ? "x86_64" : "amd64");
		if (u->components != NULL && u->components[0] != NULL)
			continue;
		u->components = strake_arena_alloc(p->arena, 2 * sizeof(char *));
		u->components[0] = (char *)"main";
	}
}

// What follows from the merged files: indexes, defaults, the base of all components.
static void finish(Loader *l)
{
	StrakeProject *p = l->project;
	const StrakeDistroVersion *version;
	g_autofree char *beside = g_str_has_suffix(p->root_path, "/distro/strake.toml")
					  ? g_build_filename("..", "out", NULL)
					  : g_strdup("out");
	g_autofree char *installed = installed_root();
	bool is_installed = installed != NULL && strcmp(installed, p->root_path) == 0;
	// What comes of the installed distribution goes where the user is.
	g_autofree char *out = g_canonicalize_filename(
		is_installed ? "out" : dir_or(p, p->all.project.output_dir, beside), NULL);
	g_autofree char *locks = g_canonicalize_filename(
		dir_or(p, p->all.project.lock_dir, p->azldev ? "locks" : "."), NULL);

	p->output_dir = strake_arena_strdup(p->arena, out);
	p->lock_dir = strake_arena_strdup(p->arena, locks);
	if (p->azldev && p->all.project.default_author_email == NULL)
		p->all.project.default_author_email = (char *)"azurelinux@microsoft.com";
	fill_upstreams(p);
	strake_project_discover_specs(p, &l->load);
	index_components(p, &l->load);
	version = strake_project_distro_version(p, NULL, NULL);
	if (version != NULL)
		strake_schema_merge(&strake_component_schema, STRAKE_MERGE_INHERIT, p->arena,
			p->sources, &p->base, &version->defaults);
	strake_schema_merge(&strake_component_schema, STRAKE_MERGE_INHERIT, p->arena, p->sources,
		&p->base, &p->all.default_component);
	strake_project_check_references(p, &l->load);
}

static bool report(const StrakeLoad *load, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);

	if (load->n_problems == 0)
		return true;
	for (guint i = 0; i < load->problems->len; i++)
		g_string_append_printf(
			text, "%s%s", i > 0 ? "\n" : "", (char *)load->problems->pdata[i]);
	if (load->n_problems > load->problems->len)
		g_string_append_printf(
			text, "\nand %u more problems", load->n_problems - load->problems->len);
	return strake_error_set(error, STRAKE_ERROR_INVALID, "%s", text->str);
}

StrakeProject *strake_project_load(
	const char *start_dir, const StrakeProjectOptions *options, GError **error)
{
	static const StrakeProjectOptions defaults = {0};
	g_autofree char *root_path = NULL;
	g_autoptr(StrakeProject) project = NULL;
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) open = g_ptr_array_new();
	g_autoptr(GHashTable) loaded = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) seen =
		g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_hash_table_unref);
	g_autoptr(GString) where = g_string_new(NULL);

	if (options == NULL)
		options = &defaults;
	if (!find_root(start_dir, &root_path, error))
		return NULL;
	project = new_project(root_path);
	Loader l = {
		.project = project,
		.load = {.arena = project->arena,
			.permissive = options->permissive,
			.sources = project->sources,
			.problems = problems,
			.path = where},
		.open = open,
		.loaded = loaded,
		.seen = seen,
	};
	load_file(&l, root_path, (StrakeOrigin){0});
	if (!options->no_user_config)
		load_user_config(&l);
	for (size_t i = 0; options->config_files != NULL && options->config_files[i] != NULL; i++)
		load_file(&l, options->config_files[i], (StrakeOrigin){0});
	if (l.load.n_problems == 0)
		finish(&l);
	if (l.load.n_problems == 0 && options->check_files)
		strake_project_check_files(project, &l.load);
	if (!report(&l.load, error))
		return NULL;
	return g_steal_pointer(&project);
}
