// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// From an upstream .deb in the content store to a scriptlet-free RPM in the content store,
// memoised: the same .deb, definition and bridge give the same object without doing the work
// again. Nothing foreign is run. What it does with metadata, files and scripts: docs/bridge.md.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "project/project.h"
#include "store/store.h"

/** Everything that is the same for all packages of one run; immutable and thread-safe. */
typedef struct StrakeBridge StrakeBridge;

typedef struct {
	// A script whose residue is not the one that its overlay read: strict (false) fails; true
	// warns as long as every command of the new text is understood, and fails otherwise.
	bool following;
	int level; // zstd; 0: the default, 3
} StrakeBridgeOptions;

/**
 * strake_bridge_new: reads the project's renames (package-rename overlays of all components).
 * @project: borrowed for the bridge's life; NULL: no definitions, everything by default
 * @options: NULL: defaults
 */
StrakeBridge *strake_bridge_new(const StrakeProject *project, StrakeStore *store,
	const StrakeBridgeOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_bridge_free(StrakeBridge *bridge);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeBridge, strake_bridge_free)

/** strake_bridge_renamed: what Debian package @name is called here; @name itself by default. */
const char *strake_bridge_renamed(const StrakeBridge *bridge, const char *name);

/** One line of the report: what became of something. */
typedef struct {
	char *topic; // "script", "file", "depends", "overlay", "note"
	char *text;
} StrakeBridgeNote;

/** What one conversion made. Plain data, also kept as JSON in the store. */
typedef struct {
	char *name;    // of the RPM
	char *version; // with its own mapping rules: docs/bridge.md
	char *release;
	int64_t epoch;    // -1: none
	char *arch;       // "x86_64", "noarch"
	char *nevra;      // "name-[epoch:]version-release.arch"
	char *file_name;  // "name-version-release.arch.rpm"
	char *rpm_sha256; // the unsigned RPM in the store
	uint64_t rpm_size;
	uint64_t installed_size; // bytes of all files
	char *deb_name, *deb_version, *deb_arch, *deb_sha256;
	char *source_name, *source_version; // Debian source package
	char *license;
	unsigned n_files;
	unsigned script_class; // StrakeScriptClass
	// Units that upstream wants enabled: "enable sshd.service", "user enable x.service". Facts
	// for the distribution's preset policy, not in the package.
	char **presets;       // NULL-terminated
	char **caches;        // caches that its scripts rebuilt: "ldconfig"; NULL-terminated
	GPtrArray *notes;     // of StrakeBridgeNote
	GPtrArray *unhandled; // of char *: "postinst:12: command: why"
	bool accepted;        // nothing unhandled, or allowed by the definition
	char *allow_reason;   // why unhandled parts are allowed, or NULL
} StrakeBridgeResult;

void strake_bridge_result_free(StrakeBridgeResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeBridgeResult, strake_bridge_result_free)

/**
 * strake_bridge_import: one package. Threads may call it at once.
 * @deb_sha256: object in the store; @name: upstream package name, which picks the component
 * Returns the result also for a package that is not accepted: look at @accepted.
 * Errors: INVALID, TRUNCATED, LIMIT, INTEGRITY for a bad .deb; an overlay that does not apply.
 */
StrakeBridgeResult *strake_bridge_import(StrakeBridge *bridge, const char *deb_sha256,
	const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_bridge_recall: what strake_bridge_import would return, when the store remembers it.
 * *@out NULL: it does not, and nothing was converted.
 * Errors: a component that does not resolve.
 */
bool strake_bridge_recall(StrakeBridge *bridge, const char *deb_sha256, const char *name,
	StrakeBridgeResult **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
	const char *deb_sha256;
	const char *name;
} StrakeBridgeItem;

/**
 * strake_bridge_import_all: @count packages on @jobs threads (0: one per core), large ones first
 * when @sizes of the objects tell, with a progress bar.
 * Returns an array of StrakeBridgeResult in the order of @items; all errors of one run are joined
 * into one message.
 */
GPtrArray *strake_bridge_import_all(StrakeBridge *bridge, const StrakeBridgeItem *items,
	size_t count, unsigned jobs, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_bridge_refused: NULL when all of @results are accepted, else a report that names each
 * refused package with its unhandled lines; free with g_free. */
char *strake_bridge_refused(const GPtrArray *results);
