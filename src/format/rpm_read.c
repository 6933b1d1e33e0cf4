// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Reads a package's lead and headers, and checks its digests.
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "format/rpm_read.h"

enum { LEAD_BYTES = 96 };

void strake_rpm_free(StrakeRpm *rpm)
{
	if (rpm == NULL)
		return;
	g_clear_pointer(&rpm->signature, strake_rpm_header_free);
	g_clear_pointer(&rpm->header, strake_rpm_header_free);
	g_clear_pointer(&rpm->bytes, g_bytes_unref);
	g_free(rpm);
}

/* What every later reader may count on: names and file arrays of one length. */
static bool check_header(const StrakeRpmHeader *header, GError **error)
{
	static const uint32_t needed[] = {STRAKE_RPMTAG_NAME, STRAKE_RPMTAG_VERSION,
		STRAKE_RPMTAG_RELEASE, STRAKE_RPMTAG_ARCH};
	static const uint32_t file_tags[] = {STRAKE_RPMTAG_DIRINDEXES, STRAKE_RPMTAG_FILEMODES,
		STRAKE_RPMTAG_FILEDIGESTS, STRAKE_RPMTAG_FILEFLAGS, STRAKE_RPMTAG_FILEUSERNAME,
		STRAKE_RPMTAG_FILEGROUPNAME};
	size_t files = strake_rpm_header_count(header, STRAKE_RPMTAG_BASENAMES);

	for (size_t i = 0; i < G_N_ELEMENTS(needed); i++)
		if (strake_rpm_header_string(header, needed[i], 0) == NULL)
			return strake_error_set(error, STRAKE_ERROR_INVALID,
				"RPM header: tag %u is missing", needed[i]);
	for (size_t i = 0; i < G_N_ELEMENTS(file_tags); i++)
		if (strake_rpm_header_count(header, file_tags[i]) != files)
			return strake_error_set(error, STRAKE_ERROR_INVALID,
				"RPM header: tag %u does not have one value for each of %zu files",
				file_tags[i], files);
	return true;
}

StrakeRpm *strake_rpm_parse(GBytes *bytes, GError **error)
{
	static const uint8_t magic[] = {0xed, 0xab, 0xee, 0xdb, 3};
	g_autoptr(StrakeRpm) rpm = g_new0(StrakeRpm, 1);
	gsize size, used;
	const uint8_t *data = g_bytes_get_data(bytes, &size);

	rpm->bytes = g_bytes_ref(bytes);
	if (size < LEAD_BYTES) {
		strake_error_set(error, STRAKE_ERROR_TRUNCATED,
			"%zu bytes are too few for an RPM package", size);
		return NULL;
	}
	if (memcmp(data, magic, sizeof(magic)) != 0) {
		strake_error_set(error, STRAKE_ERROR_INVALID,
			"no RPM package: it does not start with the lead of version 3");
		return NULL;
	}
	rpm->signature =
		strake_rpm_header_parse(data + LEAD_BYTES, size - LEAD_BYTES, &used, error);
	if (rpm->signature == NULL)
		return NULL;
	rpm->header_offset = (LEAD_BYTES + used + 7) & ~(size_t)7;
	if (rpm->header_offset > size) {
		strake_error_set(
			error, STRAKE_ERROR_TRUNCATED, "RPM package ends after its signature");
		return NULL;
	}
	rpm->header = strake_rpm_header_parse(
		data + rpm->header_offset, size - rpm->header_offset, &used, error);
	if (rpm->header == NULL || !check_header(rpm->header, error))
		return NULL;
	rpm->payload_offset = rpm->header_offset + used;
	return g_steal_pointer(&rpm);
}

static bool check_digest(
	const char *what, const char *want, const uint8_t *data, size_t size, GError **error)
{
	g_autofree char *got = strake_digest_data(STRAKE_DIGEST_SHA256, data, size);

	if (want == NULL)
		return strake_error_set(
			error, STRAKE_ERROR_INTEGRITY, "RPM package: no digest of its %s", what);
	if (strcmp(got, want) != 0)
		return strake_error_set(error, STRAKE_ERROR_INTEGRITY,
			"RPM package: its %s has the SHA-256 %s, but %s is recorded", what, got,
			want);
	return true;
}

bool strake_rpm_verify(const StrakeRpm *rpm, GError **error)
{
	gsize size;
	const uint8_t *data = g_bytes_get_data(rpm->bytes, &size);
	uint64_t recorded = strake_rpm_header_number(rpm->signature, STRAKE_RPMSIG_SIZE, 0,
		strake_rpm_header_number(rpm->signature, STRAKE_RPMSIG_LONGSIZE, 0, 0));

	if (recorded != size - rpm->header_offset)
		return strake_error_set(error, STRAKE_ERROR_INTEGRITY,
			"RPM package: %zu bytes after the signature, but %" G_GUINT64_FORMAT
			" are recorded",
			size - rpm->header_offset, recorded);
	if (!check_digest("header",
		    strake_rpm_header_string(rpm->signature, STRAKE_RPMSIG_SHA256HEADER, 0),
		    data + rpm->header_offset, rpm->payload_offset - rpm->header_offset, error))
		return false;
	return check_digest("payload",
		strake_rpm_header_string(rpm->header, STRAKE_RPMTAG_PAYLOADDIGEST, 0),
		data + rpm->payload_offset, size - rpm->payload_offset, error);
}

size_t strake_rpm_n_files(const StrakeRpm *rpm)
{
	return strake_rpm_header_count(rpm->header, STRAKE_RPMTAG_BASENAMES);
}

char *strake_rpm_file_path(const StrakeRpm *rpm, size_t index)
{
	const char *name = strake_rpm_header_string(rpm->header, STRAKE_RPMTAG_BASENAMES, index);
	uint64_t dir =
		strake_rpm_header_number(rpm->header, STRAKE_RPMTAG_DIRINDEXES, index, UINT64_MAX);
	const char *prefix = strake_rpm_header_string(rpm->header, STRAKE_RPMTAG_DIRNAMES, dir);

	return name != NULL && prefix != NULL ? g_strconcat(prefix, name, NULL) : NULL;
}

char *strake_rpm_nevra(const StrakeRpm *rpm)
{
	const StrakeRpmHeader *h = rpm->header;
	const char *name = strake_rpm_header_string(h, STRAKE_RPMTAG_NAME, 0);
	const char *version = strake_rpm_header_string(h, STRAKE_RPMTAG_VERSION, 0);
	const char *release = strake_rpm_header_string(h, STRAKE_RPMTAG_RELEASE, 0);
	const char *arch = strake_rpm_header_string(h, STRAKE_RPMTAG_ARCH, 0);

	if (!strake_rpm_header_has(h, STRAKE_RPMTAG_EPOCH))
		return g_strdup_printf("%s-%s-%s.%s", name, version, release, arch);
	return g_strdup_printf("%s-%" G_GUINT64_FORMAT ":%s-%s.%s", name,
		strake_rpm_header_number(h, STRAKE_RPMTAG_EPOCH, 0, 0), version, release, arch);
}
