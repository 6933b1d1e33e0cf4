// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Rebuilds signature headers; all other tags of them are kept.
#include "format/rpm_sign.h"

// Tags of the signature header; format: docs/formats/rpm-package.md section 3.
enum {
	SIG_DSA_HEADER = 267,
	SIG_RSA_HEADER = 268,
	SIG_OPENPGP = 278,
	SIG_PGP = 1002, // over header and payload, obsolete
	SIG_GPG = 1005,
};

GBytes *strake_rpm_signed_part(const StrakeRpm *rpm)
{
	return g_bytes_new_from_bytes(
		rpm->bytes, rpm->header_offset, rpm->payload_offset - rpm->header_offset);
}

// The region, which is made anew, old signatures, and the space that rpmbuild reserves for new
// ones.
static bool is_dropped(uint32_t tag)
{
	return tag == STRAKE_RPMTAG_HEADERSIGNATURES || tag == SIG_DSA_HEADER ||
	       tag == SIG_RSA_HEADER || tag == SIG_OPENPGP || tag == SIG_PGP || tag == SIG_GPG ||
	       tag == STRAKE_RPMSIG_RESERVEDSPACE;
}

static GBytes *padded(GBytes *header)
{
	static const uint8_t zeros[8] = {0};
	gsize size;
	const uint8_t *data = g_bytes_get_data(header, &size);
	GByteArray *out = g_byte_array_sized_new((guint)size + 8);

	g_byte_array_append(out, data, (guint)size);
	g_byte_array_append(out, zeros, (guint)((8 - size % 8) % 8));
	return g_byte_array_free_to_bytes(out);
}

GBytes *strake_rpm_signature_set(const StrakeRpm *rpm, GBytes *signature)
{
	g_autoptr(StrakeRpmHeaderWriter) writer = strake_rpm_header_writer_new();
	g_autoptr(GBytes) header = NULL;
	size_t n;
	g_autofree uint32_t *tags = strake_rpm_header_tags(rpm->signature, &n);
	gsize size;
	const void *data = g_bytes_get_data(signature, &size);

	for (size_t i = 0; i < n; i++) {
		uint32_t type;
		uint32_t count;
		size_t value_size;
		const uint8_t *value =
			strake_rpm_header_raw(rpm->signature, tags[i], &type, &count, &value_size);

		if (!is_dropped(tags[i]))
			strake_rpm_header_put_raw(writer, tags[i], type, count, value, value_size);
	}
	strake_rpm_header_put_bin(writer, SIG_RSA_HEADER, data, size);
	header = strake_rpm_header_finish(writer, STRAKE_RPMTAG_HEADERSIGNATURES);
	return padded(header);
}
