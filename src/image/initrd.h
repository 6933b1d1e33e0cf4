// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The initial RAM disk: strake-init, the modules that disks of virtual machines need, and a table
// that tells which device needs which. Nothing else: no shell, no libc, no configuration.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "image/kmod.h"

typedef struct {
	const char *const *modules; // NULL: the disks, controllers and file systems of usual VMs
	const char *const *extra_modules; // must exist; NULL: none
	const char *filesystem;           // of the root: "ext4" or "erofs"
	bool overlay;                     // a writable layer is put over the root
	int64_t time_s;
} StrakeInitrdOptions;

/** strake_initrd_build: a cpio archive, compressed with zstd.
 * Errors: NOT_FOUND for an extra module that the kernel does not have. */
GBytes *strake_initrd_build(const StrakeKmod *kmod, const StrakeInitrdOptions *options,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
