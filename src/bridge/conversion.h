// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// One conversion under way: what the parts of the bridge (identity, files, dependencies, scripts,
// overlays) share. Private to src/bridge and its tests.
#pragma once

#include "base/glob.h"
#include "bridge/bridge.h"
#include "bridge/script_deb.h"
#include "format/deb_file.h"
#include "format/rpm_package.h"
#include "format/rpm_payload.h"
#include "format/rpm_write.h"

enum { STRAKE_BRIDGE_LEVEL = 3 };

/** A package-* overlay with what the conversion knows about it. */
typedef struct {
	const StrakeOverlay *def;
	StrakeGlob *glob; // of def->file or def->value where that is a pattern
	unsigned hits;
	bool inherited; // from the project's defaults: need not match anything
} StrakeBridgeOverlay;

/**
 * What the payload must know before it is written, though it is found out only while reading:
 * names of hard-linked files, modes changed by scripts, files whose bytes are copied. The first
 * pass assumes none; when it finds some, a second pass is made with them.
 */
typedef struct {
	GHashTable *links;   // path -> GPtrArray of all its names (shared, sorted), owned
	GHashTable *modes;   // path -> mode bits
	GHashTable *capture; // path set: content wanted
	GHashTable *indexes; // path -> index + 1; only when a file is too large for plain cpio
} StrakeBridgePlan;

typedef struct {
	const StrakeBridge *bridge;
	const StrakeComponent *component; // NULL: none
	const StrakeDebFile *deb;
	StrakeStore *store;
	const char *deb_name; // upstream package name
	char *name;           // RPM name
	int level;
	bool following;

	GPtrArray *overlays; // of StrakeBridgeOverlay
	StrakeRpmPackage *rpm;
	StrakeBridgeResult *result;
	GHashTable *files;        // path -> StrakeRpmFile, borrowed from rpm->files
	StrakeScriptPaths *paths; // all that the payload has or had
	GHashTable *content;      // path -> GBytes: captured
	GHashTable *dep_names;    // strings that ELF files need or offer: key "P..." or "R..."
	GPtrArray *sysusers;      // of char *: lines to add
	GPtrArray *tmpfiles;
	GPtrArray *presets; // lines of a preset file, from overlays
	uint32_t newest;    // greatest time stamp
	uint32_t inode;     // next number
	unsigned n_removed, n_docs, n_config, n_links, n_elf;

	StrakeBridgePlan *plan; // in force
	StrakeBridgePlan *next; // found in this pass
} StrakeConversion;

// -- conversion.c

StrakeBridgePlan *strake_bridge_plan_new(void);
void strake_bridge_plan_free(StrakeBridgePlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeBridgePlan, strake_bridge_plan_free)

/** strake_bridge_convert: @deb to an object in the store. The result has no rpm_sha256 when
 * @store is NULL (a report only). */
StrakeBridgeResult *strake_bridge_convert(const StrakeBridge *bridge, StrakeStore *store,
	const StrakeComponent *component, const StrakeDebFile *deb, int level, bool following,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

void strake_conversion_note(StrakeConversion *c, const char *topic, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
/** strake_conversion_take_file: registers @file, which the package owns already. */
void strake_conversion_register(StrakeConversion *c, StrakeRpmFile *file);
/** strake_conversion_add_text: a generated file, unless the payload has one of that path. */
StrakeRpmFile *strake_conversion_add_text(
	StrakeConversion *c, const char *path, unsigned mode, const char *text, size_t size);

// -- identity.c: name, version, description, license

bool strake_conversion_identity(StrakeConversion *c, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_bridge_license: an SPDX-like expression from a copyright file; free with g_free. */
char *strake_bridge_license(GBytes *copyright);
void strake_conversion_license(StrakeConversion *c);

// -- depends.c

bool strake_conversion_depends(StrakeConversion *c, GError **error) G_GNUC_WARN_UNUSED_RESULT;

// -- pkgconfig.c

/** strake_conversion_pkgconfig: Provides of the captured .pc files. */
void strake_conversion_pkgconfig(StrakeConversion *c);

// -- files.c: one pass over data.tar

bool strake_conversion_files(
	StrakeConversion *c, StrakeRpmPayload *payload, GError **error) G_GNUC_WARN_UNUSED_RESULT;

// -- file_rules.c: what a path means

/** strake_bridge_is_base_dir: a directory of the base file system, owned by no bridged package. */
bool strake_bridge_is_base_dir(const char *path);
/** strake_bridge_file_flags: doc and license flags of a file or link, not a folder, by its place. */
uint32_t strake_bridge_file_flags(const char *path);
/** strake_bridge_file_lang: "de" for /usr/share/locale/de_AT/...; NULL: none; free with g_free. */
char *strake_bridge_file_lang(const char *path);
/** strake_bridge_is_changelog: Debian's and upstream's changelogs, which are dropped. */
bool strake_bridge_is_changelog(const char *path);
/** strake_bridge_wants_content: a file that the bridge itself reads. */
bool strake_bridge_wants_content(const char *path);

// -- overlays.c

bool strake_conversion_load_overlays(
	StrakeConversion *c, const GPtrArray *inherited, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_conversion_removes: whether an overlay drops @path. */
bool strake_conversion_removes(StrakeConversion *c, const char *path);
/** strake_conversion_moved: the path that @path gets; free with g_free. */
char *strake_conversion_moved(StrakeConversion *c, const char *path);
/** strake_conversion_moved_config: whether @path is where a move put a configuration file. */
bool strake_conversion_moved_config(StrakeConversion *c, const char *path);
/** strake_conversion_drops_dep: whether an overlay removes dependency @name (upstream's or ours)
 * of @kind. */
bool strake_conversion_drops_dep(StrakeConversion *c, StrakeRpmDepKind kind, const char *name);
/** strake_conversion_set_attr: modes, owners and capabilities from overlays. */
void strake_conversion_set_attr(StrakeConversion *c, StrakeRpmFile *file);
/** strake_conversion_set_attr_linked: the same for all @names of one file, when any matches. */
void strake_conversion_set_attr_linked(StrakeConversion *c, const GPtrArray *names);
/** strake_conversion_overlays: what overlays add, after the payload was read. */
bool strake_conversion_overlays(StrakeConversion *c, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_conversion_check_hits: every overlay of the component itself did something. */
bool strake_conversion_check_hits(
	const StrakeConversion *c, GError **error) G_GNUC_WARN_UNUSED_RESULT;

// -- actions.c: what maintainer scripts did

bool strake_conversion_scripts(StrakeConversion *c, GError **error) G_GNUC_WARN_UNUSED_RESULT;

// -- accounts.c: sysusers.d, tmpfiles.d and preset files, and the dependencies on accounts

bool strake_conversion_accounts(StrakeConversion *c, GError **error) G_GNUC_WARN_UNUSED_RESULT;

// -- result.c

/** strake_bridge_compare_texts: GCompareFunc over elements that are char *. */
int strake_bridge_compare_texts(gconstpointer a, gconstpointer b);

StrakeBridgeResult *strake_bridge_result_new(void);
/** strake_bridge_result_to_json / _from_json: the memo's text. */
char *strake_bridge_result_to_json(const StrakeBridgeResult *result);
StrakeBridgeResult *strake_bridge_result_from_json(
	GBytes *json, GError **error) G_GNUC_WARN_UNUSED_RESULT;

// -- fingerprint.c

/** strake_bridge_fingerprint: everything that the conversion's bytes depend on; free with g_free.
 * Errors: a file that an overlay copies cannot be read. */
char *strake_bridge_fingerprint(const char *deb_sha256, const char *name,
	const StrakeComponent *component, const char *renames_sha256, int level, bool following,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

// -- bridge.c

/** strake_bridge_inherited: the overlays that every component has; NULL without a project. */
const GPtrArray *strake_bridge_inherited(const StrakeBridge *bridge);
StrakeStore *strake_bridge_store(const StrakeBridge *bridge);
