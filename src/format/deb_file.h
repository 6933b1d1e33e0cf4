// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Binary Debian packages in memory: the control stanza, the small files of control.tar, and one
// pass over data.tar without temporary files. Nothing is written anywhere.
// Format: deb(5), deb-control(5):
//
//     package = ar( "debian-binary", "control.tar" [ext], "data.tar" [ext] ) ; in this order
//     ext     = ".gz" / ".xz" / ".zst" / ".bz2"
//
// Refused: other or doubled members, trailing bytes, paths that leave the root or pass through a
// link, doubled paths, devices and pipes, sparse files, sizes above STRAKE_DEB_MAX_*.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "format/deb_control.h"

#define STRAKE_DEB_MAX_CONTROL_BYTES (G_GUINT64_CONSTANT(64) << 20) // control.tar unpacked
#define STRAKE_DEB_MAX_ENTRIES 2000000                              // members of data.tar
#define STRAKE_DEB_MAX_FILE_BYTES (G_GUINT64_CONSTANT(8) << 30)     // one file of data.tar
#define STRAKE_DEB_MAX_DATA_BYTES (G_GUINT64_CONSTANT(32) << 30)    // all files of data.tar

typedef struct StrakeDebFile StrakeDebFile;

/**
 * strake_deb_file_open: reads the outer archive and all of control.tar.
 * @deb: the package; referenced, so that a mapped store object serves; @name: for messages
 * The control stanza has been checked: Package, Version, Architecture are present and well formed,
 * the relation fields parse.
 * Errors: TRUNCATED, INVALID, LIMIT; NULL is returned. Thread-safe between packages.
 */
StrakeDebFile *strake_deb_file_open(
	GBytes *deb, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_deb_file_free(StrakeDebFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeDebFile, strake_deb_file_free)

/** strake_deb_file_name: what @name was; borrowed, as all that the getters return. */
const char *strake_deb_file_name(const StrakeDebFile *file);
const char *strake_deb_file_package(const StrakeDebFile *file);
const char *strake_deb_file_version(const StrakeDebFile *file);
const char *strake_deb_file_architecture(const StrakeDebFile *file);
/** strake_deb_file_control: the stanza of DEBIAN/control; valid as long as @file. */
const StrakeDebStanza *strake_deb_file_control(const StrakeDebFile *file);
/** strake_deb_file_member: "postinst", "conffiles", "triggers"...: borrowed; NULL: not there. */
GBytes *strake_deb_file_member(const StrakeDebFile *file, const char *name);
/** strake_deb_file_members: all names but "control", sorted, NULL-terminated; borrowed. */
const char *const *strake_deb_file_members(const StrakeDebFile *file);
/** strake_deb_file_data_compression: "xz", "zst", "gz", "bz2" or "none". */
const char *strake_deb_file_data_compression(const StrakeDebFile *file);

// -- data.tar

typedef enum {
	STRAKE_DEB_ENTRY_FILE,
	STRAKE_DEB_ENTRY_DIRECTORY,
	STRAKE_DEB_ENTRY_SYMLINK,
	STRAKE_DEB_ENTRY_HARDLINK, // to a file that came earlier; has no content of its own
} StrakeDebEntryType;

typedef struct {
	char *name;
	GBytes *value;
} StrakeDebXattr;

/** One member of data.tar; valid until the next call for its reader. */
typedef struct {
	StrakeDebEntryType type;
	const char *path;  // relative and clean ("usr/bin/ls"); "" is the root directory
	unsigned mode;     // permission bits with setuid, setgid and sticky
	uint32_t uid, gid; // numbers of the archive
	const char *uname; // names of the archive; "" when it has none
	const char *gname;
	uint64_t size;        // bytes of content; 0 but for files
	int64_t mtime_s;      // seconds of the epoch
	const char *linkname; // symlink: its text; hard link: clean path of the target; else NULL
	const GPtrArray *xattrs; // of StrakeDebXattr, sorted by name; NULL: none
} StrakeDebEntry;

typedef struct StrakeDebData StrakeDebData;

/** strake_deb_data_open: starts one pass over data.tar; several passes may run at once. @file
 * must outlive it. */
StrakeDebData *strake_deb_data_open(
	const StrakeDebFile *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_deb_data_free(StrakeDebData *data);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeDebData, strake_deb_data_free)

/** strake_deb_data_next: the next member in *@out, NULL at the end. Content that was not read is
 * skipped. Errors: INVALID, TRUNCATED, LIMIT, naming the package and the member. */
bool strake_deb_data_next(
	StrakeDebData *data, const StrakeDebEntry **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_deb_data_read: the next part of the current file's content without a copy.
 * @out, @out_size: borrowed until the next call; size 0 at the end of the file. Exactly the
 * entry's size is given in all, or the call fails.
 */
bool strake_deb_data_read(StrakeDebData *data, const void **out, size_t *out_size,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
