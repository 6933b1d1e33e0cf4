// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Writes cpio archives in the "new ASCII" form that the Linux kernel unpacks as initramfs. It does
// not read archives, and writes only what an initial RAM disk holds: directories, files, links and
// character devices, all owned by root.
//
// Format: kernel document driver-api/early-userspace/buffer-format:
//     archive := entry* trailer    entry := header name NUL pad4 data pad4
//     header  := "070701" and 13 fields of 8 hexadecimal digits
#pragma once

#include <glib.h>
#include <stdint.h>

typedef struct StrakeNewc StrakeNewc;

/** strake_newc_new: @mtime: seconds since 1970 given to every entry, 0..UINT32_MAX. */
StrakeNewc *strake_newc_new(int64_t mtime);
void strake_newc_free(StrakeNewc *archive);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeNewc, strake_newc_free)

/** Paths are relative without "./"; a parent must be added before what is in it. */
void strake_newc_add_dir(StrakeNewc *archive, const char *path, unsigned mode);
void strake_newc_add_file(
	StrakeNewc *archive, const char *path, unsigned mode, const void *data, size_t size);
void strake_newc_add_link(StrakeNewc *archive, const char *path, const char *target);
void strake_newc_add_chardev(
	StrakeNewc *archive, const char *path, unsigned mode, unsigned major, unsigned minor);
/** strake_newc_finish: ends the archive with its trailer and returns its bytes. */
GBytes *strake_newc_finish(StrakeNewc *archive);
