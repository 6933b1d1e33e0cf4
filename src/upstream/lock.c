// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Locks of upstreams of binary packages.
#include "upstream/lock.h"

#include <fcntl.h>
#include <rpm/rpmver.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "format/deb_control.h"
#include "format/deb_version.h"
#include "format/toml.h"

enum { LOCK_MAX_BYTES = 16 << 20, LOCK_FORMAT = 1, REPOS_MAX = 1000 };

#define INRELEASE_KEY "inrelease-sha256"
#define REPOMD_KEY "repomd-sha256"

void strake_pin_free(StrakePin *pin)
{
	if (pin == NULL)
		return;
	g_free(pin->name);
	g_free(pin->version);
	g_free(pin->architecture);
	g_free(pin->filename);
	g_free(pin->sha256);
	g_free(pin);
}

StrakeUpstreamLock *strake_upstream_lock_new(void)
{
	StrakeUpstreamLock *lock = g_new0(StrakeUpstreamLock, 1);

	lock->pins = g_ptr_array_new_with_free_func((GDestroyNotify)strake_pin_free);
	lock->sources = g_ptr_array_new_with_free_func((GDestroyNotify)strake_pin_free);
	return lock;
}

void strake_upstream_lock_free(StrakeUpstreamLock *lock)
{
	if (lock == NULL)
		return;
	g_free(lock->suite);
	g_free(lock->date);
	g_free(lock->index_sha256);
	g_ptr_array_unref(lock->pins);
	g_ptr_array_unref(lock->sources);
	g_free(lock);
}

// -- reading

static bool broken(
	const char *file, uint32_t line, uint32_t column, const char *what, GError **error)
{
	const StrakeOrigin at = {.file = file, .line = line, .column = column};

	return strake_error_at(error, STRAKE_ERROR_INVALID, at,
		"%s; `strake upstream update` writes this file anew", what);
}

static const StrakeTomlValue *get(const StrakeTomlValue *table, const char *key,
	StrakeTomlKind kind, const char *file, GError **error)
{
	const StrakeTomlEntry *entry = strake_toml_get(table, key);
	g_autofree char *what = NULL;

	if (entry != NULL && entry->value.kind == kind)
		return &entry->value;
	if (entry == NULL) {
		what = g_strdup_printf("found no key '%s'", key);
		broken(file, table->line, table->column, what, error);
	} else {
		what = g_strdup_printf("'%s' is %s, expected %s", key,
			strake_toml_kind_name(entry->value.kind), strake_toml_kind_name(kind));
		broken(file, entry->line, entry->column, what, error);
	}
	return NULL;
}

static bool get_text(
	const StrakeTomlValue *table, const char *key, const char *file, char **out, GError **error)
{
	const StrakeTomlValue *value = get(table, key, STRAKE_TOML_STRING, file, error);

	if (value == NULL)
		return false;
	*out = g_strdup(value->string.text);
	return true;
}

// As rpm has it: any visible characters, but nothing that would make a path of a name.
static bool is_rpm_word(const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		if (!g_ascii_isgraph(*c) || *c == '/')
			return false;
	return *text != '\0' && *text != '.';
}

static rpmver rpm_version(const char *evr)
{
	const char *dash = strchr(evr, '-');

	return is_rpm_word(evr) && dash != NULL && strchr(dash + 1, '-') == NULL ? rpmverParse(evr)
										 : NULL;
}

static bool check_rpm_pin(const StrakePin *pin, const char **out_what)
{
	rpmver version = rpm_version(pin->version);

	if (!is_rpm_word(pin->name))
		*out_what = "the key is no name of a package";
	else if (version == NULL)
		*out_what = "'version' is not [epoch:]version-release";
	rpmverFree(version);
	return *out_what == NULL;
}

static bool check_pin(const StrakePin *pin, StrakeUpstreamKind kind, const StrakeTomlEntry *entry,
	const char *file, GError **error)
{
	bool source = strcmp(pin->architecture, STRAKE_ARCH_SOURCE) == 0;
	g_autofree char *name =
		source ? g_strndup(pin->name, strcspn(pin->name, " ")) : g_strdup(pin->name);
	g_autoptr(GError) cause = NULL;
	const char *what = NULL;

	if (kind == STRAKE_UPSTREAM_RPM_MD && !check_rpm_pin(pin, &what))
		return broken(file, entry->line, entry->column, what, error);
	if (kind == STRAKE_UPSTREAM_DEB && (!strake_deb_name_check(name, &cause) ||
						   !strake_deb_version_check(pin->version, &cause)))
		what = cause->message;
	else if (!strake_path_is_clean(pin->filename))
		what = "'filename' is not a path below the archive";
	else if (!strake_digest_is_hex(STRAKE_DIGEST_SHA256, pin->sha256))
		what = "'sha256' is not a SHA-256 digest";
	return what == NULL || broken(file, entry->line, entry->column, what, error);
}

static bool take_pin(GPtrArray *pins, StrakeUpstreamKind kind, const StrakeTomlEntry *entry,
	const char *file, GError **error)
{
	g_autoptr(StrakePin) pin = g_new0(StrakePin, 1);
	const StrakeTomlValue *table = &entry->value;
	const StrakeTomlEntry *repo = strake_toml_get(table, "repo");
	const StrakeTomlValue *size;

	if (table->kind != STRAKE_TOML_TABLE)
		return broken(file, entry->line, entry->column, "a package must be a table", error);
	pin->name = g_strdup(entry->key);
	if (!get_text(table, "version", file, &pin->version, error) ||
		!get_text(table, "arch", file, &pin->architecture, error) ||
		!get_text(table, "filename", file, &pin->filename, error) ||
		!get_text(table, "sha256", file, &pin->sha256, error))
		return false;
	size = get(table, "size", STRAKE_TOML_INTEGER, file, error);
	if (size == NULL)
		return false;
	if (size->integer <= 0)
		return broken(file, size->line, size->column, "'size' is not positive", error);
	pin->size = (uint64_t)size->integer;
	if (strake_toml_get(table, "build-only") != NULL) {
		const StrakeTomlValue *only =
			get(table, "build-only", STRAKE_TOML_BOOL, file, error);

		if (only == NULL)
			return false;
		pin->build_only = only->boolean;
	}
	if (repo != NULL && (repo->value.kind != STRAKE_TOML_INTEGER || repo->value.integer < 0 ||
				    repo->value.integer > REPOS_MAX))
		return broken(
			file, repo->line, repo->column, "'repo' is not a small number", error);
	pin->repo = repo != NULL ? (unsigned)repo->value.integer : 0;
	if (!check_pin(pin, kind, entry, file, error))
		return false;
	g_ptr_array_add(pins, g_steal_pointer(&pin));
	return true;
}

static int by_name(gconstpointer a, gconstpointer b)
{
	const StrakePin *const *x = a;
	const StrakePin *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

// The key that names the digest of the index tells the kind.
static bool take_release(
	StrakeUpstreamLock *lock, const StrakeTomlValue *release, const char *name, GError **error)
{
	bool is_rpm = strake_toml_get(release, REPOMD_KEY) != NULL;

	lock->kind = is_rpm ? STRAKE_UPSTREAM_RPM_MD : STRAKE_UPSTREAM_DEB;
	return (is_rpm || get_text(release, "suite", name, &lock->suite, error)) &&
	       get_text(release, "date", name, &lock->date, error) &&
	       get_text(release, is_rpm ? REPOMD_KEY : INRELEASE_KEY, name, &lock->index_sha256,
		       error);
}

static bool take_pins(StrakeUpstreamLock *lock, bool sources, const StrakeTomlValue *table,
	const char *file, GError **error)
{
	GPtrArray *pins = sources ? lock->sources : lock->pins;

	for (size_t i = 0; i < table->table.count; i++) {
		const StrakeTomlEntry *entry = &table->table.entries[i];
		const StrakePin *pin;

		if (!take_pin(pins, lock->kind, entry, file, error))
			return false;
		pin = g_ptr_array_index(pins, pins->len - 1);
		if ((strcmp(pin->architecture, STRAKE_ARCH_SOURCE) == 0) != sources)
			return broken(file, entry->line, entry->column,
				"packages and sources stand in tables of their own", error);
	}
	g_ptr_array_sort(pins, by_name);
	return true;
}

// Locks written before there were sources have no such table.
static bool take_sources(
	StrakeUpstreamLock *lock, const StrakeTomlValue *root, const char *file, GError **error)
{
	const StrakeTomlValue *sources;

	if (strake_toml_get(root, "sources") == NULL)
		return true;
	sources = get(root, "sources", STRAKE_TOML_TABLE, file, error);
	return sources != NULL && take_pins(lock, true, sources, file, error);
}

StrakeUpstreamLock *strake_upstream_lock_parse(
	const char *text, size_t size, const char *name, GError **error)
{
	g_autoptr(StrakeUpstreamLock) lock = strake_upstream_lock_new();
	g_autoptr(StrakeToml) toml = strake_toml_parse(text, size, name, error);
	const StrakeTomlValue *root, *format, *release, *packages;

	if (toml == NULL)
		return NULL;
	root = strake_toml_root(toml);
	format = get(root, "format", STRAKE_TOML_INTEGER, name, error);
	if (format == NULL)
		return NULL;
	if (format->integer != LOCK_FORMAT) {
		broken(name, format->line, format->column,
			"the lock is of a format that this strake does not know", error);
		return NULL;
	}
	release = get(root, "release", STRAKE_TOML_TABLE, name, error);
	packages = release != NULL ? get(root, "packages", STRAKE_TOML_TABLE, name, error) : NULL;
	if (packages == NULL || !take_release(lock, release, name, error))
		return NULL;
	if (!take_pins(lock, false, packages, name, error) ||
		!take_sources(lock, root, name, error))
		return NULL;
	return g_steal_pointer(&lock);
}

StrakeUpstreamLock *strake_upstream_lock_load(const char *path, GError **error)
{
	g_autoptr(GBytes) bytes = strake_file_read_at(AT_FDCWD, path, LOCK_MAX_BYTES, error);

	if (bytes == NULL)
		return NULL;
	return strake_upstream_lock_parse(
		g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), path, error);
}

// -- writing

// A TOML basic string; all that a lock holds is printable but for what is escaped here.
static void append_text(GString *out, const char *text)
{
	g_string_append_c(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			g_string_append_c(out, '\\');
		if ((unsigned char)*text < ' ')
			g_string_append_printf(out, "\\u%04x", (unsigned)*text);
		else
			g_string_append_c(out, *text);
	}
	g_string_append_c(out, '"');
}

static void append_key(GString *out, const char *before, const char *key, const char *value)
{
	g_string_append_printf(out, "%s%s = ", before, key);
	append_text(out, value);
}

static void append_pins(GString *out, const GPtrArray *pins)
{
	for (guint i = 0; i < pins->len; i++) {
		const StrakePin *pin = g_ptr_array_index(pins, i);

		append_text(out, pin->name);
		append_key(out, " = { ", "version", pin->version);
		append_key(out, ", ", "arch", pin->architecture);
		append_key(out, ", ", "filename", pin->filename);
		if (pin->repo > 0)
			g_string_append_printf(out, ", repo = %u", pin->repo);
		g_string_append_printf(out, ", size = %" G_GUINT64_FORMAT, pin->size);
		append_key(out, ", ", "sha256", pin->sha256);
		if (pin->build_only)
			g_string_append(out, ", build-only = true");
		g_string_append(out, " }\n");
	}
}

char *strake_upstream_lock_format(const StrakeUpstreamLock *lock)
{
	GString *out = g_string_new(
		"# Exactly what is imported from upstream. Written by `strake upstream update`.\n");

	g_string_append_printf(out, "format = %d\n\n[release]\n", LOCK_FORMAT);
	if (lock->suite != NULL)
		append_key(out, "", "suite", lock->suite);
	append_key(out, lock->suite != NULL ? "\n" : "", "date", lock->date);
	append_key(out, "\n", lock->kind == STRAKE_UPSTREAM_RPM_MD ? REPOMD_KEY : INRELEASE_KEY,
		lock->index_sha256);
	g_string_append(out, "\n\n[packages]\n");
	append_pins(out, lock->pins);
	if (lock->sources->len > 0) {
		g_string_append(out, "\n[sources]\n");
		append_pins(out, lock->sources);
	}
	return g_string_free(out, FALSE);
}

bool strake_upstream_lock_store(const StrakeUpstreamLock *lock, const char *path, GError **error)
{
	g_autofree char *text = strake_upstream_lock_format(lock);
	g_autofree char *parent = g_path_get_dirname(path);
	g_autofree char *old = NULL;

	if (g_file_get_contents(path, &old, NULL, NULL) && strcmp(old, text) == 0)
		return true;
	return strake_path_mkdirs(AT_FDCWD, parent, error) &&
	       strake_file_write_at(AT_FDCWD, path, text, strlen(text), 0644, error);
}

const StrakePin *strake_upstream_lock_source(const StrakeUpstreamLock *lock, const char *name)
{
	for (guint i = 0; i < lock->sources->len; i++) {
		const StrakePin *pin = g_ptr_array_index(lock->sources, i);

		if (strcmp(pin->name, name) == 0)
			return pin;
	}
	return NULL;
}

// -- comparing

const char *strake_move_name(StrakeMoveKind kind)
{
	static const char *const names[] = {
		"added", "removed", "upgraded", "downgraded", "rebuilt"};

	g_return_val_if_fail((size_t)kind < G_N_ELEMENTS(names), "");
	return names[kind];
}

static int rpm_compare(const char *a, const char *b)
{
	rpmver x = rpm_version(a);
	rpmver y = rpm_version(b);
	int order = x != NULL && y != NULL ? rpmverCmp(x, y) : strcmp(a, b);

	rpmverFree(x);
	rpmverFree(y);
	return order;
}

static void add_change(
	GArray *moves, StrakeUpstreamKind kind, const StrakePin *from, const StrakePin *to)
{
	int order = kind == STRAKE_UPSTREAM_RPM_MD
			    ? rpm_compare(from->version, to->version)
			    : strake_deb_version_compare(from->version, to->version);
	StrakeMove move = {.from = from, .to = to};

	if (order == 0 && strcmp(from->sha256, to->sha256) == 0)
		return;
	move.kind = order < 0   ? STRAKE_MOVE_UPGRADED
		    : order > 0 ? STRAKE_MOVE_DOWNGRADED
				: STRAKE_MOVE_REBUILT;
	g_array_append_val(moves, move);
}

static void compare_pins(
	GArray *moves, StrakeUpstreamKind kind, const GPtrArray *from, const GPtrArray *to)
{
	guint n_from = from != NULL ? from->len : 0;
	guint i = 0;
	guint j = 0;

	while (i < n_from || j < to->len) {
		const StrakePin *a = i < n_from ? g_ptr_array_index(from, i) : NULL;
		const StrakePin *b = j < to->len ? g_ptr_array_index(to, j) : NULL;
		int order = a == NULL ? 1 : b == NULL ? -1 : strcmp(a->name, b->name);
		StrakeMove move = {.from = order <= 0 ? a : NULL, .to = order >= 0 ? b : NULL};

		if (order == 0) {
			add_change(moves, kind, a, b);
		} else {
			move.kind = order < 0 ? STRAKE_MOVE_REMOVED : STRAKE_MOVE_ADDED;
			g_array_append_val(moves, move);
		}
		i += order <= 0;
		j += order >= 0;
	}
}

GArray *strake_upstream_lock_compare(const StrakeUpstreamLock *from, const StrakeUpstreamLock *to)
{
	GArray *moves = g_array_new(FALSE, FALSE, sizeof(StrakeMove));

	compare_pins(moves, to->kind, from != NULL ? from->pins : NULL, to->pins);
	compare_pins(moves, to->kind, from != NULL ? from->sources : NULL, to->sources);
	return moves;
}
