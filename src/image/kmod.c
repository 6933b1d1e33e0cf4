// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Reads depmod's text indexes and decompresses module files.
#include "image/kmod.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"

enum { INDEX_MAX_BYTES = 64 << 20, MODULE_MAX_BYTES = 64 << 20 };

typedef struct {
	char *path;
	char **needs; // in the order in which they must be loaded
} Module;

struct StrakeKmod {
	int dir_fd;
	GHashTable *modules; // name -> Module
	GHashTable *builtin; // set of names
	char *alias_text;
};

static void module_free(gpointer data)
{
	Module *m = data;

	g_free(m->path);
	g_strfreev(m->needs);
	g_free(m);
}

void strake_kmod_free(StrakeKmod *kmod)
{
	if (kmod == NULL)
		return;
	strake_fd_clear(&kmod->dir_fd);
	g_clear_pointer(&kmod->modules, g_hash_table_unref);
	g_clear_pointer(&kmod->builtin, g_hash_table_unref);
	g_free(kmod->alias_text);
	g_free(kmod);
}

char *strake_kmod_version(int root_fd, GError **error)
{
	g_auto(strake_fd) fd = -1;
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *all = NULL;
	DIR *dir;

	if (!strake_path_open_beneath(
		    root_fd, "usr/lib/modules", O_RDONLY | O_DIRECTORY, 0, &fd, error))
		return NULL;
	dir = fdopendir(fd);
	if (dir == NULL) {
		strake_error_errno(error, errno, "read directory", "/usr/lib/modules");
		return NULL;
	}
	fd = -1;
	for (struct dirent *d; (d = readdir(dir)) != NULL;) {
		g_autofree char *kernel = g_strconcat(d->d_name, "/vmlinuz", NULL);
		if (d->d_name[0] != '.' && faccessat(dirfd(dir), kernel, R_OK, 0) == 0)
			g_ptr_array_add(found, g_strdup(d->d_name));
	}
	closedir(dir);
	if (found->len == 1)
		return g_strdup(found->pdata[0]);
	g_ptr_array_add(found, NULL);
	all = g_strjoinv(" ", (char **)found->pdata);
	if (found->len == 1)
		strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"no kernel: /usr/lib/modules has no folder with a vmlinuz; add a kernel "
			"package to the image");
	else
		strake_error_set(error, STRAKE_ERROR_INVALID,
			"several kernels (%s): an image boots one; leave one in its packages", all);
	return NULL;
}

// "kernel/drivers/virtio/virtio-pci.ko.xz" -> "virtio_pci"
static char *name_of(const char *path)
{
	const char *base = strrchr(path, '/');
	char *name = g_strdup(base != NULL ? base + 1 : path);
	char *end = strstr(name, ".ko");

	if (end != NULL)
		*end = '\0';
	return g_strdelimit(name, "-", '_');
}

static char *read_index(int dir_fd, const char *file, GError **error)
{
	g_autoptr(GBytes) bytes = strake_file_read_at(dir_fd, file, INDEX_MAX_BYTES, error);

	if (bytes == NULL) {
		g_prefix_error(error, "kernel module index (made by depmod): ");
		return NULL;
	}
	return g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
}

// modules.dep: "PATH: NEEDED PATH..." with what is to be loaded last standing first.
static void parse_dep_line(StrakeKmod *kmod, char *line)
{
	char *colon = strchr(line, ':');
	g_auto(GStrv) words = NULL;
	guint n;
	Module *m;

	if (colon == NULL)
		return;
	*colon = '\0';
	if (!strake_path_is_clean(line))
		return; // a name that would lead out of the modules' folder is none
	words = g_strsplit(g_strstrip(colon + 1), " ", -1);
	n = g_strv_length(words);
	m = g_new0(Module, 1);
	m->path = g_strdup(line);
	m->needs = g_new0(char *, n + 1);
	for (guint i = 0; i < n; i++)
		m->needs[i] = name_of(words[n - 1 - i]);
	g_hash_table_replace(kmod->modules, name_of(line), m);
}

StrakeKmod *strake_kmod_parse(const char *dep, const char *alias, const char *builtin)
{
	StrakeKmod *kmod = g_new0(StrakeKmod, 1);
	g_auto(GStrv) lines = g_strsplit(dep, "\n", -1);
	g_auto(GStrv) builtin_lines = g_strsplit(builtin, "\n", -1);

	kmod->dir_fd = -1;
	kmod->modules = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, module_free);
	kmod->builtin = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	kmod->alias_text = g_strdup(alias);
	for (char **line = lines; *line != NULL; line++)
		parse_dep_line(kmod, *line);
	for (char **line = builtin_lines; *line != NULL; line++)
		if (**line != '\0')
			g_hash_table_add(kmod->builtin, name_of(*line));
	return kmod;
}

StrakeKmod *strake_kmod_open(int root_fd, const char *version, GError **error)
{
	static const char *const indexes[] = {"modules.dep", "modules.alias", "modules.builtin"};
	g_autofree char *dir = g_strconcat("usr/lib/modules/", version, NULL);
	g_auto(strake_fd) fd = -1;
	g_auto(GStrv) texts = g_new0(char *, G_N_ELEMENTS(indexes) + 1);
	StrakeKmod *kmod;

	if (!strake_path_open_beneath(root_fd, dir, O_RDONLY | O_DIRECTORY, 0, &fd, error))
		return NULL;
	for (size_t i = 0; i < G_N_ELEMENTS(indexes); i++) {
		texts[i] = read_index(fd, indexes[i], error);
		if (texts[i] == NULL)
			return NULL;
	}
	kmod = strake_kmod_parse(texts[0], texts[1], texts[2]);
	kmod->dir_fd = strake_fd_steal(&fd);
	return kmod;
}

static Module *lookup(const StrakeKmod *kmod, const char *name)
{
	g_autofree char *canonical = g_strdelimit(g_strdup(name), "-", '_');

	return g_hash_table_lookup(kmod->modules, canonical);
}

bool strake_kmod_is_builtin(const StrakeKmod *kmod, const char *name)
{
	g_autofree char *canonical = g_strdelimit(g_strdup(name), "-", '_');

	return g_hash_table_contains(kmod->builtin, canonical);
}

bool strake_kmod_has(const StrakeKmod *kmod, const char *name)
{
	return lookup(kmod, name) != NULL;
}

const char *strake_kmod_path(const StrakeKmod *kmod, const char *name)
{
	const Module *m = lookup(kmod, name);

	return m != NULL ? m->path : NULL;
}

char **strake_kmod_needs(const StrakeKmod *kmod, const char *name)
{
	static char *none[] = {NULL};
	const Module *m = lookup(kmod, name);

	return m != NULL ? m->needs : none;
}

// modules.alias: "alias PATTERN MODULE"
GPtrArray *strake_kmod_aliases(const StrakeKmod *kmod, const char *name)
{
	GPtrArray *out = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *canonical = g_strdelimit(g_strdup(name), "-", '_');
	size_t length = strlen(canonical);

	for (const char *line = kmod->alias_text; *line != '\0';) {
		const char *end = strchrnul(line, '\n');
		size_t n = (size_t)(end - line);

		if (n > 6 + length + 1 && strncmp(line, "alias ", 6) == 0 &&
			strncmp(end - length, canonical, length) == 0 && end[-length - 1] == ' ')
			g_ptr_array_add(out, g_strndup(line + 6, n - 6 - length - 1));
		line = *end != '\0' ? end + 1 : end;
	}
	return out;
}

GBytes *strake_kmod_unpack(GBytes *packed, const char *name, GError **error)
{
	struct archive *a = archive_read_new();
	struct archive_entry *entry;
	g_autoptr(GByteArray) out = g_byte_array_new();
	uint8_t chunk[65536];
	la_ssize_t n = -1;

	archive_read_support_filter_xz(a);
	archive_read_support_filter_zstd(a);
	archive_read_support_filter_gzip(a);
	archive_read_support_format_raw(a);
	if (archive_read_open_memory(a, g_bytes_get_data(packed, NULL), g_bytes_get_size(packed)) ==
			ARCHIVE_OK &&
		archive_read_next_header(a, &entry) == ARCHIVE_OK)
		while ((n = archive_read_data(a, chunk, sizeof(chunk))) > 0 &&
			out->len < MODULE_MAX_BYTES)
			g_byte_array_append(out, chunk, (guint)n);
	if (n != 0) {
		strake_error_set(error, STRAKE_ERROR_INVALID, "kernel module '%s': %s", name,
			n > 0 ? "larger than 64 MiB" : archive_error_string(a));
		archive_read_free(a);
		return NULL;
	}
	archive_read_free(a);
	return g_byte_array_free_to_bytes(g_steal_pointer(&out));
}

GBytes *strake_kmod_read(const StrakeKmod *kmod, const char *name, GError **error)
{
	const char *path = strake_kmod_path(kmod, name);
	g_autoptr(GBytes) packed = NULL;

	if (path == NULL) {
		strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"kernel module '%s' is not in the image's kernel packages", name);
		return NULL;
	}
	packed = strake_file_read_at(kmod->dir_fd, path, MODULE_MAX_BYTES, error);
	if (packed == NULL)
		return NULL;
	if (g_str_has_suffix(path, ".ko"))
		return g_steal_pointer(&packed);
	return strake_kmod_unpack(packed, name, error);
}
