// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Index entry of a step: one line a path, "TYPE MODE UID GID VALUE PATH", where VALUE is the
// object's digest for files, the target for links and "-" for folders.
#include "image/memo.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/glob.h"
#include "base/path.h"

typedef struct {
	GPtrArray *globs;    // of StrakeGlob
	GPtrArray *prefixes; // the literal first folders of each glob
	GPtrArray *found;
} Match;

static void match_clear(Match *m)
{
	g_clear_pointer(&m->globs, g_ptr_array_unref);
	g_clear_pointer(&m->prefixes, g_ptr_array_unref);
	g_clear_pointer(&m->found, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Match, match_clear)

// The folders of @glob before its first component with a wildcard: "usr/lib" of "usr/lib/*.so".
static char *literal_prefix(const char *glob)
{
	const char *wild = glob + strcspn(glob, "*?[{\\");
	const char *slash = *wild != '\0' ? wild : glob + strlen(glob);

	while (slash > glob && *slash != '/')
		slash--;
	return g_strndup(glob, (size_t)(slash - glob));
}

// Whether something below folder @path may match: it lies on the way to a prefix, or below one.
static bool may_hold(const Match *m, const char *path)
{
	size_t n = strlen(path);

	for (guint i = 0; i < m->prefixes->len; i++) {
		const char *prefix = m->prefixes->pdata[i];
		size_t k = strlen(prefix);

		if (strncmp(path, prefix, MIN(n, k)) == 0 &&
			(n == k || k == 0 || (n < k && prefix[n] == '/') ||
				(n > k && path[k] == '/')))
			return true;
	}
	return false;
}

static bool matches(const Match *m, const char *path)
{
	for (guint i = 0; i < m->globs->len; i++)
		if (strake_glob_match(m->globs->pdata[i], path))
			return true;
	return false;
}

static bool walk(Match *m, int dir_fd, const char *path, GError **error)
{
	g_auto(strake_fd) copy = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	bool ok = true;

	if (dir == NULL)
		return strake_error_errno(error, errno, "read directory", path);
	copy = -1;
	for (struct dirent *d; ok && (d = readdir(dir)) != NULL;) {
		g_autofree char *child = NULL;
		g_auto(strake_fd) below = -1;

		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		child = *path != '\0' ? g_strconcat(path, "/", d->d_name, NULL)
				      : g_strdup(d->d_name);
		if (matches(m, child))
			g_ptr_array_add(m->found, g_strdup(child));
		if (d->d_type != DT_DIR || !may_hold(m, child))
			continue;
		below = openat(dir_fd, d->d_name, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		ok = below >= 0 ? walk(m, below, child, error)
				: strake_error_errno(error, errno, "open directory", child);
	}
	closedir(dir);
	return ok;
}

static gint by_bytes(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *strake_memo_match(int root_fd, const char *const *globs, GError **error)
{
	g_auto(Match) m = {
		.globs = g_ptr_array_new_with_free_func((GDestroyNotify)strake_glob_free),
		.prefixes = g_ptr_array_new_with_free_func(g_free),
		.found = g_ptr_array_new_with_free_func(g_free),
	};

	for (const char *const *glob = globs; *glob != NULL; glob++) {
		const char *text = **glob == '/' ? *glob + 1 : *glob;
		StrakeGlob *compiled = strake_glob_new(text, error);
		if (compiled == NULL)
			return NULL;
		g_ptr_array_add(m.globs, compiled);
		g_ptr_array_add(m.prefixes, literal_prefix(text));
	}
	if (!walk(&m, root_fd, "", error))
		return NULL;
	g_ptr_array_sort(m.found, by_bytes);
	return g_steal_pointer(&m.found);
}

static bool read_link(int root_fd, const char *path, char **out, GError **error)
{
	char buffer[4096];
	ssize_t n = readlinkat(root_fd, path, buffer, sizeof(buffer) - 1);

	if (n < 0)
		return strake_error_errno(error, errno, "read link", path);
	*out = g_strndup(buffer, (size_t)n);
	return true;
}

static bool digest_path(StrakeDigest *digest, int root_fd, const char *path, GError **error)
{
	g_auto(strake_fd) fd = -1;
	g_autofree char *value = NULL;
	g_autofree char *line = NULL;
	struct stat st;

	if (fstatat(root_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return strake_error_errno(error, errno, "examine", path);
	if (S_ISLNK(st.st_mode)) {
		if (!read_link(root_fd, path, &value, error))
			return false;
	} else if (S_ISREG(st.st_mode)) {
		fd = openat(root_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return strake_error_errno(error, errno, "open", path);
		value = strake_digest_fd(STRAKE_DIGEST_SHA256, fd, path, error);
		if (value == NULL)
			return false;
	}
	line = g_strdup_printf("%s %o %s\n", path, st.st_mode, value != NULL ? value : "-");
	strake_digest_update(digest, line, strlen(line));
	return true;
}

char *strake_memo_fingerprint(
	int root_fd, const char *const *inputs, const char *salt, GError **error)
{
	g_autoptr(StrakeDigest) digest = strake_digest_new(STRAKE_DIGEST_SHA256);
	g_autoptr(GPtrArray) paths = strake_memo_match(root_fd, inputs, error);
	char hex[STRAKE_DIGEST_HEX_MAX];

	if (paths == NULL)
		return NULL;
	if (salt != NULL)
		strake_digest_update(digest, salt, strlen(salt) + 1);
	for (guint i = 0; i < paths->len; i++)
		if (!digest_path(digest, root_fd, paths->pdata[i], error))
			return NULL;
	strake_digest_hex(digest, hex);
	return g_strdup(hex);
}

static bool keep_path(
	StrakeStore *store, GString *index, int root_fd, const char *path, GError **error)
{
	g_autofree char *value = NULL;
	struct stat st;
	char type = 'd';

	if (fstatat(root_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return strake_error_errno(error, errno, "examine", path);
	if (S_ISREG(st.st_mode)) {
		g_auto(strake_fd) fd = openat(root_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		g_autoptr(StrakeStoreWriter) writer = strake_store_begin(store, error);

		type = 'f';
		if (writer == NULL)
			return false;
		if (fd < 0)
			return strake_error_errno(error, errno, "open", path);
		if (!strake_fd_copy(fd, strake_store_writer_fd(writer), path, error) ||
			!strake_store_commit(writer, NULL, &value, error))
			return false;
	} else if (S_ISLNK(st.st_mode)) {
		type = 'l';
		if (!read_link(root_fd, path, &value, error))
			return false;
	} else if (!S_ISDIR(st.st_mode)) {
		return true;
	}
	if (strpbrk(path, "\t\n") != NULL || (value != NULL && strpbrk(value, "\t\n") != NULL))
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"'/%s': a tab or newline in a generated file's name", path);
	g_string_append_printf(index, "%c\t%o\t%u\t%u\t%s\t%s\n", type, st.st_mode & 07777,
		st.st_uid, st.st_gid, value != NULL ? value : "-", path);
	return true;
}

bool strake_memo_keep(StrakeStore *store, const char *step, const char *fingerprint, int root_fd,
	const char *const *outputs, GError **error)
{
	g_autoptr(GPtrArray) paths = strake_memo_match(root_fd, outputs, error);
	g_autoptr(GString) index = g_string_new(NULL);

	if (paths == NULL)
		return false;
	for (guint i = 0; i < paths->len; i++)
		if (!keep_path(store, index, root_fd, paths->pdata[i], error))
			return false;
	return strake_store_put_key(store, step, fingerprint, index->str, index->len, error);
}

static bool put_back_file(StrakeStore *store, int root_fd, const char *path, const char *sha256,
	mode_t mode, GError **error)
{
	g_auto(strake_fd) from = -1;
	g_auto(strake_fd) to = -1;

	if (!strake_store_open_object(store, sha256, &from, error))
		return false;
	unlinkat(root_fd, path, 0);
	if (!strake_path_open_beneath(root_fd, path, O_WRONLY | O_CREAT | O_EXCL, mode, &to, error))
		return false;
	return strake_fd_copy(from, to, path, error);
}

// A file that came with a package and that the step left as it was: it keeps its time.
static bool is_there(int root_fd, const char *path, const char *sha256)
{
	g_auto(strake_fd) fd = openat(root_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	g_autofree char *have =
		fd >= 0 ? strake_digest_fd(STRAKE_DIGEST_SHA256, fd, path, NULL) : NULL;

	return g_strcmp0(have, sha256) == 0;
}

static bool put_back(StrakeStore *store, int root_fd, char **fields, GError **error)
{
	const char *path = fields[5];
	const char *slash = strrchr(path, '/');
	g_autofree char *parent = slash != NULL ? g_strndup(path, (size_t)(slash - path)) : NULL;
	mode_t mode = (mode_t)g_ascii_strtoull(fields[1], NULL, 8);
	uid_t uid = (uid_t)g_ascii_strtoull(fields[2], NULL, 10);
	gid_t gid = (gid_t)g_ascii_strtoull(fields[3], NULL, 10);

	if (parent != NULL && !strake_path_mkdirs_beneath(root_fd, parent, 0755, error))
		return false;
	if (*fields[0] == 'd') {
		if (!strake_path_mkdirs_beneath(root_fd, path, mode, error))
			return false;
	} else if (*fields[0] == 'l') {
		unlinkat(root_fd, path, 0);
		if (symlinkat(fields[4], root_fd, path) < 0)
			return strake_error_errno(error, errno, "link", path);
	} else if (!is_there(root_fd, path, fields[4]) &&
		   !put_back_file(store, root_fd, path, fields[4], mode, error)) {
		return false;
	}
	if (fchownat(root_fd, path, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return strake_error_errno(error, errno, "set the owner of", path);
	if (*fields[0] != 'l' && fchmodat(root_fd, path, mode, 0) < 0)
		return strake_error_errno(error, errno, "set the mode of", path);
	return true;
}

// Only files and links go: a folder that is too many does no harm.
static bool remove_others(int root_fd, const char *const *outputs, GHashTable *kept, GError **error)
{
	g_autoptr(GPtrArray) paths = strake_memo_match(root_fd, outputs, error);

	if (paths == NULL)
		return false;
	for (guint i = 0; i < paths->len; i++)
		if (!g_hash_table_contains(kept, paths->pdata[i]))
			unlinkat(root_fd, paths->pdata[i], 0);
	return true;
}

bool strake_memo_restore(StrakeStore *store, const char *step, const char *fingerprint, int root_fd,
	const char *const *outputs, bool *out_found, GError **error)
{
	g_autoptr(GBytes) index = strake_store_get_key(store, step, fingerprint, NULL);
	g_autoptr(GHashTable) kept = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) records = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	*out_found = false;
	if (index == NULL)
		return true;
	text = g_strndup(g_bytes_get_data(index, NULL), g_bytes_get_size(index));
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		char **fields = g_strsplit(*line, "\t", 6);

		if (g_strv_length(fields) != 6) {
			g_strfreev(fields);
			continue;
		}
		g_ptr_array_add(records, fields);
		g_hash_table_add(kept, fields[5]);
		// An object that was removed from the store makes the whole entry useless.
		if (*fields[0] == 'f' && !strake_store_has(store, fields[4]))
			return true;
	}
	if (!remove_others(root_fd, outputs, kept, error))
		return false;
	for (guint i = 0; i < records->len; i++)
		if (!put_back(store, root_fd, records->pdata[i], error))
			return false;
	*out_found = true;
	return true;
}
