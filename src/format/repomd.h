// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// repomd.xml, the list of an rpm-md repository's metadata files:
//
//     <repomd>
//       <revision>TEXT</revision>                         mostly seconds since 1970
//       <data type="primary">
//         <checksum type="sha256">HEX</checksum>          of the file as it is served
//         <open-checksum type="sha256">HEX</open-checksum>   of what it unpacks to
//         <location href="repodata/HEX-primary.xml.gz"/>
//         <size>BYTES</size> <open-size>BYTES</open-size>
//       </data> ...
//     </repomd>
//
// Other elements are passed over. A document type is refused, so that there are no entities.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
	char *type;
	char *href;        // a clean path below the repository
	char *sha256;      // NULL: it has none
	char *open_sha256; // NULL likewise
	uint64_t size;     // bytes; 0: not told
	uint64_t open_size;
} StrakeRepomdFile;

typedef struct {
	char *revision;   // NULL: none
	GPtrArray *files; // of StrakeRepomdFile
} StrakeRepomd;

/** strake_repomd_parse: @name: for messages. Errors: INVALID with the line. */
StrakeRepomd *strake_repomd_parse(
	GBytes *bytes, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_repomd_free(StrakeRepomd *repomd);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeRepomd, strake_repomd_free)

/** strake_repomd_file: the entry of @type; borrowed; NULL: none. */
const StrakeRepomdFile *strake_repomd_file(const StrakeRepomd *repomd, const char *type);
/** strake_repomd_date: the revision as "2026-01-31 12:00:00 UTC" where it is a time, else as it is
 * written; free with g_free. */
char *strake_repomd_date(const StrakeRepomd *repomd);
