// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// A tree from layers, as librpm would have unpacked it: folders, links, contents; owners that only
// the image's own account files know come later (strake_install_apply_owners), and with them
// special bits.
#include <errno.h>
#include <fcntl.h>
#include <rpm/rpmfi.h>
#include <rpm/rpmfiles.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "pkg/layers_private.h"

enum { SPECIAL_BITS = 06000 };

typedef struct {
	rpmfiles files;
	bool *skipped; // a file
	int layer_fd;
	int root_fd;
	int dir_fd;         // of the folder @dir
	int dir;            // its number in the package, -1: none
	GHashTable *copied; // inode in the layer -> number of the file that it was copied to + 1
} Place;

static void place_clear(Place *p)
{
	strake_fd_clear(&p->layer_fd);
	strake_fd_clear(&p->dir_fd);
	rpmfilesFree(p->files);
	g_free(p->skipped);
	g_clear_pointer(&p->copied, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, place_clear)

static char *path_of(const Place *p, int i)
{
	return g_strconcat(
		rpmfilesDN(p->files, rpmfilesDI(p->files, i)) + 1, rpmfilesBN(p->files, i), NULL);
}

// Files of a package are sorted by folder, so the last one is nearly always the one.
static bool enter_dir(Place *p, int i, GError **error)
{
	int dir = rpmfilesDI(p->files, i);
	const char *name = rpmfilesDN(p->files, dir) + 1;
	g_autofree char *path = g_strdup(*name != '\0' ? name : ".");

	if (dir == p->dir)
		return true;
	strake_fd_clear(&p->dir_fd);
	p->dir = -1;
	if (*name != '\0')
		path[strlen(path) - 1] = '\0';
	if (!strake_path_open_beneath(
		    p->root_fd, path, O_RDONLY | O_DIRECTORY, 0, &p->dir_fd, NULL) &&
		(!strake_path_mkdirs_beneath(p->root_fd, path, 0755, error) ||
			!strake_path_open_beneath(
				p->root_fd, path, O_RDONLY | O_DIRECTORY, 0, &p->dir_fd, error)))
		return false;
	p->dir = dir;
	return true;
}

static bool is_roots(const Place *p, int i)
{
	return g_strcmp0(rpmfilesFUser(p->files, i), "root") == 0 &&
	       g_strcmp0(rpmfilesFGroup(p->files, i), "root") == 0;
}

// An owner that is not known yet gets no special bits: they would be root's.
static mode_t mode_of(const Place *p, int i)
{
	mode_t mode = rpmfilesFMode(p->files, i) & 07777;

	return is_roots(p, i) ? mode : mode & ~(mode_t)SPECIAL_BITS;
}

static bool make_dir(Place *p, int i, const char *name, GError **error)
{
	g_auto(strake_fd) fd = -1;

	if (mkdirat(p->dir_fd, name, 0755) < 0 && errno != EEXIST)
		return strake_error_errno(error, errno, "make", name);
	fd = openat(p->dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) // a link to a folder stays
		return errno == ENOTDIR || errno == ELOOP ||
		       strake_error_errno(error, errno, "open", name);
	if (fchmod(fd, mode_of(p, i)) < 0)
		return strake_error_errno(error, errno, "set the mode of", name);
	return true;
}

static bool set_time(Place *p, int i, const char *name, GError **error)
{
	const struct timespec times[2] = {{.tv_sec = (time_t)rpmfilesFMtime(p->files, i)},
		{.tv_sec = (time_t)rpmfilesFMtime(p->files, i)}};

	return utimensat(p->dir_fd, name, times, AT_SYMLINK_NOFOLLOW) == 0 ||
	       strake_error_errno(error, errno, "set the time of", name);
}

static bool make_link(Place *p, int i, const char *name, GError **error)
{
	if (symlinkat(rpmfilesFLink(p->files, i), p->dir_fd, name) < 0)
		return strake_error_errno(error, errno, "link", name);
	return set_time(p, i, name, error);
}

static bool is_never_changed(const Place *p, int i)
{
	const char *capabilities = rpmfilesFCaps(p->files, i);

	return is_roots(p, i) && (rpmfilesFMode(p->files, i) & SPECIAL_BITS) == 0 &&
	       (rpmfilesFFlags(p->files, i) & RPMFILE_CONFIG) == 0 &&
	       (capabilities == NULL || *capabilities == '\0') &&
	       strncmp(rpmfilesDN(p->files, rpmfilesDI(p->files, i)), "/usr/", 5) == 0;
}

static bool set_capabilities(const char *text, int fd, const char *name, GError **error)
{
	cap_t capabilities;
	bool ok;

	if (text == NULL || *text == '\0')
		return true;
	capabilities = cap_from_text(text);
	ok = capabilities != NULL && cap_set_fd(fd, capabilities) == 0;
	if (!ok)
		strake_error_errno(error, errno, "set the capabilities of", name);
	if (capabilities != NULL)
		cap_free(capabilities);
	return ok;
}

// Another name of a content that was copied already.
static bool link_copy(
	Place *p, int i, ino_t inode, const char *name, bool *out_done, GError **error)
{
	gint64 key = (gint64)inode;
	int first = GPOINTER_TO_INT(g_hash_table_lookup(p->copied, &key)) - 1;
	g_autofree char *path = NULL;

	*out_done = first >= 0;
	if (first < 0) {
		g_hash_table_insert(
			p->copied, g_memdup2(&key, sizeof(key)), GINT_TO_POINTER(i + 1));
		return true;
	}
	path = path_of(p, first);
	return linkat(p->root_fd, path, p->dir_fd, name, 0) == 0 ||
	       strake_error_errno(error, errno, "link", name);
}

static bool copy_content(Place *p, int i, const char *number, const char *name, GError **error)
{
	g_auto(strake_fd) from = openat(p->layer_fd, number, O_RDONLY | O_CLOEXEC);
	g_auto(strake_fd) to = -1;
	bool done = false;
	struct stat st;

	if (from < 0 || fstat(from, &st) < 0)
		return strake_error_errno(error, errno, "open the content of", name);
	if (rpmfilesFNlink(p->files, i) > 1 &&
		(!link_copy(p, i, st.st_ino, name, &done, error) || done))
		return done;
	to = openat(p->dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return strake_error_errno(error, errno, "create", name);
	if (!strake_fd_copy(from, to, name, error))
		return false;
	if (fchmod(to, mode_of(p, i)) < 0)
		return strake_error_errno(error, errno, "set the mode of", name);
	return set_capabilities(rpmfilesFCaps(p->files, i), to, name, error) &&
	       set_time(p, i, name, error);
}

static bool make_file(Place *p, int i, const char *name, GError **error)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", i);
	if (is_never_changed(p, i) && linkat(p->layer_fd, number, p->dir_fd, name, 0) == 0)
		return true;
	// Other file systems and file systems without hard links: by copying.
	return copy_content(p, i, number, name, error);
}

static bool place_one(Place *p, int i, GError **error)
{
	const char *name = rpmfilesBN(p->files, i);
	mode_t mode = rpmfilesFMode(p->files, i);

	if (p->skipped[i] || (rpmfilesFFlags(p->files, i) & RPMFILE_GHOST) != 0)
		return true;
	if (!enter_dir(p, i, error))
		return false;
	if (S_ISDIR(mode))
		return make_dir(p, i, name, error);
	// The same file of a package before; conflicts were found by librpm.
	if (unlinkat(p->dir_fd, name, 0) < 0 && errno != ENOENT)
		return strake_error_errno(error, errno, "replace", name);
	if (S_ISLNK(mode))
		return make_link(p, i, name, error);
	if (S_ISREG(mode))
		return make_file(p, i, name, error);
	return strake_error_set(
		error, STRAKE_ERROR_INVALID, "'%s' is neither a file, a folder nor a link", name);
}

static bool has_language(const char *const *wanted, const char *languages)
{
	g_auto(GStrv) list = g_strsplit(languages, "|", -1);

	for (char **one = list; *one != NULL; one++)
		if (g_strv_contains(wanted, *one))
			return true;
	return false;
}

static bool is_skipped(const StrakeLayerSkip *skip, rpmfiles files, int i)
{
	const char *languages = rpmfilesFLangs(files, i);
	g_autofree char *path = NULL;

	if (skip->no_docs && (rpmfilesFFlags(files, i) & RPMFILE_DOC) != 0)
		return true;
	if (skip->languages != NULL && languages != NULL && *languages != '\0' &&
		!has_language(skip->languages, languages))
		return true;
	if (g_hash_table_size(skip->excluded) == 0)
		return false;
	path = g_strconcat(rpmfilesDN(files, rpmfilesDI(files, i)), rpmfilesBN(files, i), NULL);
	return g_hash_table_contains(skip->excluded, path);
}

// A byte for each file, true for those left out: by what they are, and, as librpm does, folders
// from which everything is left out. A folder stands before what is in it. Free with g_free.
static bool *skipped_of(const StrakeLayerSkip *skip, rpmfiles files)
{
	int n = (int)rpmfilesFC(files);
	bool *skipped = g_new0(bool, (size_t)n + 1);
	g_autoptr(GHashTable) left = // folder -> 1: all is left out so far, 2: something is not
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (int i = n - 1; i >= 0; i--) {
		const char *dir = rpmfilesDN(files, rpmfilesDI(files, i));
		g_autofree char *path = g_strconcat(dir, rpmfilesBN(files, i), "/", NULL);

		skipped[i] = is_skipped(skip, files, i) ||
			     (S_ISDIR(rpmfilesFMode(files, i)) &&
				     GPOINTER_TO_INT(g_hash_table_lookup(left, path)) == 1);
		if (!skipped[i])
			g_hash_table_insert(left, g_strdup(dir), GINT_TO_POINTER(2));
		else if (!g_hash_table_contains(left, dir))
			g_hash_table_insert(left, g_strdup(dir), GINT_TO_POINTER(1));
	}
	return skipped;
}

bool strake_layer_note_skipped(const StrakeLayerSkip *skip, Header package, Header header)
{
	rpmfiles files = rpmfilesNew(NULL, package, RPMTAG_BASENAMES, STRAKE_LAYER_FILES);
	g_autofree bool *skipped = skipped_of(skip, files);
	struct rpmtd_s states;
	bool changed = false;

	if (headerGet(header, RPMTAG_FILESTATES, &states, HEADERGET_MINMEM)) {
		char *state = states.data;

		for (int i = 0; i < (int)states.count; i++)
			if (skipped[i] && state[i] == RPMFILE_STATE_NORMAL) {
				state[i] = RPMFILE_STATE_NOTINSTALLED;
				changed = true;
			}
		rpmtdFreeData(&states);
	}
	rpmfilesFree(files);
	return changed;
}

bool strake_layer_place(int layers_fd, const char *key, Header header, const StrakeLayerSkip *skip,
	int root_fd, GError **error)
{
	g_auto(Place) p = {.root_fd = root_fd, .dir = -1, .dir_fd = -1};

	p.files = rpmfilesNew(NULL, header, RPMTAG_BASENAMES, STRAKE_LAYER_FILES);
	p.skipped = skipped_of(skip, p.files);
	p.copied = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	p.layer_fd = openat(layers_fd, key, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p.layer_fd < 0)
		return strake_error_errno(error, errno, "open layer", key);
	for (int i = 0; i < (int)rpmfilesFC(p.files); i++)
		if (!place_one(&p, i, error)) {
			g_prefix_error(
				error, "package '%s': ", headerGetString(header, RPMTAG_NAME));
			return false;
		}
	return true;
}
