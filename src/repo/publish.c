// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Signs, describes and links packages into a new folder beside the old one, then exchanges both.
#include "repo/publish.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/parallel.h"
#include "base/path.h"
#include "base/progress.h"
#include "repo/metadata_private.h"
#include "repo/sign_private.h"

enum { STATE_MAX_BYTES = 64 * 1024 * 1024 };

typedef struct {
	StrakeStore *store;
	const StrakeKeys *keys;
	const StrakePublishItem *items;
	size_t n_items;
	const char *arch;
	GBytes *updateinfo;
	const char *public_keys;
	unsigned jobs;
	StrakeMetadata **described; // one an item
	GPtrArray *packages;        // borrowed from @described, in order, each once
	int signed_now;             // atomic
	bool quiet;
	StrakeProgress *progress;
	char *out_dir;
	int out_fd;
	char *aside; // name of the new folder below @out_fd
	int new_fd;
	GHashTable *named; // paths of this state, relative to the folder
} Publish;

static void publish_clear(Publish *p)
{
	for (size_t i = 0; p->described != NULL && i < p->n_items; i++)
		strake_metadata_free(p->described[i]);
	g_free(p->described);
	g_clear_pointer(&p->packages, g_ptr_array_unref);
	g_clear_pointer(&p->named, g_hash_table_unref);
	strake_progress_end(p->progress);
	strake_fd_clear(&p->new_fd);
	if (p->aside != NULL && p->out_fd >= 0 &&
		!strake_path_remove_tree(p->out_fd, p->aside, NULL))
		g_debug("left behind: %s", p->aside);
	strake_fd_clear(&p->out_fd);
	g_free(p->aside);
	g_free(p->out_dir);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Publish, publish_clear)

void strake_publish_result_clear(StrakePublishResult *result)
{
	g_clear_pointer(&result->path, g_free);
}

// -- packages: into the store, signed, described

static bool add_file(StrakeStore *store, const char *path, char **out_sha256, GError **error)
{
	g_autoptr(StrakeStoreWriter) writer = NULL;
	g_autofree char *sha256 = NULL;
	g_auto(strake_fd) fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return strake_error_errno(error, errno, "open package", path);
	sha256 = strake_digest_fd(STRAKE_DIGEST_SHA256, fd, path, error);
	if (sha256 == NULL)
		return false;
	if (!strake_store_has(store, sha256)) {
		if (lseek(fd, 0, SEEK_SET) < 0)
			return strake_error_errno(error, errno, "seek in", path);
		writer = strake_store_begin(store, error);
		// Digested again: the file may have changed since it was read first.
		if (writer == NULL ||
			!strake_fd_copy(fd, strake_store_writer_fd(writer), path, error))
			return false;
		g_clear_pointer(&sha256, g_free);
		if (!strake_store_commit(writer, NULL, &sha256, error))
			return false;
	}
	*out_sha256 = g_steal_pointer(&sha256);
	return true;
}

static bool prepare_item(size_t index, void *data, GError **error)
{
	Publish *p = data;
	const StrakePublishItem *item = &p->items[index];
	const char *name = item->path != NULL ? item->path : item->sha256;
	g_autofree char *sha256 = g_strdup(item->sha256);
	g_autofree char *signed_sha256 = NULL;
	bool made = false;

	if (sha256 == NULL && !add_file(p->store, item->path, &sha256, error))
		return false;
	if (item->inherited)
		signed_sha256 = g_steal_pointer(&sha256);
	else if (!strake_sign_package(
			 p->store, p->keys, sha256, name, &signed_sha256, &made, error))
		return false;
	if (made)
		g_atomic_int_inc(&p->signed_now);
	p->described[index] = strake_metadata_load(p->store, signed_sha256, error);
	if (p->described[index] == NULL)
		return false;
	if (p->progress != NULL)
		strake_progress_add(p->progress, 1, p->described[index]->name);
	return true;
}

static bool check_arch(const Publish *p, const StrakeMetadata *m, GError **error)
{
	if (strcmp(m->arch, "noarch") == 0 || strcmp(m->arch, p->arch) == 0)
		return true;
	return strake_error_set(error, STRAKE_ERROR_INVALID,
		"package %s cannot go into the repository for %s", m->nevra, p->arch);
}

static int compare_packages(const void *a, const void *b)
{
	const StrakeMetadata *x = *(StrakeMetadata *const *)a;
	const StrakeMetadata *y = *(StrakeMetadata *const *)b;
	int order = strcmp(x->nevra, y->nevra);

	return order != 0 ? order : strcmp(x->sha256, y->sha256);
}

// Sorts, drops what is there twice with the same bytes, refuses it with other bytes.
static bool arrange(Publish *p, GError **error)
{
	g_autoptr(GPtrArray) sorted = g_ptr_array_new();
	const StrakeMetadata *last = NULL;

	for (size_t i = 0; i < p->n_items; i++) {
		if (!check_arch(p, p->described[i], error))
			return false;
		g_ptr_array_add(sorted, p->described[i]);
	}
	g_ptr_array_sort(sorted, compare_packages);
	p->packages = g_ptr_array_new();
	for (guint i = 0; i < sorted->len; i++) {
		StrakeMetadata *m = g_ptr_array_index(sorted, i);

		if (last != NULL && strcmp(last->sha256, m->sha256) == 0)
			continue;
		// Epochs are not in file names.
		if (!g_hash_table_add(p->named, g_strdup(m->location)))
			return strake_error_set(error, STRAKE_ERROR_INVALID,
				"two different packages would be '%s'; a changed package needs a "
				"new release",
				m->location);
		g_ptr_array_add(p->packages, m);
		last = m;
	}
	return true;
}

// -- the new folder

static bool link_file(int from_fd, const char *from, int to_fd, const char *to, GError **error)
{
	g_auto(strake_fd) in = -1;
	g_auto(strake_fd) out = -1;

	if (linkat(from_fd, from, to_fd, to, 0) == 0)
		return true;
	if (errno != EXDEV && errno != EPERM && errno != EMLINK && errno != ENOTSUP)
		return strake_error_errno(error, errno, "link", to);
	in = openat(from_fd, from, O_RDONLY | O_CLOEXEC);
	if (in < 0)
		return strake_error_errno(error, errno, "open", from);
	out = openat(to_fd, to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (out < 0)
		return strake_error_errno(error, errno, "create", to);
	if (!strake_fd_copy(in, out, to, error))
		return false;
	if (fsync(out) < 0)
		return strake_error_errno(error, errno, "sync", to);
	return true;
}

static bool link_packages(Publish *p, GError **error)
{
	g_autofree char *last_folder = NULL;

	for (guint i = 0; i < p->packages->len; i++) {
		const StrakeMetadata *m = g_ptr_array_index(p->packages, i);
		g_autofree char *object = strake_store_object_path(p->store, m->sha256);
		g_autofree char *folder = g_path_get_dirname(m->location);

		if (!strake_cancel_check(error))
			return false;
		if (g_strcmp0(folder, last_folder) != 0) {
			if (!strake_path_mkdirs(p->new_fd, folder, error))
				return false;
			g_free(last_folder);
			last_folder = g_steal_pointer(&folder);
		}
		if (!link_file(AT_FDCWD, object, p->new_fd, m->location, error))
			return false;
	}
	return true;
}

static bool write_text(Publish *p, const char *path, const char *text, GError **error)
{
	g_hash_table_add(p->named, g_strdup(path));
	return strake_file_write_at(p->new_fd, path, text, strlen(text), 0644, error);
}

static bool write_metadata(Publish *p, GError **error)
{
	g_autoptr(GBytes) repomd = NULL;
	g_autofree char *signature = NULL;
	int64_t time_s = 0;

	if (!strake_metadata_write(p->new_fd, p->packages, p->updateinfo, &repomd, &time_s, error))
		return false;
	signature = strake_keys_sign_armored(p->keys, repomd, time_s, error);
	return signature != NULL && write_text(p, "repodata/repomd.xml.asc", signature, error) &&
	       // zypper looks for the key here.
	       write_text(p, "repodata/repomd.xml.key", strake_keys_public(p->keys), error) &&
	       write_text(p, "RPM-GPG-KEY", p->public_keys, error);
}

// Adds the names of metadata files, which are made of their digests.
static bool name_metadata(Publish *p, GError **error)
{
	int fd = openat(p->new_fd, "repodata", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	if (dir == NULL)
		return strake_error_errno(error, errno, "list", "repodata");
	while ((entry = readdir(dir)) != NULL)
		if (*entry->d_name != '.')
			g_hash_table_add(p->named, g_strconcat("repodata/", entry->d_name, NULL));
	closedir(dir);
	return true;
}

// -- the state file: what belongs to the state that clients see now, one path a line

static char *state_name(const Publish *p)
{
	return g_strdup_printf(".%s.state", p->arch);
}

// A client that read the old repomd.xml a moment ago still finds the files that it names: they
// stay for one more publishing. Nothing that the new state has is touched.
static bool keep_previous(Publish *p, GError **error)
{
	g_autofree char *name = state_name(p);
	g_autoptr(GBytes) bytes = strake_file_read_at(p->out_fd, name, STATE_MAX_BYTES, NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) paths = NULL;

	if (bytes == NULL || g_bytes_get_size(bytes) == 0)
		return true;
	text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	paths = g_strsplit(text, "\n", -1);
	for (char **path = paths; *path != NULL; path++) {
		g_autofree char *old = g_build_filename(p->arch, *path, NULL);
		g_autofree char *folder = g_path_get_dirname(*path);

		if (!strake_path_is_clean(*path) || g_hash_table_contains(p->named, *path) ||
			faccessat(p->out_fd, old, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (!strake_path_mkdirs(p->new_fd, folder, error) ||
			!link_file(p->out_fd, old, p->new_fd, *path, error))
			return false;
	}
	return true;
}

static bool write_state(Publish *p, GError **error)
{
	g_autofree char *name = state_name(p);
	g_autoptr(GList) paths =
		g_list_sort(g_hash_table_get_keys(p->named), (GCompareFunc)(void (*)(void))strcmp);
	g_autoptr(GString) text = g_string_new(NULL);

	for (GList *at = paths; at != NULL; at = at->next)
		g_string_append_printf(text, "%s\n", (const char *)at->data);
	return strake_file_write_at(p->out_fd, name, text->str, text->len, 0644, error);
}

// -- switching

// Removes folders that a killed publisher left; the lock is ours.
static bool remove_leftovers(Publish *p, GError **error)
{
	g_autofree char *prefix = g_strdup_printf(".%s.new-", p->arch);
	int fd = dup(p->out_fd);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	const struct dirent *entry;

	if (dir == NULL)
		return strake_error_errno(error, errno, "list", p->out_dir);
	rewinddir(dir);
	while ((entry = readdir(dir)) != NULL)
		if (g_str_has_prefix(entry->d_name, prefix))
			g_ptr_array_add(names, g_strdup(entry->d_name));
	closedir(dir);
	for (guint i = 0; i < names->len; i++)
		if (!strake_path_remove_tree(p->out_fd, g_ptr_array_index(names, i), error))
			return false;
	return true;
}

static bool begin_folder(Publish *p, GError **error)
{
	p->aside = g_strdup_printf(".%s.new-%d", p->arch, (int)getpid());
	if (mkdirat(p->out_fd, p->aside, 0755) < 0)
		return strake_error_errno(error, errno, "make directory", p->aside);
	return strake_path_open_dir(p->out_fd, p->aside, &p->new_fd, error);
}

static bool sync_folder(int fd, const char *name, GError **error)
{
	if (fsync(fd) < 0)
		return strake_error_errno(error, errno, "sync directory", name);
	return true;
}

// Afterwards the old folder, if any, is at p->aside and is removed at the end.
static bool switch_folders(Publish *p, GError **error)
{
	if (renameat2(p->out_fd, p->aside, p->out_fd, p->arch, RENAME_EXCHANGE) == 0)
		return sync_folder(p->out_fd, p->out_dir, error);
	if (errno == ENOENT) {
		if (renameat2(p->out_fd, p->aside, p->out_fd, p->arch, RENAME_NOREPLACE) < 0)
			return strake_error_errno(error, errno, "put in place", p->arch);
		g_clear_pointer(&p->aside, g_free);
		return sync_folder(p->out_fd, p->out_dir, error);
	}
	if (errno == EINVAL || errno == ENOSYS)
		return strake_error_set(error, STRAKE_ERROR_FAILED,
			"the file system of '%s' cannot exchange two folders in one step; publish "
			"to "
			"another place (ext4, xfs, btrfs, tmpfs)",
			p->out_dir);
	return strake_error_errno(error, errno, "put in place", p->arch);
}

static bool publish(Publish *p, GError **error)
{
	g_autofree char *lock_name = g_strdup_printf(".%s.lock", p->arch);
	g_auto(strake_fd) lock = -1;

	if (!p->quiet)
		p->progress = strake_progress_new("publish", p->n_items, false);
	if (!strake_parallel_for(p->n_items, p->jobs, prepare_item, p, error) || !arrange(p, error))
		return false;
	if (!strake_path_mkdirs(AT_FDCWD, p->out_dir, error) ||
		!strake_path_open_dir(AT_FDCWD, p->out_dir, &p->out_fd, error) ||
		!strake_file_lock(p->out_fd, lock_name, false, &lock, error) ||
		!remove_leftovers(p, error) || !begin_folder(p, error))
		return false;
	return link_packages(p, error) && write_metadata(p, error) && name_metadata(p, error) &&
	       keep_previous(p, error) && sync_folder(p->new_fd, p->aside, error) &&
	       strake_cancel_check(error) && switch_folders(p, error) && write_state(p, error);
}

bool strake_repo_publish(StrakeStore *store, const StrakeKeys *keys, const StrakePublishItem *items,
	size_t n_items, const char *out_dir, const StrakePublishOptions *options,
	StrakePublishResult *out_result, GError **error)
{
	static const StrakePublishOptions defaults = {0};
	g_auto(Publish) p = {.store = store,
		.keys = keys,
		.items = items,
		.n_items = n_items,
		.out_fd = -1,
		.new_fd = -1};

	if (options == NULL)
		options = &defaults;
	p.arch = options->architecture != NULL ? options->architecture : "x86_64";
	p.updateinfo = options->updateinfo;
	p.quiet = options->quiet;
	p.public_keys =
		options->public_keys != NULL ? options->public_keys : strake_keys_public(keys);
	p.jobs = options->jobs;
	p.out_dir = g_canonicalize_filename(out_dir, NULL);
	p.described = g_new0(StrakeMetadata *, n_items + 1);
	p.named = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	strake_metadata_init();
	if (!publish(&p, error)) {
		g_prefix_error(error, "publish to '%s': ", p.out_dir);
		return false;
	}
	if (out_result != NULL) {
		*out_result = (StrakePublishResult){.packages = p.packages->len,
			.signed_now = (unsigned)p.signed_now,
			.path = g_build_filename(p.out_dir, p.arch, NULL)};
		for (guint i = 0; i < p.packages->len; i++)
			out_result->bytes +=
				((const StrakeMetadata *)g_ptr_array_index(p.packages, i))
					->size_bytes;
	}
	return true;
}
