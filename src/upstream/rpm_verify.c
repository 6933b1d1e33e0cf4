// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Fetched RPMs against the lock and the keys: digests and names by our reader on all cores,
// signatures by librpm, which is single-threaded.
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "format/rpm_read.h"
#include "pkg/verify.h"
#include "upstream/rpm_packages.h"

#define MEMO_KIND "rpm-md-package"

typedef struct {
	StrakeStore *store;
	const StrakeRpmSource *source;
	GPtrArray *pins; // borrowed StrakePin
} Verify;

static char *memo_key(const StrakeRpmSource *source, const StrakePin *pin)
{
	g_autofree char *text = g_strdup_printf("package 1 %s %s %s %s %s", pin->sha256, pin->name,
		pin->version, pin->architecture, source->identity);

	return strake_digest_data(STRAKE_DIGEST_SHA256, text, strlen(text));
}

static bool is_remembered(StrakeStore *store, const StrakeRpmSource *source, const StrakePin *pin)
{
	g_autofree char *key = memo_key(source, pin);
	g_autoptr(GBytes) bytes = strake_store_get_key(store, MEMO_KIND, key, NULL);

	return bytes != NULL;
}

// An epoch of 0 and none are the same.
static char *plain_nevra(const StrakeRpm *rpm)
{
	g_autofree char *nevra = strake_rpm_nevra(rpm);
	const char *name = strake_rpm_header_string(rpm->header, STRAKE_RPMTAG_NAME, 0);
	size_t size = strlen(name) + 1;

	if (!strake_rpm_header_has(rpm->header, STRAKE_RPMTAG_EPOCH) ||
		!g_str_has_prefix(nevra + size, "0:"))
		return g_steal_pointer(&nevra);
	return g_strconcat(name, "-", nevra + size + 2, NULL);
}

static bool check_name(const StrakePin *pin, const StrakeRpm *rpm, GError **error)
{
	const char *version =
		g_str_has_prefix(pin->version, "0:") ? pin->version + 2 : pin->version;
	g_autofree char *want = g_strdup_printf("%s-%s.%s", pin->name, version, pin->architecture);
	g_autofree char *have = plain_nevra(rpm);

	return strcmp(want, have) == 0 ||
	       strake_error_set(error, STRAKE_ERROR_INTEGRITY,
		       "the file of package '%s' is package '%s': the index lies", want, have);
}

static bool check_content(size_t i, void *data, GError **error)
{
	const Verify *verify = data;
	const StrakePin *pin = g_ptr_array_index(verify->pins, i);
	g_autoptr(GBytes) bytes = strake_store_map_object(verify->store, pin->sha256, error);
	g_autoptr(StrakeRpm) rpm = bytes != NULL ? strake_rpm_parse(bytes, error) : NULL;

	if (rpm == NULL || !strake_rpm_verify(rpm, error)) {
		g_prefix_error(error, "package '%s': ", pin->name);
		return false;
	}
	return check_name(pin, rpm, error);
}

static bool check_signature(const Verify *verify, const StrakePin *pin, GError **error)
{
	g_autofree char *path = strake_store_object_path(verify->store, pin->sha256);
	g_autofree char *key = memo_key(verify->source, pin);

	if (!verify->source->upstream->disable_gpg_check &&
		!strake_package_verify(path, pin->name, verify->source->keys, error)) {
		g_prefix_error(error, "upstream '%s': ", verify->source->upstream->name);
		return false;
	}
	return strake_store_put_key(verify->store, MEMO_KIND, key, "good\n", 5, error);
}

bool strake_rpm_packages_verify(
	StrakeStore *store, const StrakeRpmSource *source, const GPtrArray *pins, GError **error)
{
	g_autoptr(GPtrArray) unknown = g_ptr_array_new();
	g_autoptr(StrakeProgress) progress = NULL;
	Verify verify = {.store = store, .source = source, .pins = unknown};

	for (guint i = 0; i < pins->len; i++)
		if (!is_remembered(store, source, g_ptr_array_index(pins, i)))
			g_ptr_array_add(unknown, g_ptr_array_index(pins, i));
	if (unknown->len == 0)
		return true;
	progress = strake_progress_new("verify", unknown->len, false);
	if (!strake_parallel_for(unknown->len, 0, check_content, &verify, error))
		return false;
	for (guint i = 0; i < unknown->len; i++) {
		const StrakePin *pin = g_ptr_array_index(unknown, i);

		strake_progress_add(progress, 1, pin->name);
		if (!check_signature(&verify, pin, error))
			return false;
	}
	return true;
}
