// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// An RPM package as a value: what the writer turns into bytes. Building it does no input or
// output; strings given to the add functions are copied.
//
// A package in memory, whole:
//     g_autoptr(StrakeRpmPackage) p = strake_rpm_package_new("strake-release", "4.0", "1",
//     "noarch"); strake_rpm_package_add_dep(p, STRAKE_RPM_PROVIDES, "system-release", NULL, 0);
//     strake_rpm_package_add_content(p, "/usr/lib/os-release", 0644, bytes);
//     GBytes *rpm = strake_rpm_package_to_bytes(p, 3, &error);        (format/rpm_write.h)
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "format/rpm_tags.h"

typedef enum {
	STRAKE_RPM_REQUIRES,
	STRAKE_RPM_PROVIDES,
	STRAKE_RPM_CONFLICTS,
	STRAKE_RPM_OBSOLETES,
	STRAKE_RPM_RECOMMENDS,
	STRAKE_RPM_SUGGESTS,
	STRAKE_RPM_SUPPLEMENTS,
	STRAKE_RPM_ENHANCES,
	STRAKE_RPM_N_DEP_KINDS,
} StrakeRpmDepKind;

typedef struct {
	char *name;     // or a rich dependency: "(a or b)"
	char *evr;      // "epoch:version-release" or "" without a bound
	uint32_t flags; // StrakeRpmSense
} StrakeRpmDep;

typedef struct {
	char *path;     // absolute, clean
	uint32_t mode;  // st_mode with the type: S_IFREG, S_IFDIR or S_IFLNK
	uint64_t size;  // content bytes; links: length of the target
	uint32_t mtime; // seconds
	char *user, *group;
	char *target;      // symbolic link's target, NULL else
	uint32_t flags;    // StrakeRpmFileFlag
	char *lang;        // NULL: none
	char *caps;        // "cap_net_raw=ep" as cap_to_text(3) writes it, NULL: none
	char sha256[65];   // of the content, "" unless a regular file
	uint32_t color;    // 1: ELF32, 2: ELF64, 0: no ELF
	const char *class; // static text for CLASSDICT, NULL: ""
	uint32_t inode;    // number in the payload; equal for the names of one hard-linked file
	uint32_t nlink;    // names of this inode in the package
	GBytes *content;   // regular files whose bytes are at hand, NULL: streamed
} StrakeRpmFile;

/** %filetriggerin and kin. Our own packages only; a bridged package has none. */
typedef struct {
	bool transaction;  // %transfiletrigger*
	uint32_t when;     // STRAKE_RPMSENSE_TRIGGERIN, _TRIGGERUN or _TRIGGERPOSTUN
	uint32_t priority; // rpm's default is 1000000
	char *interpreter; // "/bin/sh", "<lua>"
	char *body;
	char **prefixes; // absolute path prefixes
} StrakeRpmFileTrigger;

typedef struct {
	char *name, *version, *release, *arch;
	int64_t epoch; // -1: none
	char *summary, *description, *license, *group, *vendor, *url, *packager;
	char *source_rpm; // never NULL in a binary package
	uint32_t build_time;
	GPtrArray *deps[STRAKE_RPM_N_DEP_KINDS]; // of StrakeRpmDep
	GPtrArray *files;                        // of StrakeRpmFile
	GPtrArray *file_triggers;                // of StrakeRpmFileTrigger
} StrakeRpmPackage;

StrakeRpmPackage *strake_rpm_package_new(
	const char *name, const char *version, const char *release, const char *arch);
void strake_rpm_package_free(StrakeRpmPackage *package);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeRpmPackage, strake_rpm_package_free)

/** strake_rpm_package_add_dep: @evr NULL or "" when @flags has no comparison. */
void strake_rpm_package_add_dep(StrakeRpmPackage *package, StrakeRpmDepKind kind, const char *name,
	const char *evr, uint32_t flags);
/** strake_rpm_package_evr: "epoch:version-release"; free with g_free. */
char *strake_rpm_package_evr(const StrakeRpmPackage *package);
/** strake_rpm_package_file_name: "name-version-release.arch.rpm"; free with g_free. */
char *strake_rpm_package_file_name(const StrakeRpmPackage *package);

/** Files, owner root:root unless changed in the returned struct, which the package owns. */
StrakeRpmFile *strake_rpm_package_add_file(
	StrakeRpmPackage *package, const char *path, uint32_t mode);
/** strake_rpm_package_add_content: a regular file with mode bits @permissions. */
StrakeRpmFile *strake_rpm_package_add_content(
	StrakeRpmPackage *package, const char *path, uint32_t permissions, GBytes *content);
StrakeRpmFile *strake_rpm_package_add_link(
	StrakeRpmPackage *package, const char *path, const char *target);
StrakeRpmFile *strake_rpm_package_add_dir(
	StrakeRpmPackage *package, const char *path, uint32_t permissions);
void strake_rpm_file_free(StrakeRpmFile *file);

/** strake_rpm_package_add_file_trigger: @prefixes NULL-terminated, copied. */
void strake_rpm_package_add_file_trigger(StrakeRpmPackage *package, bool transaction, uint32_t when,
	const char *interpreter, const char *body, const char *const *prefixes);

/** strake_rpm_package_sort_files: by path, bytewise, as rpm wants them in the header. */
void strake_rpm_package_sort_files(StrakeRpmPackage *package);
