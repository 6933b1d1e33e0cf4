// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Making layers: librpm's archive reader gives the files and compares their digests.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <rpm/rpmfi.h>
#include <rpm/rpmfiles.h>
#include <rpm/rpmio.h>
#include <rpm/rpmlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <rpm/rpmarchive.h> // wants the types of those above

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "pkg/layers_private.h"

enum { UNUSED_S = 30 * 24 * 3600 };

char *strake_layer_key(Header header, bool slim)
{
	const char *digest = headerGetString(header, RPMTAG_SHA256HEADER);

	return digest != NULL ? g_strconcat(digest, slim ? "-slim" : "", NULL) : NULL;
}

static bool is_wanted(rpmfiles files, int i, bool slim)
{
	const char *language = rpmfilesFLangs(files, i);

	if (!S_ISREG(rpmfilesFMode(files, i)) || (rpmfilesFFlags(files, i) & RPMFILE_GHOST) != 0)
		return false;
	return !slim || ((rpmfilesFFlags(files, i) & RPMFILE_DOC) == 0 &&
				(language == NULL || *language == '\0'));
}

static bool is_as_packaged(rpmfiles files, int i, const struct stat *st)
{
	return S_ISREG(st->st_mode) && (uint64_t)st->st_size == rpmfilesFSize(files, i) &&
	       st->st_mtime == (time_t)rpmfilesFMtime(files, i) &&
	       (st->st_mode & 0777) == (rpmfilesFMode(files, i) & 0777);
}

bool strake_layer_ready(int layers_fd, const char *key, Header header, bool slim)
{
	g_auto(strake_fd) fd = openat(layers_fd, key, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rpmfiles files;
	bool ok = true;

	if (fd < 0)
		return false;
	files = rpmfilesNew(NULL, header, RPMTAG_BASENAMES, STRAKE_LAYER_FILES);
	for (int i = 0; ok && i < (int)rpmfilesFC(files); i++) {
		char name[16];
		struct stat st;

		snprintf(name, sizeof(name), "%d", i);
		ok = !is_wanted(files, i, slim) ||
		     (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			     is_as_packaged(files, i, &st));
	}
	rpmfilesFree(files);
	if (ok)
		(void)futimens(fd, NULL); // for strake_layer_expire; a layer too old is made again
	return ok;
}

static bool set_attributes(int fd, const char *name, rpmfiles files, int i, GError **error)
{
	const struct timespec times[2] = {{.tv_sec = (time_t)rpmfilesFMtime(files, i)},
		{.tv_sec = (time_t)rpmfilesFMtime(files, i)}};

	if (fchmod(fd, rpmfilesFMode(files, i) & 0777) < 0 || futimens(fd, times) < 0)
		return strake_error_errno(error, errno, "set mode and time of", name);
	return true;
}

// Contents that are no hard link to one before.
static bool unpack_content(rpmfi fi, rpmfiles files, int dir_fd, GError **error)
{
	g_auto(strake_fd) fd = -1;
	FD_t out;
	char name[16];
	int rc;

	snprintf(name, sizeof(name), "%d", rpmfiFX(fi));
	fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return strake_error_errno(error, errno, "create", rpmfiFN(fi));
	out = fdDup(fd);
	rc = rpmfiArchiveReadToFile(fi, out, 0);
	Fclose(out);
	if (rc != 0) {
		bool full = errno == ENOSPC;

		return strake_error_set(error,
			full ? STRAKE_ERROR_NO_SPACE : STRAKE_ERROR_INTEGRITY,
			"'%s' in it does not unpack%s", rpmfiFN(fi),
			full ? ": no space left" : " to what its digest says");
	}
	return set_attributes(fd, rpmfiFN(fi), files, rpmfiFX(fi), error);
}

static bool link_same(rpmfi fi, rpmfiles files, int dir_fd, GError **error)
{
	const int *same = NULL;
	int n = (int)rpmfilesFLinks(files, rpmfiFX(fi), &same);
	char name[16];

	snprintf(name, sizeof(name), "%d", rpmfiFX(fi));
	for (int k = 0; k < n; k++) {
		char first[16];

		snprintf(first, sizeof(first), "%d", same[k]);
		if (same[k] != rpmfiFX(fi) && linkat(dir_fd, first, dir_fd, name, 0) == 0)
			return true;
	}
	return strake_error_set(
		error, STRAKE_ERROR_INTEGRITY, "'%s' in it has no content", rpmfiFN(fi));
}

static bool unpack_all(rpmfi fi, rpmfiles files, bool slim, int dir_fd, GError **error)
{
	int rc;

	while ((rc = rpmfiNext(fi)) >= 0) {
		bool has = rpmfiArchiveHasContent(fi) != 0;

		if (!is_wanted(files, rpmfiFX(fi), slim))
			continue;
		// Names of one file: the content comes with the first of them.
		if (has || rpmfiFSize(fi) == 0 || rpmfiFNlink(fi) < 2) {
			if (!unpack_content(fi, files, dir_fd, error))
				return false;
		} else if (!link_same(fi, files, dir_fd, error)) {
			return false;
		}
	}
	return rc == RPMERR_ITER_END || strake_error_set(error, STRAKE_ERROR_INTEGRITY,
						"its payload is damaged (librpm: %d)", rc);
}

// @ts leaves the descriptor at the payload (RPMVSF_NEEDPAYLOAD).
static bool unpack(rpmts ts, const char *path, bool slim, int dir_fd, GError **error)
{
	FD_t fd = Fopen(path, "r.ufdio");
	g_autofree char *mode = NULL;
	const char *compressor;
	Header header = NULL;
	rpmfiles files = NULL;
	FD_t payload = NULL;
	rpmfi fi = NULL;
	bool ok = false;

	if (fd == NULL || Ferror(fd) || rpmReadPackageFile(ts, fd, path, &header) != RPMRC_OK) {
		strake_error_set(error, STRAKE_ERROR_INTEGRITY, "it cannot be read");
	} else {
		compressor = headerGetString(header, RPMTAG_PAYLOADCOMPRESSOR);
		mode = g_strconcat("r.", compressor != NULL ? compressor : "gzip", NULL);
		payload = Fdopen(fdDup(Fileno(fd)), mode);
		files = rpmfilesNew(NULL, header, 0, RPMFI_KEEPHEADER);
		fi = payload != NULL ? rpmfiNewArchiveReader(payload, files,
					       RPMFI_ITER_READ_ARCHIVE_CONTENT_FIRST)
				     : NULL;
		ok = fi != NULL ? unpack_all(fi, files, slim, dir_fd, error)
				: strake_error_set(error, STRAKE_ERROR_INVALID,
					  "its payload is compressed in a way that librpm does not "
					  "know");
	}
	rpmfiFree(fi);
	rpmfilesFree(files);
	if (payload != NULL)
		Fclose(payload);
	headerFree(header);
	if (fd != NULL)
		Fclose(fd);
	return ok;
}

// What cannot be removed now is found by strake_layer_expire.
static void drop(int layers_fd, const char *name)
{
	if (!strake_path_remove_tree(layers_fd, name, NULL))
		g_debug("layer '%s' stays", name);
}

bool strake_layer_make(
	rpmts ts, const char *path, int layers_fd, const char *key, bool slim, GError **error)
{
	g_autofree char *aside = g_strdup_printf("tmp-%.16s-%d", key, (int)getpid());
	g_auto(strake_fd) dir_fd = -1;

	if (!strake_path_remove_tree(layers_fd, aside, error))
		return false;
	if (mkdirat(layers_fd, aside, 0755) < 0)
		return strake_error_errno(error, errno, "make", aside);
	dir_fd = openat(layers_fd, aside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return strake_error_errno(error, errno, "open", aside);
	if (!unpack(ts, path, slim, dir_fd, error)) {
		g_prefix_error(error, "package '%s': ", path);
		drop(layers_fd, aside);
		return false;
	}
	if (!strake_path_remove_tree(layers_fd, key, error))
		return false;
	// Another process may have been faster: its layer is as good.
	if (renameat(layers_fd, aside, layers_fd, key) < 0) {
		int err = errno;

		drop(layers_fd, aside);
		if (err != EEXIST && err != ENOTEMPTY)
			return strake_error_errno(error, err, "rename", aside);
	}
	return true;
}

void strake_layer_expire(int layers_fd)
{
	g_auto(strake_fd) copy = openat(layers_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	time_t now = time(NULL);

	if (dir == NULL)
		return;
	copy = -1;
	for (struct dirent *d; (d = readdir(dir)) != NULL;) {
		struct stat st;

		if (d->d_name[0] != '.' && fstatat(layers_fd, d->d_name, &st, 0) == 0 &&
			now - st.st_mtime > UNUSED_S)
			drop(layers_fd, d->d_name);
	}
	closedir(dir);
}
