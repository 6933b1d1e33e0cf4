// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Everything of an RPM package that stands before its payload: lead, signature header, main
// header. File arrays are in rpm_write_files.c, dependencies in rpm_write_deps.c.
#include <endian.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "format/rpm_header.h"
#include "format/rpm_write.h"
#include "format/rpm_write_private.h"

enum {
	LEAD_BYTES = 96,
	LEAD_NAME_BYTES = 66,
	// Room for a signature to come, as rpmbuild leaves it, so that signing rewrites in place.
	RESERVED_BYTES = 4128,
	DIGEST_ALGO_SHA256 = 8,
};

static bool is_version_text(const char *text)
{
	return text != NULL && *text != '\0' &&
	       strspn(text,
		       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+~^") ==
		       strlen(text);
}

static bool is_name_text(const char *text)
{
	return text != NULL && g_ascii_isalnum(*text) &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-") ==
		       strlen(text);
}

static bool check_package(const StrakeRpmPackage *package, GError **error)
{
	if (!is_name_text(package->name))
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"'%s' cannot be the name of an RPM package",
			package->name != NULL ? package->name : "");
	if (!is_version_text(package->version))
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"package %s: '%s' cannot be an RPM version", package->name,
			package->version != NULL ? package->version : "");
	if (!is_version_text(package->release))
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"package %s: '%s' cannot be an RPM release", package->name,
			package->release != NULL ? package->release : "");
	if (package->arch == NULL || *package->arch == '\0')
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"package %s has no architecture", package->name);
	if (package->epoch > (int64_t)UINT32_MAX)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"package %s: the epoch is out of range", package->name);
	return true;
}

typedef struct {
	uint32_t scripts, prog, name, index, version, flags, priorities;
} TriggerTags;

static void put_triggers_of(StrakeRpmHeaderWriter *w, const StrakeRpmPackage *package,
	bool transaction, const TriggerTags *tags)
{
	g_autoptr(GPtrArray) scripts = g_ptr_array_new(), progs = g_ptr_array_new();
	g_autoptr(GPtrArray) names = g_ptr_array_new(), versions = g_ptr_array_new();
	g_autoptr(GArray) indexes = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	g_autoptr(GArray) flags = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	g_autoptr(GArray) priorities = g_array_new(FALSE, FALSE, sizeof(uint32_t));

	for (guint i = 0; i < package->file_triggers->len; i++) {
		StrakeRpmFileTrigger *trigger = package->file_triggers->pdata[i];
		uint32_t index = scripts->len;

		if (trigger->transaction != transaction)
			continue;
		g_ptr_array_add(scripts, trigger->body);
		g_ptr_array_add(progs, trigger->interpreter);
		g_array_append_val(priorities, trigger->priority);
		for (char **prefix = trigger->prefixes; *prefix != NULL; prefix++) {
			g_ptr_array_add(names, *prefix);
			g_ptr_array_add(versions, (char *)"");
			g_array_append_val(indexes, index);
			g_array_append_val(flags, trigger->when);
		}
	}
	strake_rpm_header_put_strings(
		w, tags->scripts, (const char *const *)scripts->pdata, scripts->len);
	strake_rpm_header_put_strings(w, tags->prog, (const char *const *)progs->pdata, progs->len);
	strake_rpm_header_put_strings(w, tags->name, (const char *const *)names->pdata, names->len);
	strake_rpm_header_put_strings(
		w, tags->version, (const char *const *)versions->pdata, versions->len);
	strake_rpm_header_put_u32(w, tags->index, (uint32_t *)(void *)indexes->data, indexes->len);
	strake_rpm_header_put_u32(w, tags->flags, (uint32_t *)(void *)flags->data, flags->len);
	strake_rpm_header_put_u32(
		w, tags->priorities, (uint32_t *)(void *)priorities->data, priorities->len);
}

static void put_triggers(StrakeRpmHeaderWriter *w, const StrakeRpmPackage *package)
{
	static const TriggerTags plain = {STRAKE_RPMTAG_FILETRIGGERSCRIPTS,
		STRAKE_RPMTAG_FILETRIGGERSCRIPTPROG, STRAKE_RPMTAG_FILETRIGGERNAME,
		STRAKE_RPMTAG_FILETRIGGERINDEX, STRAKE_RPMTAG_FILETRIGGERVERSION,
		STRAKE_RPMTAG_FILETRIGGERFLAGS, STRAKE_RPMTAG_FILETRIGGERPRIORITIES};
	static const TriggerTags transaction = {STRAKE_RPMTAG_TRANSFILETRIGGERSCRIPTS,
		STRAKE_RPMTAG_TRANSFILETRIGGERSCRIPTPROG, STRAKE_RPMTAG_TRANSFILETRIGGERNAME,
		STRAKE_RPMTAG_TRANSFILETRIGGERINDEX, STRAKE_RPMTAG_TRANSFILETRIGGERVERSION,
		STRAKE_RPMTAG_TRANSFILETRIGGERFLAGS, STRAKE_RPMTAG_TRANSFILETRIGGERPRIORITIES};

	put_triggers_of(w, package, false, &plain);
	put_triggers_of(w, package, true, &transaction);
}

static const char *or_else(const char *text, const char *fallback)
{
	return text != NULL ? text : fallback;
}

static void put_identity(StrakeRpmHeaderWriter *w, const StrakeRpmPackage *package)
{
	static const char *const locales[] = {"C"};
	g_autofree char *platform = g_strdup_printf("%s-strake-linux", package->arch);
	const struct {
		uint32_t tag;
		const char *text;
	} strings[] = {
		{STRAKE_RPMTAG_NAME, package->name},
		{STRAKE_RPMTAG_VERSION, package->version},
		{STRAKE_RPMTAG_RELEASE, package->release},
		{STRAKE_RPMTAG_BUILDHOST, "localhost"},
		{STRAKE_RPMTAG_VENDOR, package->vendor},
		{STRAKE_RPMTAG_LICENSE, or_else(package->license, "unknown")},
		{STRAKE_RPMTAG_PACKAGER, package->packager},
		{STRAKE_RPMTAG_URL, package->url},
		{STRAKE_RPMTAG_OS, "linux"},
		{STRAKE_RPMTAG_ARCH, package->arch},
		{STRAKE_RPMTAG_SOURCERPM, package->source_rpm},
		{STRAKE_RPMTAG_RPMVERSION, "4.18.0"},
		{STRAKE_RPMTAG_PLATFORM, platform},
		{STRAKE_RPMTAG_ENCODING, "utf-8"},
	};
	uint32_t build_time = package->build_time, epoch = (uint32_t)package->epoch;

	strake_rpm_header_put_strings(w, STRAKE_RPMTAG_HEADERI18NTABLE, locales, 1);
	for (size_t i = 0; i < G_N_ELEMENTS(strings); i++)
		strake_rpm_header_put_string(w, strings[i].tag, strings[i].text);
	strake_rpm_header_put_i18n(
		w, STRAKE_RPMTAG_SUMMARY, or_else(package->summary, package->name));
	strake_rpm_header_put_i18n(w, STRAKE_RPMTAG_DESCRIPTION, or_else(package->description, ""));
	strake_rpm_header_put_i18n(w, STRAKE_RPMTAG_GROUP, or_else(package->group, "Unspecified"));
	strake_rpm_header_put_u32(w, STRAKE_RPMTAG_BUILDTIME, &build_time, 1);
	if (package->epoch >= 0)
		strake_rpm_header_put_u32(w, STRAKE_RPMTAG_EPOCH, &epoch, 1);
}

static void put_payload(StrakeRpmHeaderWriter *w, const StrakeRpmPayloadInfo *info, int level)
{
	static const uint32_t algo = DIGEST_ALGO_SHA256;
	const char *digest = info->sha256, *alt = info->sha256_alt;
	char flags[16];

	g_snprintf(flags, sizeof(flags), "%d", level);
	strake_rpm_header_put_string(w, STRAKE_RPMTAG_PAYLOADFORMAT, "cpio");
	strake_rpm_header_put_string(w, STRAKE_RPMTAG_PAYLOADCOMPRESSOR, "zstd");
	strake_rpm_header_put_string(w, STRAKE_RPMTAG_PAYLOADFLAGS, flags);
	strake_rpm_header_put_strings(w, STRAKE_RPMTAG_PAYLOADDIGEST, &digest, 1);
	strake_rpm_header_put_u32(w, STRAKE_RPMTAG_PAYLOADDIGESTALGO, &algo, 1);
	strake_rpm_header_put_strings(w, STRAKE_RPMTAG_PAYLOADDIGESTALT, &alt, 1);
}

static GBytes *make_main_header(
	StrakeRpmPackage *package, const StrakeRpmPayloadInfo *info, int level, GError **error)
{
	g_autoptr(StrakeRpmHeaderWriter) w = strake_rpm_header_writer_new();

	if (!check_package(package, error))
		return NULL;
	strake_rpm_package_sort_files(package);
	put_identity(w, package);
	put_payload(w, info, level);
	if (!strake_rpm_put_files(w, package, error))
		return NULL;
	strake_rpm_put_deps(w, package);
	put_triggers(w, package);
	return strake_rpm_header_finish(w, STRAKE_RPMTAG_HEADERIMMUTABLE);
}

static GBytes *make_signature_header(GBytes *header, const StrakeRpmPayloadInfo *info)
{
	g_autoptr(StrakeRpmHeaderWriter) w = strake_rpm_header_writer_new();
	g_autofree char *sha1 = strake_digest_bytes(STRAKE_DIGEST_SHA1, header);
	g_autofree char *sha256 = strake_digest_bytes(STRAKE_DIGEST_SHA256, header);
	g_autofree void *reserved = g_malloc0(RESERVED_BYTES);
	uint64_t size = g_bytes_get_size(header) + info->size;
	uint32_t small = (uint32_t)size, archive = (uint32_t)info->archive_size;

	strake_rpm_header_put_string(w, STRAKE_RPMSIG_SHA1HEADER, sha1);
	strake_rpm_header_put_string(w, STRAKE_RPMSIG_SHA256HEADER, sha256);
	if (size <= UINT32_MAX && info->archive_size <= UINT32_MAX) {
		strake_rpm_header_put_u32(w, STRAKE_RPMSIG_SIZE, &small, 1);
		strake_rpm_header_put_u32(w, STRAKE_RPMSIG_PAYLOADSIZE, &archive, 1);
	} else {
		strake_rpm_header_put_u64(w, STRAKE_RPMSIG_LONGSIZE, &size, 1);
		strake_rpm_header_put_u64(w, STRAKE_RPMSIG_LONGARCHIVESIZE, &info->archive_size, 1);
	}
	strake_rpm_header_put_bin(w, STRAKE_RPMSIG_RESERVEDSPACE, reserved, RESERVED_BYTES);
	return strake_rpm_header_finish(w, STRAKE_RPMTAG_HEADERSIGNATURES);
}

static void append_lead(GByteArray *out, const StrakeRpmPackage *package)
{
	uint8_t lead[LEAD_BYTES] = {0xed, 0xab, 0xee, 0xdb, 3, 0};
	g_autofree char *evr = strake_rpm_package_evr(package);
	g_autofree char *nevr = g_strdup_printf("%s-%s", package->name, evr);

	lead[9] = strcmp(package->arch, "aarch64") == 0 ? 19 : 1;
	strncpy((char *)lead + 10, nevr, LEAD_NAME_BYTES - 1);
	lead[77] = 1; // Linux
	lead[79] = 5; // a signature header follows
	g_byte_array_append(out, lead, sizeof(lead));
}

GBytes *strake_rpm_write_front(
	StrakeRpmPackage *package, const StrakeRpmPayloadInfo *info, int level, GError **error)
{
	static const guint8 zeros[8];
	g_autoptr(GBytes) header = make_main_header(package, info, level, error);
	g_autoptr(GBytes) signature = NULL;
	GByteArray *out;

	if (header == NULL)
		return NULL;
	signature = make_signature_header(header, info);
	out = g_byte_array_new();
	append_lead(out, package);
	g_byte_array_append(out, g_bytes_get_data(signature, NULL), g_bytes_get_size(signature));
	g_byte_array_append(out, zeros, -out->len & 7);
	g_byte_array_append(out, g_bytes_get_data(header, NULL), g_bytes_get_size(header));
	return g_byte_array_free_to_bytes(out);
}

static bool append_to_array(const void *data, size_t size, void *user, GError **error)
{
	g_byte_array_append(user, data, size);
	return true;
}

GBytes *strake_rpm_package_to_bytes(StrakeRpmPackage *package, int level, GError **error)
{
	g_autoptr(GByteArray) payload_bytes = g_byte_array_new();
	g_autoptr(StrakeRpmPayload) payload =
		strake_rpm_payload_new(level, false, append_to_array, payload_bytes, error);
	g_autoptr(GBytes) front = NULL;
	StrakeRpmPayloadInfo info;
	GByteArray *out;

	if (payload == NULL || !strake_rpm_package_payload(package, payload, 1, error) ||
		!strake_rpm_payload_finish(payload, &info, error))
		return NULL;
	front = strake_rpm_write_front(package, &info, level, error);
	if (front == NULL)
		return NULL;
	out = g_byte_array_new();
	g_byte_array_append(out, g_bytes_get_data(front, NULL), g_bytes_get_size(front));
	g_byte_array_append(out, payload_bytes->data, payload_bytes->len);
	return g_byte_array_free_to_bytes(out);
}
