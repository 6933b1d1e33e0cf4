// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// New content before it is in place. For a directory it waits in another one beside it, which the
// process holds a lock on, so that what a killed process left is known as such and removed.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/progress.h"
#include "overlay/sources_private.h"

static void remove_if_left(int parent, const char *name)
{
	g_auto(strake_fd) fd =
		openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
		!strake_path_remove_tree(parent, name, NULL))
		strake_warn("the directory '%s', left by a killed run, cannot be removed", name);
}

static void remove_left(int parent, const char *prefix)
{
	int listing = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = listing >= 0 ? fdopendir(listing) : NULL;
	const struct dirent *entry;

	if (dir == NULL) {
		strake_fd_clear(&listing);
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		if (g_str_has_prefix(entry->d_name, prefix))
			remove_if_left(parent, entry->d_name);
	closedir(dir);
}

/* A directory below @parent, locked. errno tells why there is none. */
static bool make_stage(StrakeSources *s, int parent, const char *prefix)
{
	for (unsigned i = 0; i < 1000; i++) {
		g_autofree char *name = g_strdup_printf("%s%d-%u", prefix, (int)getpid(), i);
		g_auto(strake_fd) fd = -1;
		if (mkdirat(parent, name, 0700) < 0) {
			if (errno != EEXIST)
				return false;
			continue;
		}
		fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
			continue; // taken for a left one between the two calls
		s->stage = g_steal_pointer(&name);
		s->stage_fd = strake_fd_steal(&fd);
		s->stage_parent = fcntl(parent, F_DUPFD_CLOEXEC, 0);
		return s->stage_parent >= 0;
	}
	errno = EEXIST;
	return false;
}

/* Whether files can be renamed and linked between the two. */
static bool is_same_mount(int a, int b)
{
	struct statx x, y;

	return statx(a, "", AT_EMPTY_PATH, STATX_MNT_ID, &x) == 0 &&
	       statx(b, "", AT_EMPTY_PATH, STATX_MNT_ID, &y) == 0 && x.stx_mnt_id == y.stx_mnt_id;
}

/* Beside the directory; inside of it where that cannot be. */
bool strake_sources_need_stage(StrakeSources *s, GError **error)
{
	g_autofree char *real = realpath(s->dir, NULL);
	g_autofree char *parent = real != NULL ? g_path_get_dirname(real) : NULL;
	g_autofree char *base = real != NULL ? g_path_get_basename(real) : NULL;
	g_autofree char *prefix = g_strdup_printf(STRAKE_STAGE_PREFIX "%s-", base);
	g_auto(strake_fd) fd = -1;

	if (s->stage_fd >= 0)
		return true;
	if (parent != NULL && strcmp(parent, real) != 0)
		fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && is_same_mount(fd, s->fd)) {
		remove_left(fd, prefix);
		if (make_stage(s, fd, prefix))
			return true;
	}
	remove_left(s->fd, STRAKE_STAGE_PREFIX);
	return make_stage(s, s->fd, STRAKE_STAGE_PREFIX) ||
	       strake_error_errno(error, errno, "make a staging directory for", s->dir);
}

void strake_sources_drop_stage(StrakeSources *s)
{
	for (guint i = 0; i < s->anonymous->len; i++)
		strake_fd_close(g_array_index(s->anonymous, int, i));
	g_array_set_size(s->anonymous, 0);
	if (s->stage != NULL && !strake_path_remove_tree(s->stage_parent, s->stage, NULL))
		strake_warn(
			"the directory '%s' beside '%s' could not be removed", s->stage, s->dir);
	strake_fd_clear(&s->stage_fd);
	strake_fd_clear(&s->stage_parent);
	g_clear_pointer(&s->stage, g_free);
}

// -- staged files

bool strake_sources_anonymous(GBytes *bytes, int *out_fd, GError **error)
{
	g_autofree char *name = NULL;
	g_auto(strake_fd) fd = g_file_open_tmp("strake-XXXXXX", &name, error);
	size_t size = 0;
	const void *data = bytes != NULL ? g_bytes_get_data(bytes, &size) : NULL;

	if (fd < 0)
		return false;
	(void)unlink(name);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
		!strake_fd_write_all(fd, data, size, "a temporary file", error))
		return false;
	*out_fd = strake_fd_steal(&fd);
	return true;
}

static bool new_anonymous(StrakeSources *s, char **out_name, int *out_fd, GError **error)
{
	g_auto(strake_fd) fd = -1;
	int kept;

	if (!strake_sources_anonymous(NULL, &fd, error))
		return false;
	kept = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (kept < 0)
		return strake_error_errno(error, errno, "keep", "a temporary file");
	*out_name = g_strdup_printf("%u", s->anonymous->len);
	*out_fd = strake_fd_steal(&fd);
	g_array_append_val(s->anonymous, kept);
	return true;
}

bool strake_sources_stage_new(StrakeSources *s, char **out_name, int *out_fd, GError **error)
{
	g_autofree char *name = g_strdup_printf("new-%u", s->n_staged++);
	int fd;

	if (s->fd < 0)
		return new_anonymous(s, out_name, out_fd, error);
	if (!strake_sources_need_stage(s, error))
		return false;
	fd = openat(s->stage_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return strake_error_errno(error, errno, "create", name);
	*out_fd = fd;
	*out_name = g_steal_pointer(&name);
	return true;
}

GBytes *strake_sources_read_staged(StrakeSources *s, const char *staged, GError **error)
{
	g_autoptr(GMappedFile) mapped = NULL;
	g_auto(strake_fd) fd = -1;

	if (s->fd < 0) {
		guint number = (guint)g_ascii_strtoull(staged, NULL, 10);
		fd = fcntl(g_array_index(s->anonymous, int, number), F_DUPFD_CLOEXEC, 0);
	} else {
		fd = openat(s->stage_fd, staged, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0) {
		strake_error_errno(error, errno, "open", staged);
		return NULL;
	}
	mapped = g_mapped_file_new_from_fd(fd, FALSE, error);
	return mapped != NULL ? g_mapped_file_get_bytes(mapped) : NULL;
}

static bool stage_node(StrakeSources *s, StrakeSourceNode *node, const char *path, GError **error)
{
	g_auto(strake_fd) fd = -1;
	g_autofree char *name = NULL;
	size_t size;
	const void *data;

	if (node->bytes != NULL) {
		data = g_bytes_get_data(node->bytes, &size);
		if (!strake_sources_stage_new(s, &name, &fd, error) ||
			!strake_fd_write_all(fd, data, size, path, error))
			return false;
		g_free(node->staged);
		node->staged = g_steal_pointer(&name);
		g_clear_pointer(&node->bytes, g_bytes_unref);
	} else {
		fd = openat(s->stage_fd, node->staged, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			return strake_error_errno(error, errno, "open", path);
	}
	if (fchmod(fd, node->mode) < 0)
		return strake_error_errno(error, errno, "set mode of", path);
	if (fsync(fd) < 0)
		return strake_error_errno(error, errno, "write", path);
	return true;
}

bool strake_sources_stage(StrakeSources *s, GError **error)
{
	GHashTableIter iter;
	void *path, *node;

	if (s->fd < 0)
		return true;
	g_hash_table_iter_init(&iter, s->nodes);
	while (g_hash_table_iter_next(&iter, &path, &node)) {
		const StrakeSourceNode *n = node;
		if ((n->bytes != NULL || n->staged != NULL) && !stage_node(s, node, path, error))
			return false;
	}
	return true;
}
