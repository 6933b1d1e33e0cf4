// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Reads a repository with other means than those that wrote it: gpgv, libsolv, librpm.
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "base/run.h"
#include "pkg/solve.h"
#include "pkg/verify.h"
#include "repo/publish.h"

enum { KEY_MAX_BYTES = 1024 * 1024 };

typedef struct {
	GPtrArray *packages; // of StrakePackage
	char **found;        // one problem a package, NULL: none
	StrakeProgress *progress;
} Digests;

static bool check_package_digest(size_t index, void *data, GError **error)
{
	Digests *digests = data;
	const StrakePackage *package = g_ptr_array_index(digests->packages, (guint)index);
	g_autoptr(GError) problem = NULL;
	g_autofree char *have = NULL;
	g_auto(strake_fd) fd = open(package->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	strake_progress_add(digests->progress, 1, package->name);
	if (fd < 0 || fstat(fd, &st) < 0) {
		digests->found[index] = g_strdup_printf("package '%s' is missing", package->path);
		return true;
	}
	have = strake_digest_fd(STRAKE_DIGEST_SHA256, fd, package->path, &problem);
	if (have == NULL)
		digests->found[index] = g_strdup(problem->message);
	else if (g_strcmp0(have, package->sha256) != 0)
		digests->found[index] = g_strdup_printf(
			"package '%s' is damaged: its SHA-256 is %s, the metadata has %s",
			package->path, have, package->sha256);
	else if ((uint64_t)st.st_size != package->download_bytes)
		digests->found[index] = g_strdup_printf("package '%s' has %lld bytes, the metadata "
							"says %" G_GUINT64_FORMAT,
			package->path, (long long)st.st_size, package->download_bytes);
	return true;
}

static bool check_digests(GPtrArray *packages, unsigned jobs, GPtrArray *problems, GError **error)
{
	Digests digests = {.packages = packages, .found = g_new0(char *, packages->len + 1)};
	bool ok;

	digests.progress = strake_progress_new("check", packages->len, false);
	ok = strake_parallel_for(packages->len, jobs, check_package_digest, &digests, error);
	strake_progress_end(digests.progress);
	for (guint i = 0; i < packages->len; i++)
		if (digests.found[i] != NULL)
			g_ptr_array_add(problems, digests.found[i]);
	g_free(digests.found);
	return ok;
}

// gpgv wants its keyring without armor.
static GBytes *dearmor(const char *text, GError **error)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autoptr(GString) base64 = g_string_new(NULL);
	bool body = false;
	g_autofree guchar *data = NULL;
	gsize size = 0;

	for (char **line = lines; *line != NULL; line++) {
		g_strchomp(*line);
		if (**line == '\0')
			body = true;
		else if (**line == '=' || g_str_has_prefix(*line, "-----END"))
			break;
		else if (body)
			g_string_append(base64, *line);
	}
	data = g_base64_decode(base64->str, &size);
	if (size == 0) {
		strake_error_set(error, STRAKE_ERROR_INVALID,
			"the public key is not an armored OpenPGP key");
		return NULL;
	}
	return g_bytes_new(data, size);
}

static bool check_repomd(const char *dir, const char *key, GPtrArray *problems, GError **error)
{
	g_autofree char *repomd = g_build_filename(dir, "repodata", "repomd.xml", NULL);
	g_autofree char *signature = g_strconcat(repomd, ".asc", NULL);
	g_autoptr(StrakeTmpdir) tmp = NULL;
	g_autoptr(GBytes) ring = dearmor(key, error);
	g_autofree char *ring_path = NULL;
	g_autoptr(GError) bad = NULL;
	const char *argv[] = {"gpgv", "--keyring", NULL, "--", signature, repomd, NULL};
	gsize size;
	const void *data;

	if (ring == NULL)
		return false;
	if (access(signature, R_OK) < 0) {
		g_ptr_array_add(problems, g_strdup_printf("'%s' is not signed", repomd));
		return true;
	}
	tmp = strake_tmpdir_new(NULL, error);
	if (tmp == NULL)
		return false;
	data = g_bytes_get_data(ring, &size);
	if (!strake_file_write_at(tmp->fd, "ring.gpg", data, size, 0600, error))
		return false;
	ring_path = g_build_filename(tmp->path, "ring.gpg", NULL);
	argv[2] = ring_path;
	if (!strake_run_argv(argv, &bad))
		g_ptr_array_add(
			problems, g_strdup_printf("the signature of '%s' does not verify: %s",
					  repomd, bad->message));
	return true;
}

static void check_signatures(GPtrArray *packages, const char *key, GPtrArray *problems)
{
	for (guint i = 0; i < packages->len; i++) {
		const StrakePackage *package = g_ptr_array_index(packages, i);
		g_autoptr(GError) bad = NULL;

		if (access(package->path, R_OK) == 0 &&
			!strake_package_verify(package->path, NULL, key, &bad))
			g_ptr_array_add(problems, g_strdup(bad->message));
	}
}

static char *read_key(const char *dir, GError **error)
{
	g_autofree char *path = g_build_filename(dir, "RPM-GPG-KEY", NULL);
	g_autoptr(GBytes) bytes = strake_file_read_at(AT_FDCWD, path, KEY_MAX_BYTES, error);

	if (bytes == NULL)
		return NULL;
	return g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
}

bool strake_repo_check(
	const char *dir, const char *public_key, unsigned jobs, GPtrArray *problems, GError **error)
{
	g_autoptr(StrakeSolver) solver = strake_solver_new(NULL);
	g_autofree char *own_key = public_key != NULL ? NULL : read_key(dir, error);
	const char *key = public_key != NULL ? public_key : own_key;
	g_autoptr(GPtrArray) packages = NULL;

	if (key == NULL || !check_repomd(dir, key, problems, error) ||
		!strake_solver_add_repo(solver, dir, dir, 0, error))
		return false;
	packages = strake_solver_list(solver);
	if (!check_digests(packages, jobs, problems, error))
		return false;
	check_signatures(packages, key, problems);
	return true;
}
