// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Owners by name, set after installation from the image's own passwd and group files.
#include <errno.h>
#include <fcntl.h>
#include <rpm/header.h>
#include <rpm/rpmdb.h>
#include <rpm/rpmfiles.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/glob.h"
#include "base/path.h"
#include "pkg/install.h"
#include "pkg/rpm_private.h"

enum { ACCOUNTS_MAX_BYTES = 16 * 1024 * 1024, CAPABILITY_MAX_BYTES = 64 };

typedef struct {
	int root_fd;
	GHashTable *users; // name -> id
	GHashTable *groups;
	GHashTable *missing; // "user 'x' (for /path)" by "user 'x'"
	unsigned changed;
} Owners;

static void owners_clear(Owners *owners)
{
	strake_fd_clear(&owners->root_fd);
	g_clear_pointer(&owners->users, g_hash_table_unref);
	g_clear_pointer(&owners->groups, g_hash_table_unref);
	g_clear_pointer(&owners->missing, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Owners, owners_clear)

// Names and ids of an /etc/passwd or /etc/group: "name:x:id:..." lines. A missing file is empty.
static GHashTable *read_accounts(int root_fd, const char *path, GError **error)
{
	g_autoptr(GHashTable) ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GBytes) bytes = NULL;
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	g_auto(strake_fd) fd = -1;
	char fd_path[32];

	g_hash_table_insert(ids, g_strdup("root"), GUINT_TO_POINTER(0));
	if (!strake_path_open_beneath(root_fd, path, O_PATH, 0, &fd, NULL))
		return g_steal_pointer(&ids);
	snprintf(fd_path, sizeof(fd_path), "/proc/self/fd/%d", fd);
	bytes = strake_file_read_at(AT_FDCWD, fd_path, ACCOUNTS_MAX_BYTES, error);
	if (bytes == NULL)
		return NULL;
	if (g_bytes_get_size(bytes) > 0)
		text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	lines = g_strsplit(text != NULL ? text : "", "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		g_auto(GStrv) fields = g_strsplit(*line, ":", 4);
		guint64 id;

		if (g_strv_length(fields) >= 3 &&
			g_ascii_string_to_unsigned(fields[2], 10, 0, UINT32_MAX - 1, &id, NULL))
			g_hash_table_insert(ids, g_strdup(fields[0]), GUINT_TO_POINTER((guint)id));
	}
	return g_steal_pointer(&ids);
}

static bool look_up(Owners *owners, bool group, const char *name, const char *path, uint32_t *out)
{
	GHashTable *ids = group ? owners->groups : owners->users;
	void *value;
	char *key;

	if (name == NULL)
		name = "root";
	if (g_hash_table_lookup_extended(ids, name, NULL, &value)) {
		*out = GPOINTER_TO_UINT(value);
		return true;
	}
	key = g_strdup_printf("%s '%s'", group ? "group" : "user", name);
	if (g_hash_table_contains(owners->missing, key)) {
		g_free(key);
		return false;
	}
	g_hash_table_insert(owners->missing, key, g_strdup_printf("%s (of %s)", key, path));
	return false;
}

static bool change(
	Owners *owners, const char *path, mode_t mode, uint32_t uid, uint32_t gid, GError **error)
{
	g_auto(strake_fd) fd = -1;
	uint8_t capability[CAPABILITY_MAX_BYTES];
	char fd_path[32];
	ssize_t size;
	struct stat st;

	// What an overlay or an image step has removed or replaced since is not the package's.
	if (!strake_path_open_beneath(owners->root_fd, path, O_PATH | O_NOFOLLOW, 0, &fd, NULL))
		return true;
	if (fstat(fd, &st) < 0)
		return strake_error_errno(error, errno, "look at", path);
	// librpm has dropped set-id bits where it did not know the owner's name.
	if ((st.st_mode & S_IFMT) != (mode & S_IFMT) ||
		(st.st_uid == uid && st.st_gid == gid && st.st_mode == mode))
		return true;
	snprintf(fd_path, sizeof(fd_path), "/proc/self/fd/%d", fd);
	size = getxattr(fd_path, "security.capability", capability, sizeof(capability));
	if (fchownat(fd, "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0)
		return strake_error_errno(error, errno, "change owner of", path);
	if (!S_ISLNK(mode) && chmod(fd_path, mode & 07777) < 0)
		return strake_error_errno(error, errno, "change mode of", path);
	if (size > 0 && setxattr(fd_path, "security.capability", capability, (size_t)size, 0) < 0)
		return strake_error_errno(error, errno, "set capability of", path);
	owners->changed++;
	return true;
}

static bool apply_package(Owners *owners, Header header, GError **error)
{
	rpmfiles files = rpmfilesNew(NULL, header, RPMTAG_BASENAMES, RPMFI_FLAGS_QUERY);
	int n = rpmfilesFC(files);
	bool ok = true;

	for (int i = 0; ok && i < n; i++) {
		const char *user = rpmfilesFUser(files, i);
		const char *group = rpmfilesFGroup(files, i);
		g_autofree char *path = NULL;
		uint32_t uid;
		uint32_t gid;
		bool known;

		if (g_strcmp0(user, "root") == 0 && g_strcmp0(group, "root") == 0)
			continue;
		path = g_strconcat(
			rpmfilesDN(files, rpmfilesDI(files, i)), rpmfilesBN(files, i), NULL);
		known = look_up(owners, false, user, path, &uid);
		if (look_up(owners, true, group, path, &gid) && known)
			ok = change(owners, path, rpmfilesFMode(files, i), uid, gid, error);
	}
	rpmfilesFree(files);
	return ok;
}

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool report_missing(Owners *owners, const char *root, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autofree char *joined = NULL;
	GHashTableIter iterator;
	void *text;

	if (g_hash_table_size(owners->missing) == 0)
		return true;
	g_hash_table_iter_init(&iterator, owners->missing);
	while (g_hash_table_iter_next(&iterator, NULL, &text))
		g_ptr_array_add(names, text);
	g_ptr_array_sort(names, compare_text);
	g_ptr_array_add(names, NULL);
	joined = g_strjoinv(", ", (char **)names->pdata);
	return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
		"packages name owners that '%s/etc/passwd' and '%s/etc/group' do not have: %s; add "
		"sysusers.d lines for them",
		root, root, joined);
}

typedef struct {
	GPtrArray *globs;
	int root_fd;
} Missing;

// Changes the states in place, in the header's own memory. Returns whether it was changed.
static bool note_missing_of(Header header, void *data)
{
	const Missing *missing = data;
	rpmfiles files = rpmfilesNew(NULL, header, RPMTAG_BASENAMES, RPMFI_FLAGS_QUERY);
	struct rpmtd_s states;
	bool changed = false;

	if (headerGet(header, RPMTAG_FILESTATES, &states, HEADERGET_MINMEM)) {
		char *state = states.data;

		for (int i = 0; i < (int)states.count; i++) {
			g_autofree char *path = g_strconcat(rpmfilesDN(files, rpmfilesDI(files, i)),
				rpmfilesBN(files, i), NULL);

			if (state[i] != RPMFILE_STATE_NORMAL ||
				!strake_globs_match(missing->globs, path) ||
				faccessat(missing->root_fd, path + 1, F_OK, AT_SYMLINK_NOFOLLOW) ==
					0)
				continue;
			state[i] = RPMFILE_STATE_NOTINSTALLED;
			changed = true;
		}
		rpmtdFreeData(&states);
	}
	rpmfilesFree(files);
	return changed;
}

bool strake_install_note_missing(
	const char *root, const char *database, const char *const *globs, GError **error)
{
	g_autofree char *absolute = g_canonicalize_filename(root, NULL);
	g_autoptr(GPtrArray) compiled = strake_globs_new(globs, error);
	g_autoptr(GArray) changed = g_array_new(FALSE, FALSE, sizeof(unsigned));
	g_auto(strake_fd) root_fd = -1;
	rpmdbMatchIterator iterator;
	Missing missing;
	Header header;
	rpmts ts;

	if (compiled == NULL || !strake_rpm_setup(database, error) ||
		!strake_path_open_dir(AT_FDCWD, absolute, &root_fd, error))
		return false;
	ts = strake_rpm_ts_new(absolute, NULL, 0, error);
	if (ts == NULL)
		return false;
	rpmtsSetDBMode(ts, O_RDWR);
	missing = (Missing){compiled, root_fd};
	iterator = rpmtsInitIterator(ts, RPMDBI_PACKAGES, NULL, 0);
	while ((header = rpmdbNextIterator(iterator)) != NULL)
		if (note_missing_of(header, &missing)) {
			unsigned number = headerGetInstance(header);

			g_array_append_val(changed, number);
		}
	rpmdbFreeIterator(iterator);
	for (guint i = 0; i < changed->len; i++)
		strake_rpm_change(
			ts, g_array_index(changed, unsigned, i), note_missing_of, &missing);
	rpmtsFree(ts);
	return strake_rpm_tidy_database(absolute, database, error);
}

bool strake_install_apply_owners(
	const char *root, const char *database, unsigned *out_changed, GError **error)
{
	g_auto(Owners) owners = {.root_fd = -1};
	g_autofree char *absolute = g_canonicalize_filename(root, NULL);
	rpmdbMatchIterator iterator;
	Header header;
	rpmts ts;
	bool ok = true;

	if (!strake_rpm_setup(database, error) ||
		!strake_path_open_dir(AT_FDCWD, absolute, &owners.root_fd, error))
		return false;
	owners.users = read_accounts(owners.root_fd, "etc/passwd", error);
	owners.groups =
		owners.users != NULL ? read_accounts(owners.root_fd, "etc/group", error) : NULL;
	owners.missing = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	if (owners.groups == NULL)
		return false;
	ts = strake_rpm_ts_new(absolute, NULL, 0, error);
	if (ts == NULL)
		return false;
	iterator = rpmtsInitIterator(ts, RPMDBI_PACKAGES, NULL, 0);
	while (ok && (header = rpmdbNextIterator(iterator)) != NULL)
		ok = apply_package(&owners, header, error);
	rpmdbFreeIterator(iterator);
	rpmtsFree(ts);
	if (!ok || !strake_rpm_tidy_database(absolute, database, error) ||
		!report_missing(&owners, absolute, error))
		return false;
	if (out_changed != NULL)
		*out_changed = owners.changed;
	return true;
}
