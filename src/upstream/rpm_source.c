// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The definition of an rpm-md upstream with its placeholders filled in.
#include "upstream/rpm_source.h"

#include <fcntl.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "project/uri.h"

enum { KEYS_MAX_BYTES = 1 << 20, RETRIES = 2, TIMEOUT_S = 30 };

void strake_rpm_source_free(StrakeRpmSource *source)
{
	if (source == NULL)
		return;
	g_ptr_array_unref(source->repos);
	g_free(source->keys);
	g_free(source->identity);
	g_free(source);
}

// Digests and signatures vouch for what they cover. Without a signature on repomd.xml somebody on
// the way could still choose which old packages we see, so the way has to be closed to him.
static bool check_address(const StrakeUpstream *upstream, const char *uri, GError **error)
{
	if (g_str_has_prefix(uri, "https://") || g_str_has_prefix(uri, "file:///"))
		return true;
	if (!g_str_has_prefix(uri, "http://"))
		return strake_error_at(error, STRAKE_ERROR_INVALID, upstream->origin,
			"upstream '%s': the address '%s' is not http://, https:// or file:///",
			upstream->name, uri);
	return upstream->repo_gpg_check ||
	       strake_error_at(error, STRAKE_ERROR_INVALID, upstream->origin,
		       "upstream '%s': nothing vouches for what comes from '%s'; use https://, or "
		       "set 'repo-gpg-check = true' where repomd.xml is signed",
		       upstream->name, uri);
}

typedef struct {
	StrakeRpmSource *source;
	StrakeUriValues values;
} Fill;

static bool add_address(const Fill *fill, GPtrArray *addresses, const char *text, GError **error)
{
	g_autofree char *uri = strake_uri_expand(text, &fill->values);
	size_t size = strlen(uri);

	while (size > 0 && uri[size - 1] == '/')
		uri[--size] = '\0';
	if (strstr(uri, "$releasever") != NULL)
		return strake_error_at(error, STRAKE_ERROR_INVALID, fill->source->upstream->origin,
			"upstream '%s': the address '%s' needs a 'release-ver'",
			fill->source->upstream->name, text);
	if (!check_address(fill->source->upstream, uri, error))
		return false;
	g_ptr_array_add(addresses, g_steal_pointer(&uri));
	return true;
}

static bool add_repo(const Fill *fill, const char *base_uri, char **mirrors, GError **error)
{
	g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);

	if (!add_address(fill, addresses, base_uri, error))
		return false;
	for (char **mirror = mirrors; mirror != NULL && *mirror != NULL; mirror++)
		if (!add_address(fill, addresses, *mirror, error))
			return false;
	g_ptr_array_add(addresses, NULL);
	g_ptr_array_add(fill->source->repos, g_ptr_array_free(g_steal_pointer(&addresses), FALSE));
	return true;
}

static bool add_repos(const StrakeProject *project, StrakeRpmSource *source, GError **error)
{
	const StrakeUpstream *upstream = source->upstream;
	const StrakeDistroRef ref = {.name = upstream->distro};
	const StrakeDistro *distro;
	const StrakeDistroVersion *version;
	Fill fill = {.source = source,
		.values = {
			.releasever = upstream->release_ver, .basearch = upstream->architecture}};

	if (upstream->distro == NULL)
		return add_repo(&fill, upstream->base_uri, upstream->mirrors, error);
	distro = strake_project_distro(project, upstream->distro, error);
	if (distro == NULL)
		return false;
	if (upstream->release_ver == NULL) {
		version = strake_project_distro_version(project, &ref, error);
		if (version == NULL)
			return false;
		fill.values.releasever = version->release_ver;
	}
	for (guint i = 0; i < distro->repos->len; i++) {
		const StrakeDistroRepo *repo = g_ptr_array_index(distro->repos, i);

		if (!add_repo(&fill, repo->base_uri, repo->mirrors, error))
			return false;
	}
	return true;
}

static bool read_keys(StrakeRpmSource *source, GError **error)
{
	const char *path = source->upstream->gpg_key;
	g_autoptr(GBytes) bytes = NULL;

	if (path == NULL)
		return true;
	bytes = strake_file_read_at(AT_FDCWD, path, KEYS_MAX_BYTES, error);
	if (bytes == NULL) {
		g_prefix_error(error, "gpg-key of upstream '%s': ", source->upstream->name);
		return false;
	}
	source->keys = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	return strstr(source->keys, "-----BEGIN PGP PUBLIC KEY BLOCK-----") != NULL ||
	       strake_error_at(error, STRAKE_ERROR_INVALID, source->upstream->origin,
		       "upstream '%s': the gpg-key '%s' is not an armored OpenPGP key",
		       source->upstream->name, path);
}

static void identify(StrakeRpmSource *source)
{
	g_autoptr(GString) text = g_string_new("rpm-md source 1\n");

	for (guint i = 0; i < source->repos->len; i++) {
		char **addresses = g_ptr_array_index(source->repos, i);
		g_autofree char *joined = g_strjoinv(" ", addresses);

		g_string_append_printf(text, "repo %s\n", joined);
	}
	g_string_append_printf(text, "signed index %d, unsigned packages %d\n%s",
		source->upstream->repo_gpg_check, source->upstream->disable_gpg_check,
		source->keys != NULL ? source->keys : "no keys");
	source->identity = strake_digest_data(STRAKE_DIGEST_SHA256, text->str, text->len);
}

StrakeRpmSource *strake_rpm_source_new(
	const StrakeProject *project, const StrakeUpstream *upstream, GError **error)
{
	g_autoptr(StrakeRpmSource) source = g_new0(StrakeRpmSource, 1);

	source->upstream = upstream;
	source->repos = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
	source->net = (StrakeAptConfig){.retries = RETRIES, .timeout_s = TIMEOUT_S};
	if (!add_repos(project, source, error) || !read_keys(source, error))
		return NULL;
	identify(source);
	return g_steal_pointer(&source);
}

char **strake_rpm_source_addresses(const StrakeRpmSource *source, unsigned repo)
{
	return repo < source->repos->len ? g_ptr_array_index(source->repos, repo) : NULL;
}
