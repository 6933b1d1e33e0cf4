// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Loading repositories into libsolv's pool: rpm-md, single packages, testcase text.
#include <errno.h>
#include <fcntl.h>
#include <rpm/header.h>
#include <solv/chksum.h>
#include <solv/repo.h>
#include <solv/repo_repomdxml.h>
#include <solv/repo_rpmmd.h>
#include <solv/solv_xfopen.h>
#include <solv/testcase.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "pkg/solver_private.h"

enum { REPOMD_MAX_BYTES = 16 * 1024 * 1024 };

// A stream over bytes in memory, which must outlive it.
static FILE *open_bytes(GBytes *bytes, const char *name, GError **error)
{
	gsize size;
	const void *data = g_bytes_get_data(bytes, &size);
	FILE *file = size > 0 ? fmemopen((void *)data, size, "r") : NULL;

	if (file == NULL)
		strake_error_set(error, STRAKE_ERROR_INVALID, "'%s' is empty", name);
	return file;
}

typedef struct {
	char *path;   // NULL: repomd.xml does not list it
	char *sha256; // NULL: without a SHA-256
} MetadataFile;

static void metadata_clear(MetadataFile *file)
{
	g_clear_pointer(&file->path, g_free);
	g_clear_pointer(&file->sha256, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MetadataFile, metadata_clear)

static void find_metadata(Repo *repo, const char *dir, const char *type, MetadataFile *out)
{
	Pool *pool = repo->pool;
	Dataiterator iterator;

	*out = (MetadataFile){0};
	dataiterator_init(
		&iterator, pool, repo, SOLVID_META, REPOSITORY_REPOMD_TYPE, type, SEARCH_STRING);
	dataiterator_prepend_keyname(&iterator, REPOSITORY_REPOMD);
	if (dataiterator_step(&iterator)) {
		const char *location;
		const char *digest;
		Id digest_type = 0;

		dataiterator_setpos_parent(&iterator);
		location = pool_lookup_str(pool, SOLVID_POS, REPOSITORY_REPOMD_LOCATION);
		out->path = location != NULL ? g_build_filename(dir, location, NULL) : NULL;
		digest = pool_lookup_checksum(
			pool, SOLVID_POS, REPOSITORY_REPOMD_CHECKSUM, &digest_type);
		if (digest != NULL && digest_type == REPOKEY_TYPE_SHA256)
			out->sha256 = g_strdup(digest);
	}
	dataiterator_free(&iterator);
}

static bool check_digest(int fd, const MetadataFile *file, GError **error)
{
	g_autofree char *digest = NULL;

	if (file->sha256 == NULL)
		return strake_error_set(error, STRAKE_ERROR_INTEGRITY,
			"repomd.xml has no SHA-256 digest of '%s'", file->path);
	digest = strake_digest_fd(STRAKE_DIGEST_SHA256, fd, file->path, error);
	if (digest == NULL)
		return false;
	if (strcmp(digest, file->sha256) != 0)
		return strake_error_set(error, STRAKE_ERROR_INTEGRITY,
			"'%s' is damaged: its SHA-256 is %s, repomd.xml has %s", file->path, digest,
			file->sha256);
	if (lseek(fd, 0, SEEK_SET) < 0)
		return strake_error_errno(error, errno, "seek in", file->path);
	return true;
}

static bool load_metadata(Repo *repo, const char *dir, const char *type, const char *language,
	int flags, GError **error)
{
	g_auto(MetadataFile) file = {0};
	g_auto(strake_fd) fd = -1;
	FILE *stream;
	int rc;

	find_metadata(repo, dir, type, &file);
	if (file.path == NULL)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"'%s/repodata/repomd.xml' does not list the %s metadata", dir, type);
	fd = open(file.path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return strake_error_errno(error, errno, "open", file.path);
	if (!check_digest(fd, &file, error))
		return false;
	// The name only tells the compression.
	stream = solv_xfopen_fd(file.path, fd, "r");
	if (stream == NULL)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"'%s': its compression is not supported by libsolv", file.path);
	strake_fd_steal(&fd);
	rc = repo_add_rpmmd(repo, stream, language, flags);
	fclose(stream);
	if (rc != 0)
		return strake_error_set(error, STRAKE_ERROR_INVALID, "'%s': %s", file.path,
			pool_errstr(repo->pool));
	return true;
}

static bool load_repo(Repo *repo, const char *dir, bool with_files, GError **error)
{
	g_autofree char *path = g_build_filename(dir, "repodata", "repomd.xml", NULL);
	g_autoptr(GBytes) bytes = strake_file_read_at(AT_FDCWD, path, REPOMD_MAX_BYTES, error);
	FILE *stream;
	int rc;

	if (bytes == NULL)
		return false;
	stream = open_bytes(bytes, path, error);
	if (stream == NULL)
		return false;
	rc = repo_add_repomdxml(repo, stream, 0);
	fclose(stream);
	if (rc != 0)
		return strake_error_set(
			error, STRAKE_ERROR_INVALID, "'%s': %s", path, pool_errstr(repo->pool));
	// File lists too: a package may need a path that the primary metadata does not hold.
	return load_metadata(repo, dir, "primary", NULL, 0, error) &&
	       (!with_files || load_metadata(repo, dir, "filelists", "FL",
				       REPO_LOCALPOOL | REPO_EXTEND_SOLVABLES, error));
}

static Repo *begin_repo(StrakeSolver *solver, const char *name, const char *dir, int priority)
{
	Repo *repo = repo_create(solver->pool, name);

	repo->priority = priority;
	repo->appdata = g_strdup(dir);
	solver->provides_ready = false;
	return repo;
}

static bool end_repo(Repo *repo, bool ok)
{
	if (ok)
		return true;
	g_free(repo->appdata);
	repo_free(repo, 1);
	return false;
}

static bool add_repo(StrakeSolver *solver, const char *name, const char *dir, int priority,
	bool with_files, GError **error)
{
	g_autofree char *absolute = g_canonicalize_filename(dir, NULL);
	Repo *repo = begin_repo(solver, name, absolute, priority);
	bool ok = load_repo(repo, absolute, with_files, error);

	if (!ok)
		g_prefix_error(error, "repository '%s': ", name);
	return end_repo(repo, ok);
}

bool strake_solver_add_repo(
	StrakeSolver *solver, const char *name, const char *dir, int priority, GError **error)
{
	return add_repo(solver, name, dir, priority, true, error);
}

bool strake_solver_add_primary(
	StrakeSolver *solver, const char *name, const char *dir, int priority, GError **error)
{
	return add_repo(solver, name, dir, priority, false, error);
}

bool strake_solver_add_text_repo(
	StrakeSolver *solver, const char *name, const char *text, int priority, GError **error)
{
	g_autoptr(GBytes) bytes = g_bytes_new_static(text, strlen(text));
	Repo *repo = begin_repo(solver, name, "/", priority);
	FILE *stream = open_bytes(bytes, name, error);
	bool ok = false;

	if (stream != NULL) {
		ok = testcase_add_testtags(repo, stream, 0) == 0;
		fclose(stream);
		if (!ok)
			strake_error_set(error, STRAKE_ERROR_INVALID, "repository '%s': %s", name,
				pool_errstr(solver->pool));
	}
	return end_repo(repo, ok);
}
