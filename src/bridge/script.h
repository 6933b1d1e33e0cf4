// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What a package's Debian maintainer scripts do on a first installation, as declarative actions.
// Nothing is run: the scripts are parsed (format/shell.h) and partially evaluated for
// `preinst install`, `postinst configure ""`; prerm and postrm only for what they would remove.
// A command that is not understood is listed as unhandled, never skipped in silence.
// Format: docs/bridge-scripts.md. It does not write files or RPM metadata.
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum {
	STRAKE_SCRIPT_PREINST,
	STRAKE_SCRIPT_POSTINST,
	STRAKE_SCRIPT_PRERM,
	STRAKE_SCRIPT_POSTRM,
	STRAKE_SCRIPT_CONFIG, // debconf questions
	STRAKE_SCRIPT_N_KINDS,
} StrakeScriptKind;

/** Everything the analysis may know. All borrowed until strake_script_analyse returns. */
typedef struct {
	const char *package;                    // upstream binary package name; required
	const char *version;                    // of the package, NULL: unknown
	const char *architecture;               // "amd64"; NULL: unknown
	GBytes *scripts[STRAKE_SCRIPT_N_KINDS]; // text by kind, NULL: the package has none
	GBytes *templates;                      // debconf `templates` member, NULL: none
	/** What the package's payload holds at @path (absolute, no trailing slash): 'f' file,
	 * 'd' directory, 'l' symbolic link, 0 nothing. NULL: the payload is unknown. */
	char (*path_type)(const char *path, void *data);
	/** Its permission bits, -1 when it is not in the payload. NULL: unknown. */
	int (*path_mode)(const char *path, void *data);
	void *path_data; // of both
} StrakeScriptInput;

typedef enum {
	STRAKE_SCRIPT_NOTHING,  // understood and not needed: @why
	STRAKE_SCRIPT_REMOVAL,  // prerm, postrm: clean-up out of scope: @why
	STRAKE_SCRIPT_PRESET,   // upstream wants unit @name enabled (@enable) for @scope
	STRAKE_SCRIPT_SYSUSERS, // @line_text: one sysusers.d(5) line, @name: the account
	STRAKE_SCRIPT_TMPFILES, // @line_text: tmpfiles.d(5) lines (one, rarely two); @name: "d"
				// directory, "f" empty file, "z" change what is there; @path @mode
				// @owner
				// @group too
	STRAKE_SCRIPT_LINK, // symbolic link @path -> @target; @line_text: the same for tmpfiles.d
	STRAKE_SCRIPT_ALTERNATIVE, // @path (the generic link) -> @target, @name, @priority; a slave
				   // names its @master
	STRAKE_SCRIPT_SET_ATTR,    // of a payload @path: @mode @owner @group, maybe @recursive
	STRAKE_SCRIPT_CAPABILITY,  // file capability @capability on payload @path
	STRAKE_SCRIPT_CACHE,       // a cache is rebuilt by image build and triggers: @name
	STRAKE_SCRIPT_FILE,        // @path with @content, @mode; only if absent (configuration)
	STRAKE_SCRIPT_COPY,        // @path is a copy of payload file @from, only if absent
	STRAKE_SCRIPT_GHOST,       // @path is removed on purge: state that the package owns
	STRAKE_SCRIPT_N_ACTIONS,
} StrakeScriptActionKind;

/** One thing a command does. Strings are owned by the plan, NULL where the kind has no use. */
typedef struct {
	StrakeScriptActionKind kind;
	StrakeScriptKind script;
	unsigned line;       // in that script, from 1
	const char *command; // source text, on one line
	const char *section; // debhelper kind ("installsystemd") or NULL: written by hand
	bool maybe;          // below a condition that only the running system decides
	const char *guard; // the innermost such condition, as source: "unless [ -e /etc/x ]"; NULL
	const char *why;   // NOTHING, REMOVAL: the reason; elsewhere NULL

	const char *name;
	const char *scope; // PRESET: "system" or "user"
	bool enable;
	const char *line_text; // SYSUSERS, TMPFILES, LINK: the line for the .d file
	const char *path;
	const char *target; // LINK, ALTERNATIVE
	const char *from;   // COPY
	const char *content;
	size_t content_size;
	const char *owner; // name, NULL: not changed
	const char *group;
	int mode;               // permission bits, -1: not given
	bool recursive;         // @owner and @group hold for all below too, @mode for @path alone;
				// COPY: of a directory
	const char *capability; // text of cap_from_text(3)
	const char *master;
	int priority;
} StrakeScriptAction;

/** A command that nobody may drop without an overlay that says why. */
typedef struct {
	StrakeScriptKind script;
	unsigned line;       // 0: the script as a whole
	const char *command; // "" for the whole script
	const char *why;
	const char *section; // debhelper kind or NULL
	bool maybe;
} StrakeScriptUnhandled;

/** What became of one source line. */
typedef enum {
	STRAKE_SCRIPT_LINE_BLANK,       // blank, comment, or only syntax
	STRAKE_SCRIPT_LINE_HANDLED,     // all commands on it have actions
	STRAKE_SCRIPT_LINE_UNHANDLED,   // at least one command has none
	STRAKE_SCRIPT_LINE_NOT_REACHED, // not run on a first installation
	STRAKE_SCRIPT_LINE_REMOVAL,     // belongs to prerm or postrm
	STRAKE_SCRIPT_LINE_UNREAD,      // not shell, or broken
} StrakeScriptLineState;

/** The package as the study's classes see it (docs/bridge-scripts.md). */
typedef enum {
	STRAKE_SCRIPT_CLASS_NONE = 0,    // no maintainer script
	STRAKE_SCRIPT_CLASS_TRIVIAL = 1, // debhelper sections only, or folds to nothing
	STRAKE_SCRIPT_CLASS_HANDLED = 2, // written by hand, every command understood
	STRAKE_SCRIPT_CLASS_OVERLAY = 3, // an overlay is needed
} StrakeScriptClass;

typedef struct StrakeScriptPlan StrakeScriptPlan;

/**
 * strake_script_analyse: pure; threads may call it at once on different inputs. Scripts that are
 * not shell or do not parse become unhandled items, not errors.
 * Errors: LIMIT for a script over STRAKE_SCRIPT_MAX_BYTES, INVALID for broken templates.
 * Free with strake_script_plan_free.
 */
StrakeScriptPlan *strake_script_analyse(
	const StrakeScriptInput *in, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_script_plan_free(StrakeScriptPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeScriptPlan, strake_script_plan_free)

enum { STRAKE_SCRIPT_MAX_BYTES = 1 << 20 };

/** Actions in the order of the scripts (preinst, postinst, ...), then of execution. */
size_t strake_script_plan_n_actions(const StrakeScriptPlan *plan);
const StrakeScriptAction *strake_script_plan_action(const StrakeScriptPlan *plan, size_t index);
size_t strake_script_plan_n_unhandled(const StrakeScriptPlan *plan);
const StrakeScriptUnhandled *strake_script_plan_unhandled(
	const StrakeScriptPlan *plan, size_t index);

/** strake_script_plan_residue: @script without debhelper sections, comments, blank lines and
 * without `set -e`, `exit 0` frame lines; NULL when nothing is left or there is no script. */
const char *strake_script_plan_residue(const StrakeScriptPlan *plan, StrakeScriptKind script);
/** strake_script_plan_residue_sha256: lower-case hex of that text, NULL when there is none. */
const char *strake_script_plan_residue_sha256(
	const StrakeScriptPlan *plan, StrakeScriptKind script);

/** strake_script_plan_n_lines: number of lines of @script, 0 when there is none. */
unsigned strake_script_plan_n_lines(const StrakeScriptPlan *plan, StrakeScriptKind script);
/** @line: 1..n_lines. @out_text: borrowed, @out_size bytes without the newline; may be NULL. */
StrakeScriptLineState strake_script_plan_line(const StrakeScriptPlan *plan, StrakeScriptKind script,
	unsigned line, const char **out_text, size_t *out_size);

StrakeScriptClass strake_script_plan_class(const StrakeScriptPlan *plan);

/** strake_script_kind_name: "preinst" ... "config". */
const char *strake_script_kind_name(StrakeScriptKind kind);
/** strake_script_action_name: "preset", "sysusers", "tmpfiles", ... */
const char *strake_script_action_name(StrakeScriptActionKind kind);
/** strake_script_action_describe: one line for people; free with g_free. */
char *strake_script_action_describe(const StrakeScriptAction *action);
/** strake_script_rules: which commands are understood and what they become, as text for people;
 * free with g_free. */
char *strake_script_rules(void);
