// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Staged content into its place. Where it can be, the directory is made anew beside itself, of
// links to what stays, and the two are swapped by one system call: whoever looks, and whatever is
// killed when, sees all of the changes or none. The old directory then goes with the stage.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "overlay/sources_private.h"

#define NEXT "next" // in the stage: the directory as it will be

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// -- the directory as it will be

typedef struct {
	StrakeSources *s;
	GHashTable *leaving; // paths whose present content goes elsewhere or away
	bool refused;        // this place does not allow it
} Next;

static bool is_refusal(int err)
{
	static const int refusals[] = {
		EPERM, EACCES, EXDEV, EMLINK, EBUSY, EINVAL, ENOSYS, EOPNOTSUPP, EROFS};

	for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++)
		if (err == refusals[i])
			return true;
	return false;
}

static bool failed(Next *next, const char *verb, const char *path, GError **error)
{
	int err = errno;

	next->refused = is_refusal(err);
	return next->refused ? false : strake_error_errno(error, err, verb, path);
}

static GHashTable *find_leaving(const StrakeSources *s)
{
	GHashTable *leaving = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GHashTableIter iter;
	void *path, *value;

	g_hash_table_iter_init(&iter, s->removed);
	while (g_hash_table_iter_next(&iter, &path, NULL))
		g_hash_table_add(leaving, g_strdup(path));
	g_hash_table_iter_init(&iter, s->nodes);
	while (g_hash_table_iter_next(&iter, &path, &value)) {
		const StrakeSourceNode *node = value;
		if (node->disk != NULL && (node->staged != NULL || strcmp(node->disk, path) != 0))
			g_hash_table_add(leaving, g_strdup(node->disk));
	}
	return leaving;
}

static bool copy_dir(Next *next, int from, int to, const char *prefix, GError **error);

static bool copy_below(
	Next *next, int from, int to, const char *name, const char *path, GError **error)
{
	g_autofree char *prefix = g_strconcat(path, "/", NULL);
	g_auto(strake_fd) old = -1;
	g_auto(strake_fd) new = -1;

	if (mkdirat(to, name, 0700) < 0)
		return failed(next, "make directory", path, error);
	old = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	new = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (old < 0 || new < 0)
		return failed(next, "open directory", path, error);
	return copy_dir(next, old, new, prefix, error);
}

static bool copy_entry(
	Next *next, int from, int to, const char *name, const char *path, GError **error)
{
	struct stat st;

	if (g_str_has_prefix(path, STRAKE_STAGE_PREFIX) ||
		g_hash_table_contains(next->leaving, path))
		return true;
	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(next, "look at", path, error);
	if (S_ISDIR(st.st_mode))
		return copy_below(next, from, to, name, path, error);
	return linkat(from, name, to, name, 0) == 0 || failed(next, "link", path, error);
}

/* All of @from into the empty @to but what leaves, with mode and owner of @from. */
static bool copy_dir(Next *next, int from, int to, const char *prefix, GError **error)
{
	int listing = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = listing >= 0 ? fdopendir(listing) : NULL;
	const struct dirent *entry;
	struct stat st;
	bool ok = true;

	if (dir == NULL) {
		ok = failed(next, "list directory", prefix, error);
		strake_fd_clear(&listing);
		return ok;
	}
	while (ok && (entry = readdir(dir)) != NULL) {
		g_autofree char *path = g_strconcat(prefix, entry->d_name, NULL);
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			ok = copy_entry(next, from, to, entry->d_name, path, error);
	}
	closedir(dir);
	if (!ok)
		return false;
	if (fstat(from, &st) < 0 || fchmod(to, st.st_mode & 07777) < 0)
		return failed(next, "set mode of", prefix, error);
	if ((st.st_uid != geteuid() || st.st_gid != getegid()) &&
		fchown(to, st.st_uid, st.st_gid) < 0)
		return failed(next, "set owner of", prefix, error);
	return true;
}

static bool add_new(Next *next, int to, GError **error)
{
	StrakeSources *s = next->s;
	GHashTableIter iter;
	void *path, *value;

	g_hash_table_iter_init(&iter, s->nodes);
	while (g_hash_table_iter_next(&iter, &path, &value)) {
		const StrakeSourceNode *node = value;
		g_auto(strake_fd) from = -1;
		const char *name = node->staged;
		if (node->staged != NULL)
			from = fcntl(s->stage_fd, F_DUPFD_CLOEXEC, 0);
		else if (node->disk == NULL || strcmp(node->disk, path) == 0)
			continue;
		else if (!strake_sources_open_parent(s, node->disk, &from, &name, error))
			return false;
		if (linkat(from, name, to, path, 0) < 0)
			return failed(next, "put in place", path, error);
	}
	return true;
}

/* The name of the directory in the stage's parent, NULL: it is not there any more. */
static char *own_name(const StrakeSources *s)
{
	g_autofree char *real = realpath(s->dir, NULL);
	g_autofree char *name = real != NULL ? g_path_get_basename(real) : NULL;
	struct stat here, named;

	if (name == NULL || fstat(s->fd, &here) < 0 ||
		fstatat(s->stage_parent, name, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
		here.st_dev != named.st_dev || here.st_ino != named.st_ino)
		return NULL;
	return g_steal_pointer(&name);
}

/* Whoever made or removed a file there meanwhile would lose it with the old directory. */
static bool swap(Next *next, const char *name, const struct stat *before, GError **error)
{
	const StrakeSources *s = next->s;
	struct stat after;

	if (renameat2(s->stage_fd, NEXT, s->stage_parent, name, RENAME_EXCHANGE) < 0)
		return failed(next, "put in place", s->dir, error);
	if (fstat(s->fd, &after) < 0 || (after.st_mtim.tv_sec == before->st_mtim.tv_sec &&
						after.st_mtim.tv_nsec == before->st_mtim.tv_nsec))
		return true;
	(void)renameat2(s->stage_fd, NEXT, s->stage_parent, name, RENAME_EXCHANGE);
	return strake_error_set(error, STRAKE_ERROR_FAILED,
		"'%s' was changed by somebody else meanwhile; nothing was put in place", s->dir);
}

static bool exchange(StrakeSources *s, bool *out_done, GError **error)
{
	g_autofree char *name = own_name(s);
	Next next = {.s = s};
	g_auto(strake_fd) to = -1;
	struct stat before;

	*out_done = false;
	if (name == NULL || fstat(s->fd, &before) < 0)
		return true; // the stage is inside, or somebody moved the directory
	next.leaving = find_leaving(s);
	if (mkdirat(s->stage_fd, NEXT, 0700) < 0 ||
		(to = openat(s->stage_fd, NEXT, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
		failed(&next, "make directory", NEXT, error);
	} else if (copy_dir(&next, s->fd, to, "", error) && add_new(&next, to, error)) {
		(void)fsync(to);
		*out_done = swap(&next, name, &before, error);
		(void)fsync(s->stage_parent);
	}
	g_hash_table_unref(next.leaving);
	return *out_done || next.refused;
}

// -- one file after the other, where the directory cannot be exchanged

/* One rename that can be taken back. */
typedef struct {
	int from_dir, to_dir; // owned
	char *from, *to;
} Move;

static void move_free(void *data)
{
	Move *move = data;

	strake_fd_clear(&move->from_dir);
	strake_fd_clear(&move->to_dir);
	g_free(move->from);
	g_free(move->to);
	g_free(move);
}

/* Every place is empty by then: what stands there came from someone else. */
static int rename_new(int from_dir, const char *from, int to_dir, const char *to)
{
	int r = renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE);

	return r < 0 && errno == EINVAL ? renameat(from_dir, from, to_dir, to) : r;
}

/* Moves between the sources (@in_stage false) and the staging directory, and notes it. */
static bool move_file(StrakeSources *s, GPtrArray *done, const char *from, bool from_stage,
	const char *to, bool to_stage, GError **error)
{
	g_auto(strake_fd) from_dir = -1;
	g_auto(strake_fd) to_dir = -1;
	const char *from_name = from;
	const char *to_name = to;
	Move *move;

	if (from_stage)
		from_dir = fcntl(s->stage_fd, F_DUPFD_CLOEXEC, 0);
	else if (!strake_sources_open_parent(s, from, &from_dir, &from_name, error))
		return false;
	if (to_stage)
		to_dir = fcntl(s->stage_fd, F_DUPFD_CLOEXEC, 0);
	else if (!strake_sources_open_parent(s, to, &to_dir, &to_name, error))
		return false;
	if (rename_new(from_dir, from_name, to_dir, to_name) < 0)
		return strake_error_errno(error, errno, "put in place", to_stage ? from : to);
	move = g_new0(Move, 1);
	move->from_dir = strake_fd_steal(&from_dir);
	move->to_dir = strake_fd_steal(&to_dir);
	move->from = g_strdup(from_name);
	move->to = g_strdup(to_name);
	g_ptr_array_add(done, move);
	return true;
}

static void take_back(const GPtrArray *done)
{
	for (guint i = done->len; i > 0; i--) {
		const Move *move = done->pdata[i - 1];
		(void)renameat(move->to_dir, move->to, move->from_dir, move->from);
	}
}

/* What must leave its place first: all that is removed, renamed or replaced. */
static bool move_out(StrakeSources *s, GPtrArray *done, GHashTable *parked, GError **error)
{
	GHashTableIter iter;
	void *path, *value;
	g_autoptr(GPtrArray) leaving = g_ptr_array_new_with_free_func(g_free);

	g_hash_table_iter_init(&iter, s->removed);
	while (g_hash_table_iter_next(&iter, &path, NULL))
		g_ptr_array_add(leaving, g_strdup(path));
	g_hash_table_iter_init(&iter, s->nodes);
	while (g_hash_table_iter_next(&iter, &path, &value)) {
		const StrakeSourceNode *node = value;
		if (node->disk != NULL && (node->staged != NULL || strcmp(node->disk, path) != 0) &&
			!g_hash_table_contains(s->removed, node->disk))
			g_ptr_array_add(leaving, g_strdup(node->disk));
	}
	g_ptr_array_sort(leaving, compare_paths);
	for (guint i = 0; i < leaving->len; i++) {
		g_autofree char *name = g_strdup_printf("old-%u", i);
		if (!move_file(s, done, leaving->pdata[i], false, name, true, error))
			return false;
		g_hash_table_insert(parked, g_strdup(leaving->pdata[i]), g_steal_pointer(&name));
	}
	return true;
}

static bool move_in(StrakeSources *s, GPtrArray *done, GHashTable *parked, GError **error)
{
	GHashTableIter iter;
	void *path, *value;

	g_hash_table_iter_init(&iter, s->nodes);
	while (g_hash_table_iter_next(&iter, &path, &value)) {
		const StrakeSourceNode *node = value;
		const char *from = node->staged;
		if (from == NULL && node->disk != NULL && strcmp(node->disk, path) != 0)
			from = g_hash_table_lookup(parked, node->disk);
		if (from != NULL && !move_file(s, done, from, true, path, false, error))
			return false;
	}
	return true;
}

static bool move_all(StrakeSources *s, GError **error)
{
	g_autoptr(GPtrArray) done = g_ptr_array_new_with_free_func(move_free);
	g_autoptr(GHashTable) parked =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

	if (!move_out(s, done, parked, error) || !move_in(s, done, parked, error)) {
		take_back(done);
		return false;
	}
	(void)fsync(s->fd);
	return true;
}

// -- a change of one file needs no more than a rename

typedef struct {
	const char *from; // NULL: new content
	const char *to;   // NULL: goes away
	const char *staged;
} Change;

/* The number of changes, 2 for any more than one; @out: the only one. */
static unsigned find_only(const StrakeSources *s, GHashTable *leaving, Change *out)
{
	GHashTableIter iter;
	void *path, *value;

	*out = (Change){NULL, NULL, NULL};
	g_hash_table_iter_init(&iter, leaving);
	if (g_hash_table_size(leaving) > 1)
		return 2;
	if (g_hash_table_iter_next(&iter, &path, NULL))
		out->from = path;
	g_hash_table_iter_init(&iter, s->nodes);
	while (g_hash_table_iter_next(&iter, &path, &value)) {
		const StrakeSourceNode *node = value;
		bool moved = node->disk != NULL && strcmp(node->disk, path) != 0;
		if (node->staged == NULL && !moved)
			continue;
		// New content in an old place is one change, and old content in a new one.
		if (out->to != NULL ||
			(node->staged != NULL && out->from != NULL && strcmp(out->from, path) != 0))
			return 2;
		out->to = path;
		out->staged = node->staged;
	}
	return out->from != NULL || out->to != NULL ? 1 : 0;
}

static bool change_one(StrakeSources *s, const Change *change, GError **error)
{
	g_autoptr(GPtrArray) done = g_ptr_array_new_with_free_func(move_free);
	g_auto(strake_fd) dir = -1;
	const char *name;

	if (change->to == NULL)
		return move_file(s, done, change->from, false, "old-0", true, error);
	if (change->staged == NULL)
		return move_file(s, done, change->from, false, change->to, false, error);
	if (change->from == NULL)
		return move_file(s, done, change->staged, true, change->to, false, error);
	if (!strake_sources_open_parent(s, change->to, &dir, &name, error))
		return false;
	return renameat(s->stage_fd, change->staged, dir, name) == 0 ||
	       strake_error_errno(error, errno, "put in place", change->to);
}

bool strake_sources_commit(StrakeSources *s, GError **error)
{
	g_autoptr(GHashTable) leaving = NULL;
	Change only;
	unsigned n;
	bool done = false;

	if (!strake_sources_stage(s, error))
		return false;
	if (s->fd < 0)
		return true;
	leaving = find_leaving(s);
	n = find_only(s, leaving, &only);
	if (n == 0)
		return true;
	if (!strake_sources_need_stage(s, error))
		return false;
	if (n == 1)
		return change_one(s, &only, error);
	return exchange(s, &done, error) && (done || move_all(s, error));
}
