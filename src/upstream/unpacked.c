// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// One pass over unpacked metadata.
#include "upstream/unpacked.h"

#include "base/fd.h"

bool strake_unpacked_digest(
	StrakeUnpack *unpack, int fd, const char *label, char *out, GError **error)
{
	g_autoptr(StrakeDigest) digest = strake_digest_new(STRAKE_DIGEST_SHA256);
	const void *block;
	size_t size;

	for (;;) {
		if (!strake_unpack_next(unpack, &block, &size, error))
			return false;
		if (size == 0)
			break;
		strake_digest_update(digest, block, size);
		if (fd >= 0 && !strake_fd_write_all(fd, block, size, label, error))
			return false;
	}
	strake_digest_hex(digest, out);
	return true;
}
