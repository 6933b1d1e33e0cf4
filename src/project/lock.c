// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Lock files: read by the tables that everything is read by, written in one fixed form.
#include "project/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/glob.h"
#include "base/path.h"
#include "project/project_private.h"

enum { LOCK_VERSION = 1 };

typedef struct {
	int version;
	StrakeComponentLock lock; // azldev: the whole file
	GPtrArray *components;    // ours
} LockFile;

struct StrakeLocks {
	char *dir;
	bool azldev;
	GTree *by_name;      // name -> StrakeComponentLock *, owned
	GHashTable *changed; // names
};

#define AT(m) offsetof(StrakeComponentLock, m)
#define LOCK_FIELDS(base)                                                                          \
	{.key = "import-commit",                                                                   \
		.kind = STRAKE_FIELD_STRING,                                                       \
		.offset = (base) + AT(import_commit)},                                             \
		{.key = "upstream-commit",                                                         \
			.kind = STRAKE_FIELD_STRING,                                               \
			.offset = (base) + AT(upstream_commit)},                                   \
		{.key = "manual-bump",                                                             \
			.kind = STRAKE_FIELD_INT,                                                  \
			.offset = (base) + AT(manual_bump),                                        \
			.max = 1000000},                                                           \
		{.key = "input-fingerprint",                                                       \
			.kind = STRAKE_FIELD_STRING,                                               \
			.offset = (base) + AT(input_fingerprint)},                                 \
	{                                                                                          \
		.key = "resolution-input-hash", .kind = STRAKE_FIELD_STRING,                       \
		.offset = (base) + AT(resolution_input_hash)                                       \
	}

static const StrakeField lock_fields[] = {
	LOCK_FIELDS(0),
	{.key = "inputs", .kind = STRAKE_FIELD_MAP, .offset = AT(inputs)},
	{0},
};
static const StrakeSchema lock_schema = {.title = "component lock",
	.size = sizeof(StrakeComponentLock),
	.fields = lock_fields,
	.has_name = true,
	.has_origin = true,
	.origin_offset = AT(at)};

#define VERSION_FIELD                                                                              \
	{                                                                                          \
		.key = "version", .kind = STRAKE_FIELD_INT, .offset = offsetof(LockFile, version), \
		.min = LOCK_VERSION, .max = LOCK_VERSION, .flags = STRAKE_FIELD_REQUIRED           \
	}

static const StrakeField azldev_fields[] = {
	VERSION_FIELD,
	LOCK_FIELDS(offsetof(LockFile, lock)),
	{0},
};
static const StrakeSchema azldev_schema = {
	.title = "lock file", .size = sizeof(LockFile), .fields = azldev_fields};

static const StrakeField own_fields[] = {
	VERSION_FIELD,
	{.key = "components",
		.kind = STRAKE_FIELD_NAMED,
		.offset = offsetof(LockFile, components),
		.schema = &lock_schema},
	{0},
};
static const StrakeSchema own_schema = {
	.title = "lock file", .size = sizeof(LockFile), .fields = own_fields};

static void free_input(void *data)
{
	StrakeNameValue *input = data;

	g_free(input->key);
	g_free(input->value);
	g_free(input);
}

static void free_lock(void *data)
{
	StrakeComponentLock *lock = data;

	g_free(lock->name);
	g_free(lock->import_commit);
	g_free(lock->upstream_commit);
	g_free(lock->input_fingerprint);
	g_free(lock->resolution_input_hash);
	g_clear_pointer(&lock->inputs, g_ptr_array_unref);
	g_free(lock);
}

static StrakeComponentLock *copy_lock(const StrakeComponentLock *lock)
{
	StrakeComponentLock *copy = g_new0(StrakeComponentLock, 1);

	copy->name = g_strdup(lock->name);
	copy->import_commit = g_strdup(lock->import_commit);
	copy->upstream_commit = g_strdup(lock->upstream_commit);
	copy->manual_bump = lock->manual_bump;
	copy->input_fingerprint = g_strdup(lock->input_fingerprint);
	copy->resolution_input_hash = g_strdup(lock->resolution_input_hash);
	copy->inputs = g_ptr_array_new_with_free_func(free_input);
	for (guint i = 0; lock->inputs != NULL && i < lock->inputs->len; i++) {
		const StrakeNameValue *input = lock->inputs->pdata[i];
		StrakeNameValue *kept = g_new0(StrakeNameValue, 1);
		kept->key = g_strdup(input->key);
		kept->value = g_strdup(input->value);
		g_ptr_array_add(copy->inputs, kept);
	}
	return copy;
}

static int compare_names(const void *a, const void *b, void *unused)
{
	return strcmp(a, b);
}

static void keep(StrakeLocks *locks, const StrakeComponentLock *lock)
{
	g_tree_replace(locks->by_name, g_strdup(lock->name), copy_lock(lock));
}

// Reads the file at @path into @out, whose parts live in @arena.
static bool read_file(StrakeArena *arena, const StrakeSchema *schema, const char *path,
	LockFile *out, GError **error)
{
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GString) where = g_string_new(NULL);
	StrakeLoad load = {.arena = arena,
		.file = strake_project_display(arena, path),
		.dir = "/",
		.problems = problems,
		.path = where};
	const StrakeTomlValue *root = strake_project_parse(&load, path);

	if (root != NULL)
		strake_schema_load(schema, &load, root, out);
	if (problems->len == 0)
		return true;
	return strake_error_set(error, STRAKE_ERROR_INVALID,
		"%s\n(a lock file is written by strake component update; this version reads "
		"version %d)",
		(char *)problems->pdata[0], LOCK_VERSION);
}

static bool load_azldev(StrakeLocks *locks, StrakeArena *arena, GError **error)
{
	g_auto(GStrv) files = strake_glob_files(locks->dir, "*.lock", error);

	if (files == NULL)
		return false;
	for (char **file = files; *file != NULL; file++) {
		g_autofree char *base = g_path_get_basename(*file);
		LockFile read = {0};
		if (!read_file(arena, &azldev_schema, *file, &read, error))
			return false;
		base[strlen(base) - strlen(".lock")] = '\0';
		read.lock.name = base;
		keep(locks, &read.lock);
	}
	return true;
}

static bool load_own(StrakeLocks *locks, StrakeArena *arena, GError **error)
{
	g_autofree char *path = g_build_filename(locks->dir, "components.lock", NULL);
	LockFile read = {0};

	if (!g_file_test(path, G_FILE_TEST_EXISTS))
		return true;
	if (!read_file(arena, &own_schema, path, &read, error))
		return false;
	for (guint i = 0; read.components != NULL && i < read.components->len; i++)
		keep(locks, read.components->pdata[i]);
	return true;
}

StrakeLocks *strake_locks_load(const StrakeProject *project, GError **error)
{
	g_autoptr(StrakeLocks) locks = g_new0(StrakeLocks, 1);
	g_autoptr(StrakeArena) arena = strake_arena_new();

	locks->dir = g_strdup(project->lock_dir);
	locks->azldev = project->azldev;
	locks->by_name = g_tree_new_full(compare_names, NULL, g_free, free_lock);
	locks->changed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	if (!(locks->azldev ? load_azldev(locks, arena, error) : load_own(locks, arena, error)))
		return NULL;
	return g_steal_pointer(&locks);
}

void strake_locks_free(StrakeLocks *locks)
{
	if (locks == NULL)
		return;
	g_free(locks->dir);
	g_tree_unref(locks->by_name);
	g_hash_table_unref(locks->changed);
	g_free(locks);
}

const StrakeComponentLock *strake_locks_get(const StrakeLocks *locks, const char *name)
{
	return g_tree_lookup(locks->by_name, name);
}

static gboolean add_name(void *name, void *lock, void *names)
{
	g_strv_builder_add(names, name);
	return FALSE;
}

char **strake_locks_names(const StrakeLocks *locks)
{
	g_autoptr(GStrvBuilder) names = g_strv_builder_new();

	g_tree_foreach(locks->by_name, add_name, names);
	return g_strv_builder_end(names);
}

void strake_locks_set(StrakeLocks *locks, const StrakeComponentLock *lock)
{
	const StrakeComponentLock *old = strake_locks_get(locks, lock->name);
	StrakeComponentLock *new = copy_lock(lock);

	if (old != NULL && old->import_commit != NULL) {
		g_free(new->import_commit);
		new->import_commit = g_strdup(old->import_commit);
	}
	// @lock may be the old one, which goes now.
	g_tree_replace(locks->by_name, g_strdup(new->name), new);
	g_hash_table_add(locks->changed, g_strdup(new->name));
}

void strake_locks_remove(StrakeLocks *locks, const char *name)
{
	if (g_tree_remove(locks->by_name, name))
		g_hash_table_add(locks->changed, g_strdup(name));
}

static void append_string(GString *text, const char *key, const char *value)
{
	if (value != NULL && *value != '\0')
		g_string_append_printf(text, "%s = \"%s\"\n", key, value);
}

// Everything written here is hexadecimal or made of label characters: nothing needs escaping
// but the quotes and backslashes of a label or name.
static char *quoted(const char *text)
{
	g_autoptr(GString) out = g_string_new("\"");

	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			g_string_append_c(out, '\\');
		if ((guchar)*text < 0x20)
			g_string_append_printf(out, "\\u%04x", (guchar)*text);
		else
			g_string_append_c(out, *text);
	}
	g_string_append_c(out, '"');
	return g_string_free(g_steal_pointer(&out), FALSE);
}

static void append_lock(GString *text, const StrakeComponentLock *lock)
{
	append_string(text, "import-commit", lock->import_commit);
	append_string(text, "upstream-commit", lock->upstream_commit);
	if (lock->manual_bump != 0)
		g_string_append_printf(text, "manual-bump = %d\n", lock->manual_bump);
	append_string(text, "input-fingerprint", lock->input_fingerprint);
	append_string(text, "resolution-input-hash", lock->resolution_input_hash);
}

static gboolean append_own(void *name, void *data, void *text)
{
	const StrakeComponentLock *lock = data;
	g_autofree char *key = quoted(name);

	g_string_append_printf(text, "\n[components.%s]\n", key);
	append_lock(text, lock);
	if (lock->inputs->len == 0)
		return FALSE;
	g_string_append_printf(text, "[components.%s.inputs]\n", key);
	for (guint i = 0; i < lock->inputs->len; i++) {
		const StrakeNameValue *input = lock->inputs->pdata[i];
		g_autofree char *label = quoted(input->key);
		g_string_append_printf(text, "%s = \"%s\"\n", label, input->value);
	}
	return FALSE;
}

static bool write_text(
	const StrakeLocks *locks, const char *name, const GString *text, GError **error)
{
	g_autofree char *path = g_build_filename(locks->dir, name, NULL);

	return strake_file_write_at(AT_FDCWD, path, text->str, text->len, 0644, error);
}

static bool store_azldev(StrakeLocks *locks, GError **error)
{
	GHashTableIter iter;
	void *name;

	g_hash_table_iter_init(&iter, locks->changed);
	while (g_hash_table_iter_next(&iter, &name, NULL)) {
		const StrakeComponentLock *lock = strake_locks_get(locks, name);
		g_autofree char *file = g_strconcat(name, ".lock", NULL);
		g_autofree char *path = g_build_filename(locks->dir, file, NULL);
		g_autoptr(GString) text = g_string_new(NULL);
		if (lock == NULL) {
			if (unlink(path) < 0 && errno != ENOENT)
				return strake_error_errno(error, errno, "remove", path);
			continue;
		}
		g_string_printf(text, "version = %d\n", LOCK_VERSION);
		append_lock(text, lock);
		if (!write_text(locks, file, text, error))
			return false;
	}
	return true;
}

bool strake_locks_store(StrakeLocks *locks, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);

	if (g_hash_table_size(locks->changed) == 0)
		return true;
	if (!strake_path_mkdirs(AT_FDCWD, locks->dir, error))
		return false;
	if (locks->azldev) {
		if (!store_azldev(locks, error))
			return false;
	} else {
		g_string_append_printf(text,
			"# Written by strake component update; not for editing.\nversion = %d\n",
			LOCK_VERSION);
		g_tree_foreach(locks->by_name, append_own, text);
		if (!write_text(locks, "components.lock", text, error))
			return false;
	}
	g_hash_table_remove_all(locks->changed);
	return true;
}

char *strake_component_resolution_hash(const StrakeProject *project, const StrakeComponent *c)
{
	const StrakeDistroRef *ref = &c->spec.upstream_distro;
	const StrakeDistro *distro;
	const StrakeDistroVersion *version;
	g_autoptr(StrakeDigest) digest = NULL;
	char hex[STRAKE_DIGEST_HEX_MAX];

	if (c->spec.type != STRAKE_SPEC_UPSTREAM)
		return NULL;
	distro = strake_project_distro(project, ref->name, NULL);
	version = strake_project_distro_version(project, ref, NULL);
	const char *const values[] = {distro != NULL ? distro->name : NULL,
		version != NULL ? version->name : NULL,
		version != NULL ? version->dist_git_branch : NULL,
		distro != NULL ? distro->dist_git_base_uri : NULL, ref->snapshot,
		c->spec.upstream_commit,
		c->spec.upstream_name != NULL ? c->spec.upstream_name : c->name};
	digest = strake_digest_new(STRAKE_DIGEST_SHA256);
	for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
		const char *value = values[i] != NULL ? values[i] : "";
		uint64_t size = GUINT64_TO_LE((uint64_t)strlen(value));
		strake_digest_update(digest, &size, sizeof(size));
		strake_digest_update(digest, value, strlen(value));
	}
	strake_digest_hex(digest, hex);
	return g_strdup(hex);
}
