// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// rpm-md metadata: one package's pieces of XML, and the files made of all of them.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

typedef enum {
	STRAKE_METADATA_PRIMARY,
	STRAKE_METADATA_FILELISTS,
	STRAKE_METADATA_OTHER,
	STRAKE_METADATA_N_KINDS
} StrakeMetadataKind;

/** What the metadata says of one package. */
typedef struct {
	char *name;
	char *nevra; // name-epoch:version-release.arch
	char *arch;
	char *location; // "Packages/n/name-version-release.arch.rpm"
	char *sha256;   // of the package file, in the store
	uint64_t size_bytes;
	int64_t build_time_s;
	GBytes *xml[STRAKE_METADATA_N_KINDS];
} StrakeMetadata;

/** strake_metadata_load: of the signed package @sha256, made once and kept in the store.
 * Thread-safe after strake_metadata_init. */
StrakeMetadata *strake_metadata_load(
	StrakeStore *store, const char *sha256, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_metadata_free(StrakeMetadata *metadata);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeMetadata, strake_metadata_free)

/** strake_metadata_init: once, before threads. */
void strake_metadata_init(void);

/**
 * strake_metadata_write: writes repodata/ below @dir_fd: the three files compressed with zstd and
 * named by digest, @updateinfo (may be NULL) likewise, and repomd.xml.
 * @packages: StrakeMetadata in the order wanted
 * @out_repomd: its text; @out_time_s: the date that it carries
 */
bool strake_metadata_write(int dir_fd, GPtrArray *packages, GBytes *updateinfo, GBytes **out_repomd,
	int64_t *out_time_s, GError **error) G_GNUC_WARN_UNUSED_RESULT;
