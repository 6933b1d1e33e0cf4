// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// apt-config, the source lists it names, and what of both concerns an upstream.
#include "upstream/apt_config.h"

#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/glob.h"
#include "base/run.h"
#include "upstream/apt_sources.h"

enum { LIST_MAX_BYTES = 1 << 20 };

void strake_apt_config_free(StrakeAptConfig *config)
{
	if (config == NULL)
		return;
	g_free(config->mirror);
	g_free(config->mirror_from);
	g_free(config->keyring);
	g_free(config->http_proxy);
	g_free(config->https_proxy);
	g_free(config);
}

GHashTable *strake_apt_dump_parse(const char *text)
{
	GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		const char *quote = strstr(*line, " \"");
		size_t size = strlen(*line);
		g_autofree char *name = NULL;

		if (quote == NULL || size < 2 || strcmp(*line + size - 2, "\";") != 0)
			continue;
		name = g_strndup(*line, (size_t)(quote - *line));
		(*line)[size - 2] = '\0';
		g_hash_table_insert(table, g_ascii_strdown(name, -1), g_strcompress(quote + 2));
	}
	return table;
}

static const char *get(GHashTable *dump, const char *key)
{
	g_autofree char *lower = g_ascii_strdown(key, -1);
	const char *value = g_hash_table_lookup(dump, lower);

	return value != NULL && *value != '\0' ? value : NULL;
}

static bool get_bool(GHashTable *dump, const char *key, bool fallback)
{
	const char *value = get(dump, key);

	if (value == NULL)
		return fallback;
	return g_ascii_strcasecmp(value, "false") != 0 && g_ascii_strcasecmp(value, "no") != 0 &&
	       g_ascii_strcasecmp(value, "off") != 0 && strcmp(value, "0") != 0;
}

static int64_t get_number(GHashTable *dump, const char *key, int64_t fallback, int64_t max)
{
	const char *value = get(dump, key);
	gint64 number;

	if (value != NULL && g_ascii_string_to_signed(value, 10, 0, max, &number, NULL))
		return number;
	return fallback;
}

// "Dir::A::B" as apt composes paths: relative ones lie below the one of the key above.
static char *get_dir(GHashTable *dump, const char *const *keys, const char *const *fallbacks)
{
	g_autofree char *path = g_strdup("/");

	for (size_t i = 0; keys[i] != NULL; i++) {
		const char *value = get(dump, keys[i]);
		char *below;

		value = value != NULL ? value : fallbacks[i];
		below = g_path_is_absolute(value) ? g_strdup(value)
						  : g_build_filename(path, value, NULL);
		g_free(path);
		path = below;
	}
	return g_steal_pointer(&path);
}

static void add_file(const char *path, GPtrArray *sources)
{
	g_autoptr(GBytes) bytes = strake_file_read_at(AT_FDCWD, path, LIST_MAX_BYTES, NULL);
	g_autofree char *text = NULL;
	size_t size;

	if (bytes == NULL) // not there or not ours to read: apt itself would say
		return;
	text = g_strndup(g_bytes_get_data(bytes, &size), g_bytes_get_size(bytes));
	if (g_str_has_suffix(path, ".sources"))
		strake_apt_sources_add_deb822(text, strlen(text), path, sources);
	else
		strake_apt_sources_add_list(text, path, sources);
}

static GPtrArray *read_sources(GHashTable *dump)
{
	GPtrArray *sources = g_ptr_array_new_with_free_func((GDestroyNotify)strake_apt_source_free);
	g_autofree char *list = get_dir(dump,
		(const char *const[]){"Dir", "Dir::Etc", "Dir::Etc::sourcelist", NULL},
		(const char *const[]){"/", "etc/apt", "sources.list", NULL});
	g_autofree char *parts = get_dir(dump,
		(const char *const[]){"Dir", "Dir::Etc", "Dir::Etc::sourceparts", NULL},
		(const char *const[]){"/", "etc/apt", "sources.list.d", NULL});
	g_auto(GStrv) files = strake_glob_files(parts, "*.{list,sources}", NULL);

	add_file(list, sources);
	for (char **file = files; file != NULL && *file != NULL; file++)
		add_file(*file, sources);
	return sources;
}

static char *host_codename(void)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents("/etc/os-release", &text, NULL, NULL))
		return NULL;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		const char *value = *line + strlen("VERSION_CODENAME=");

		if (!g_str_has_prefix(*line, "VERSION_CODENAME="))
			continue;
		value += *value == '"' || *value == '\'';
		return g_strndup(value, strcspn(value, "\"' \r"));
	}
	return NULL;
}

// "mirror+file:/path" names a list of mirrors; the first one is as good as any.
static char *resolve_mirror_list(const char *uri)
{
	const char *path = uri + strlen("mirror+file:");
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	while (path[0] == '/' && path[1] == '/')
		path++;
	if (!g_file_get_contents(path, &text, NULL, NULL))
		return NULL;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		g_strstrip(*line);
		if (**line != '\0' && **line != '#')
			return g_strndup(*line, strcspn(*line, " \t"));
	}
	return NULL;
}

static char *usable_uri(char **uris)
{
	static const char *const schemes[] = {"http://", "https://", "file:/"};

	for (char **uri = uris; *uri != NULL; uri++) {
		g_autofree char *resolved = g_str_has_prefix(*uri, "mirror+file:")
						    ? resolve_mirror_list(*uri)
						    : g_strdup(*uri);

		for (size_t i = 0; resolved != NULL && i < G_N_ELEMENTS(schemes); i++)
			if (g_str_has_prefix(resolved, schemes[i]))
				return g_steal_pointer(&resolved);
	}
	return NULL;
}

static void strip_slashes(char *uri)
{
	size_t size = strlen(uri);

	while (size > 0 && uri[size - 1] == '/')
		uri[--size] = '\0';
}

static bool find_mirror(
	StrakeAptConfig *config, const StrakeUpstream *upstream, GHashTable *dump, GError **error)
{
	g_autoptr(GPtrArray) sources = NULL;
	g_autofree char *codename = NULL;
	const StrakeAptSource *source;

	if (upstream->mirror != NULL) {
		config->mirror = g_strdup(upstream->mirror);
		config->mirror_from = g_strdup("the definition");
		strip_slashes(config->mirror);
		return true;
	}
	sources = read_sources(dump);
	codename = host_codename();
	source = strake_apt_sources_choose(sources, codename);
	config->mirror = source != NULL ? usable_uri(source->uris) : NULL;
	if (config->mirror == NULL)
		return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"no mirror is known for upstream '%s': this machine's apt names no Debian "
			"archive%s; set mirror = \"http://...\" in [upstreams.%s]",
			upstream->name,
			source != NULL ? " that is reached by http, https or file" : "",
			upstream->name);
	config->mirror_from = g_strdup_printf("%s:%u", source->file, source->line);
	strip_slashes(config->mirror);
	if (source->check_valid_until >= 0)
		config->check_valid_until = source->check_valid_until != 0;
	return true;
}

static bool find_keyring(StrakeAptConfig *config, const StrakeUpstream *upstream, GError **error)
{
	static const char *const usual[] = {"/usr/share/keyrings/debian-archive-keyring.gpg",
		"/usr/share/keyrings/debian-archive-keyring.pgp"};

	if (upstream->keyring != NULL) {
		config->keyring = g_strdup(upstream->keyring);
		return true;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(usual); i++) {
		if (!g_file_test(usual[i], G_FILE_TEST_IS_REGULAR))
			continue;
		config->keyring = g_strdup(usual[i]);
		return true;
	}
	return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
		"no keyring is known for upstream '%s': install debian-archive-keyring, or set "
		"keyring = \"/path\" in [upstreams.%s]",
		upstream->name, upstream->name);
}

// What a program of apt's says of proxies for @uri: one word, "DIRECT" is none; NULL: no answer.
static char *ask_proxy_program(GHashTable *dump, const char *scheme, const char *uri)
{
	g_autofree char *key = g_strdup_printf("Acquire::%s::Proxy-Auto-Detect", scheme);
	g_autofree char *old_key = g_strdup_printf("Acquire::%s::ProxyAutoDetect", scheme);
	const char *program = get(dump, key) != NULL ? get(dump, key) : get(dump, old_key);
	const char *argv[] = {program, uri, NULL};
	g_autoptr(GBytes) out = NULL;
	g_autofree char *word = NULL;

	if (program == NULL || !strake_run(&(StrakeRun){.argv = argv}, &out, NULL))
		return NULL;
	word = g_strstrip(g_strndup(g_bytes_get_data(out, NULL), g_bytes_get_size(out)));
	return *word != '\0' ? g_steal_pointer(&word) : NULL;
}

// apt's proxy settings; a host's own one wins, then what a program says; "DIRECT" is none.
static char *find_proxy(GHashTable *dump, const char *scheme, const char *mirror)
{
	g_autoptr(GUri) uri = g_uri_parse(mirror, G_URI_FLAGS_NONE, NULL);
	g_autofree char *key = g_strdup_printf("Acquire::%s::Proxy", scheme);
	g_autofree char *host_key =
		g_strdup_printf("%s::%s", key, uri != NULL ? g_uri_get_host(uri) : "");
	const char *value = get(dump, host_key);
	g_autofree char *detected =
		value == NULL && g_str_has_prefix(mirror, scheme) && mirror[strlen(scheme)] == ':'
			? ask_proxy_program(dump, scheme, mirror)
			: NULL;

	if (value == NULL)
		value = detected != NULL ? detected : get(dump, key);
	if (value == NULL)
		return NULL;
	return g_strdup(g_ascii_strcasecmp(value, "DIRECT") == 0 ? "" : value);
}

static GHashTable *run_apt_config(void)
{
	static const char *const argv[] = {"apt-config", "dump", NULL};
	static const char *const env[] = {"LC_ALL=C", NULL};
	g_autoptr(GBytes) out = NULL;
	g_autofree char *text = NULL;

	if (strake_run(&(StrakeRun){.argv = argv, .env = env}, &out, NULL))
		text = g_strndup(g_bytes_get_data(out, NULL), g_bytes_get_size(out));
	return strake_apt_dump_parse(text != NULL ? text : "");
}

StrakeAptConfig *strake_apt_config_load(const StrakeUpstream *upstream, GError **error)
{
	enum { YEAR_S = 366 * 24 * 3600 };
	g_autoptr(StrakeAptConfig) config = g_new0(StrakeAptConfig, 1);
	g_autoptr(GHashTable) dump = run_apt_config();

	config->check_valid_until = get_bool(dump, "Acquire::Check-Valid-Until", true);
	config->check_date = get_bool(dump, "Acquire::Check-Date", true);
	config->future_s = get_number(dump, "Acquire::Max-FutureTime", 10, YEAR_S);
	config->min_valid_s = get_number(dump, "Acquire::Min-ValidTime", 0, 100 * (int64_t)YEAR_S);
	config->max_valid_s = get_number(dump, "Acquire::Max-ValidTime", 0, 100 * (int64_t)YEAR_S);
	config->retries = (int)get_number(dump, "Acquire::Retries", 3, 20);
	config->timeout_s = (int)get_number(dump, "Acquire::http::Timeout", 30, 3600);
	if (!find_mirror(config, upstream, dump, error) || !find_keyring(config, upstream, error))
		return NULL;
	config->http_proxy = find_proxy(dump, "http", config->mirror);
	config->https_proxy = find_proxy(dump, "https", config->mirror);
	return g_steal_pointer(&config);
}
