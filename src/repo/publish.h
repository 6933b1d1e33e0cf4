// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Makes a signed rpm-md repository of packages and switches it into place in one step:
//
//     OUT/ARCH/             what clients use as baseurl; replaced whole by renameat2(EXCHANGE)
//     OUT/ARCH/Packages/n/NAME-VERSION-RELEASE.ARCH.rpm      hard links into the store
//     OUT/ARCH/repodata/repomd.xml, repomd.xml.asc, repomd.xml.key, SHA256-primary.xml.zst ...
//     OUT/ARCH/RPM-GPG-KEY  the public key
//
// The same packages and key give the same bytes, whenever and wherever it runs.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "repo/keys.h"
#include "store/store.h"

/** One package to publish; exactly one of the two is set. */
typedef struct {
	const char *sha256; // of an unsigned or signed package in the store
	const char *path;   // a file, added to the store
	bool inherited;     // with @sha256: keeps the signature that it has, byte for byte
} StrakePublishItem;

typedef struct {
	const char *architecture; // NULL: "x86_64"; noarch packages go there as well
	unsigned jobs;            // 0: one per core
	GBytes *updateinfo;       // advisories as updateinfo.xml, NULL: none
	const char *public_keys;  // armored: what clients shall trust, ours first; NULL: only ours
	bool quiet;               // no progress: a small one among other work
} StrakePublishOptions;

typedef struct {
	unsigned packages;
	unsigned signed_now; // the rest came signed from the store
	uint64_t bytes;      // of all packages
	char *path;          // OUT/ARCH, absolute
} StrakePublishResult;

void strake_publish_result_clear(StrakePublishResult *result);

/**
 * strake_repo_publish: the repository below @out_dir holds exactly @items afterwards.
 * @options: NULL for the defaults; @out_result: written on success, may be NULL
 * Errors: INVALID (no package, damaged, of another architecture, the same name-version-release
 * twice with different content), LOCKED (another publisher), NO_SPACE, CANCELLED. On error the old
 * repository is untouched.
 */
bool strake_repo_publish(StrakeStore *store, const StrakeKeys *keys, const StrakePublishItem *items,
	size_t n_items, const char *out_dir, const StrakePublishOptions *options,
	StrakePublishResult *out_result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_repo_check: reads a repository as a client would: signature of repomd.xml, digest and
 * size of every file that it names, digest and signature of every package, no stray files.
 * @dir: the folder that holds repodata; @public_key: armored; NULL: the one in @dir
 * @problems: takes one sentence a problem (char *, the array frees them)
 * Returns false only when it cannot be read at all.
 */
bool strake_repo_check(const char *dir, const char *public_key, unsigned jobs, GPtrArray *problems,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
