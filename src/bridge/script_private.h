// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The partial evaluator of maintainer scripts, shared by the script_*.c files.
// A value is a string, or not known; a condition is true, false, or not known. What is not known
// is decided by the running system, so both ways are followed and what they do is a "maybe".
#pragma once

#include "bridge/script.h"
#include "format/shell.h"

typedef enum {
	TRI_FALSE,
	TRI_TRUE,
	TRI_UNKNOWN,
} Tri;

static inline Tri tri_not(Tri t)
{
	return t == TRI_UNKNOWN ? t : t == TRI_TRUE ? TRI_FALSE : TRI_TRUE;
}
static inline Tri tri_of(bool b)
{
	return b ? TRI_TRUE : TRI_FALSE;
}

/** A string owned by the plan, or one of the two marks below; compare the marks by address. */
typedef const char *Val;
extern const char script_val_unknown[]; // decided by the running system
extern const char script_val_temp[];    // below a name made by mktemp: gone when the script ends

static inline bool val_known(Val v)
{
	return v != script_val_unknown && v != script_val_temp;
}

/** One argument after expansion. */
typedef struct {
	Val value;
	bool many; // may be any number of arguments
	bool glob; // has an unquoted pattern character
} ScriptArg;

/** Variables and what else a subshell has a copy of. */
typedef struct {
	GHashTable *vars;      // name -> Val
	GPtrArray *positional; // Val
	bool positional_known; // false: @positional says nothing
	int umask;             // -1: not known
} ScriptEnv;

typedef enum {
	SINK_TERMINAL, // shown to nobody
	SINK_TEXT,     // a pipe or a substitution: collected
	SINK_FILE,     // collected, then a FILE action
	SINK_IGNORED,  // /dev/null and the like
} SinkKind;

/** Where standard output goes. */
typedef struct {
	SinkKind kind;
	GString *text;
	bool unknown; // some output is not known
	bool temp;    // the output is a mktemp name
	unsigned certainty;
} ScriptSink;

/** Standard input, when it is known. */
typedef struct {
	const char *text; // NULL: not known
	size_t at;
	unsigned certainty;
} ScriptInputText;

typedef enum {
	FLOW_NONE,
	FLOW_BREAK,
	FLOW_CONTINUE,
	FLOW_RETURN,
	FLOW_EXIT,
} ScriptFlow;

/** One side of a fork; what is made on one side is not there on the other. */
typedef struct ScriptSide ScriptSide;
struct ScriptSide {
	const ScriptSide *outer;
	unsigned fork;
	bool second;
	const char *guard;  // the condition in words
	const char *exists; // a path that must exist on this side, NULL: none
};

/** A path that the scripts made, or a package path that they changed. */
typedef struct {
	StrakeScriptAction *action; // the one that made or changed it
	const ScriptSide *side;     // where it was made, NULL: on the straight way
	bool removed;               // a payload directory that rmdir took away
	bool mode_set;              // by a command, not by default
	bool owner_set;
} ScriptObject;

struct StrakeScriptPlan {
	GPtrArray *actions;   // StrakeScriptAction
	GPtrArray *unhandled; // StrakeScriptUnhandled
	GStringChunk *strings;
	struct {
		bool present;
		char *text;
		size_t size;
		GArray *lines; // ScriptLine
		char *residue; // NULL: nothing left
		char sha256[65];
	} scripts[STRAKE_SCRIPT_N_KINDS];
	bool hand_written; // a residue of ours did something or was not understood
};

typedef struct {
	size_t start; // in the script's text
	size_t size;
	StrakeScriptLineState state;
	const char *section; // debhelper kind or NULL
} ScriptLine;

typedef struct {
	StrakeScriptPlan *plan;
	const StrakeScriptInput *in;
	StrakeScriptKind kind;
	bool removal; // prerm, postrm
	bool bash;    // #!/bin/bash: echo takes backslashes as they are
	bool purge;   // postrm purge, looked at for GHOST only
	ScriptEnv *env;
	GHashTable *functions;         // name -> const StrakeShellNode *
	GHashTable *functions_unclear; // names with two bodies
	GHashTable *objects;           // path -> ScriptObject
	GHashTable *accounts;          // users and groups made by this package
	GPtrArray *usermods;           // StrakeScriptUnhandled drafts, resolved at the end
	GHashTable *answers;           // debconf question -> Val
	bool answers_unknown;          // a config script may have changed any of them
	bool debconf;                  // confmodule was sourced
	ScriptSink *sink;
	ScriptInputText input;
	ScriptFlow flow;
	unsigned flow_levels;             // of break and continue
	Tri flow_status;                  // of exit and return
	Tri status;                       // $?
	unsigned forks;                   // undecided conditions around this place
	ScriptFlow after_maybe;           // an undecided branch before this place left so much
	const ScriptSide *side;           // innermost
	const StrakeShellNode *test_node; // the last `test` of one path, nothing else
	const char *test_path;
	bool test_positive;     // true when the path exists
	const char *left_guard; // why @after_maybe is set
	GPtrArray *sides;       // all, freed at the end
	unsigned subshells;     // around this place: `exit` leaves only them
	unsigned scanned;
	unsigned depth;
	unsigned steps;
	size_t bytes;
	bool gave_up;
	const StrakeShellNode *node; // the command being looked at
} ScriptEval;

/** One command with its arguments. */
typedef struct ScriptCommand ScriptCommand;
typedef struct {
	const ScriptCommand *row;
	const char *name; // basename
	ScriptArg *argv;  // without the name
	size_t argc;
} ScriptCall;

typedef Tri (*ScriptHandler)(ScriptEval *ev, const ScriptCall *call);

/** One row of the command table. */
struct ScriptCommand {
	const char *name;
	ScriptHandler handler;
	const char *data; // NOTHING: the reason; CACHE: the cache
};

// -- script_eval.c: the walk over the tree
void script_eval_program(ScriptEval *ev, const StrakeShellNode *root);
/** Runs @body as a subshell with its output collected into @sink. */
Tri script_eval_captured(ScriptEval *ev, const StrakeShellNode *body, ScriptSink *sink);
/** Looks the command up and runs its handler or function; @args: the name first. */
Tri script_dispatch(ScriptEval *ev, ScriptArg *args, size_t count);
void script_give_up(ScriptEval *ev, const char *why);
ScriptEnv *script_env_copy(const ScriptEnv *env);
void script_env_free(ScriptEnv *env);
void script_set(ScriptEval *ev, const char *name, Val value);
Val script_get(ScriptEval *ev, const char *name);
/** Every variable set so far may have another value from here on. */
void script_forget_all(ScriptEval *ev);
unsigned script_certainty(const ScriptEval *ev);
static inline bool script_is_maybe(const ScriptEval *ev)
{
	return ev->forks > 0 || ev->after_maybe != FLOW_NONE;
}

// -- script_fork.c
/** One way of an undecided condition; @run NULL: nothing happens, the status is @status. */
typedef struct {
	Tri (*run)(ScriptEval *ev, const void *what);
	const void *what;
	Tri status;
} ScriptBranch;

/** The two ways of a condition: its words, and the path that exists on one of them. */
typedef struct {
	const char *text[2];
	const char *exists[2];
} ScriptGuards;

/** Walks both ways; @first is the one that the first guard names. The status is that of the way
 * that goes on, not known when both do and differ. */
Tri script_fork_walk(
	ScriptEval *ev, const ScriptGuards *guards, ScriptBranch first, ScriptBranch second);
/** "if CONDITION", "unless CONDITION"; @swapped: the first way is taken when it is false. */
void script_name_guards(
	ScriptEval *ev, const StrakeShellNode *condition, bool swapped, ScriptGuards *guards);
void script_name_case(ScriptEval *ev, const StrakeShellWord *subject, ScriptGuards *guards);
/** A function or subshell has its own "may have left already"; outside doubt becomes a fork. */
ScriptFlow script_scope_begin(ScriptEval *ev);
void script_scope_end(ScriptEval *ev, ScriptFlow outer, bool left_script);

// -- script_redirect.c
typedef struct {
	ScriptSink *outer_sink;
	ScriptInputText outer_input;
	ScriptSink sink;
	Val path; // of a FILE sink
	bool append;
	bool active;    // @sink is in use
	bool has_input; // @outer_input is to come back
} ScriptRedirected;
void script_redirects_begin(
	ScriptEval *ev, ScriptRedirected *r, const StrakeShellRedirect *redirects);
void script_redirects_end(ScriptEval *ev, ScriptRedirected *r);

// -- script_names.c
/** Every variable that @node may set is not known from here on. */
void script_forget_assigned(ScriptEval *ev, const StrakeShellNode *node);
/** The names of `local` commands in a function, with their values outside of it. */
void script_collect_locals(ScriptEval *ev, const StrakeShellNode *node, GHashTable *saved);

// -- script_value.c: expansions
/** Copies into the plan; @size -1: up to the NUL. Unknown when the text budget is spent. */
Val script_text(ScriptEval *ev, const char *text, gssize size);
Val script_expand(ScriptEval *ev, const StrakeShellWord *word);
void script_expand_fields(ScriptEval *ev, const StrakeShellWord *words, GArray *out);
Tri script_match(ScriptEval *ev, const StrakeShellWord *pattern, Val subject);
bool script_glob_match(const char *pattern, const char *text);
Val script_arith(ScriptEval *ev, const char *expression);

// -- script_out.c: results
/** A new action at the current command; NULL-safe setters are the caller's business. */
StrakeScriptAction *script_action(ScriptEval *ev, StrakeScriptActionKind kind);
Tri script_nothing(ScriptEval *ev, const char *why);
Tri script_unhandled(ScriptEval *ev, const char *format, ...) G_GNUC_PRINTF(2, 3);
void script_reached(ScriptEval *ev, const StrakeShellNode *node);
const char *script_command_text(ScriptEval *ev, const StrakeShellNode *node);
void script_write(ScriptEval *ev, const char *text, size_t size);
void script_write_unknown(ScriptEval *ev);
ScriptSink script_sink(ScriptEval *ev, SinkKind kind);
void script_sink_clear(ScriptSink *sink);
/** The collected FILE output, at the end of the redirection. */
void script_sink_to_file(ScriptEval *ev, ScriptSink *sink, Val path, bool append);

// -- script_fs.c: paths, modes, owners
/** Absolute, without double slashes, usr-merged; unknown when @value is relative or unknown. */
Val script_path(ScriptEval *ev, Val value);
/** 'f', 'd', 'l' for what exists after installation so far, 0 unknown or absent. */
char script_path_type(ScriptEval *ev, const char *path);
bool script_in_payload(ScriptEval *ev, const char *path, char *out_type);
/** What the link of a merged /usr at @path points to, with slashes around; NULL: no such link. */
const char *script_base_link(const char *path);
/** Paths of Debian's that no system of this distribution has. */
bool script_known_absent(const char *path);
bool script_volatile(const char *path); // below /run, /tmp, /proc, /sys, /dev
/** Was @object made on the other side of a fork that we are on? */
bool script_on_other_side(const ScriptEval *ev, const ScriptObject *object);
/** What the scripts have made at @path so far, NULL when nothing, or only on another side. */
ScriptObject *script_object(ScriptEval *ev, const char *path);
Tri script_make_dir(
	ScriptEval *ev, const char *path, int mode, const char *owner, const char *group);
Tri script_make_link(ScriptEval *ev, const char *path, const char *target);
Tri script_make_file(ScriptEval *ev, const char *path, const char *content, size_t size, int mode);
Tri script_make_copy(ScriptEval *ev, const char *from, const char *to, int mode, const char *owner,
	const char *group, bool recursive);
Tri script_change(ScriptEval *ev, const char *path, int mode, const char *owner, const char *group,
	bool recursive);
/** Have the scripts made anything below @dir? */
bool script_made_below(const ScriptEval *ev, const char *dir);
void script_forget_object(ScriptEval *ev, const char *path);
/** Octal or symbolic on top of @old; -1 when it cannot be told. */
int script_parse_mode(const char *text, int old);
/** After all scripts: the tmpfiles.d lines, and removed directories that nothing replaced. */
void script_fs_finish(ScriptEval *ev);

// -- script_command.c and script_cmd_*.c: what commands mean
const ScriptCommand *script_command_find(const char *basename);
const ScriptCommand *script_command_table(size_t *out_count);
const char *const *script_section_table(size_t *out_count);
/** Cache tools also live in their library's own directory. */
bool script_command_is_cache(const char *basename);

/** Arguments split by getopt rules of one command. */
typedef struct {
	GPtrArray *operands; // Val
	GHashTable *options; // "m" or "mode" -> Val ("" for flags)
	bool clear;          // all options were known ones and no value is unknown
	bool many;           // some operand may be several, or a pattern
	const char *bad;     // the first option that is not in the list
} ScriptOptions;

/** @spec: "p,parents m:,mode: Z" - names of one option joined by commas, a colon with an
 * argument; the first name is the key. */
ScriptOptions *script_options(ScriptEval *ev, const ScriptCall *call, const char *spec);
void script_options_free(ScriptOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ScriptOptions, script_options_free)
static inline bool script_has(const ScriptOptions *o, const char *key)
{
	return g_hash_table_contains(o->options, key);
}
static inline Val script_opt(const ScriptOptions *o, const char *key)
{
	return g_hash_table_lookup(o->options, key);
}
static inline Val script_operand(const ScriptOptions *o, size_t i)
{
	return i < o->operands->len ? g_ptr_array_index(o->operands, i) : NULL;
}

// Handlers, by file. The table in script_command.c is the list.
#define SCRIPT_HANDLER(name) Tri name(ScriptEval *ev, const ScriptCall *call)
SCRIPT_HANDLER(script_cmd_mkdir); // script_cmd_file.c
SCRIPT_HANDLER(script_cmd_rmdir);
SCRIPT_HANDLER(script_cmd_chown);
SCRIPT_HANDLER(script_cmd_chgrp);
SCRIPT_HANDLER(script_cmd_chmod);
SCRIPT_HANDLER(script_cmd_install);
SCRIPT_HANDLER(script_cmd_ln);
SCRIPT_HANDLER(script_cmd_cp);
SCRIPT_HANDLER(script_cmd_mv);
SCRIPT_HANDLER(script_cmd_rm);
SCRIPT_HANDLER(script_cmd_touch);
SCRIPT_HANDLER(script_cmd_setcap);
SCRIPT_HANDLER(script_cmd_adduser); // script_cmd_account.c
SCRIPT_HANDLER(script_cmd_addgroup);
SCRIPT_HANDLER(script_cmd_useradd);
SCRIPT_HANDLER(script_cmd_groupadd);
SCRIPT_HANDLER(script_cmd_usermod);
SCRIPT_HANDLER(script_cmd_gpasswd);
SCRIPT_HANDLER(script_cmd_alternatives); // script_cmd_debian.c
SCRIPT_HANDLER(script_cmd_divert);
SCRIPT_HANDLER(script_cmd_statoverride);
SCRIPT_HANDLER(script_cmd_maintscript_helper);
SCRIPT_HANDLER(script_cmd_dpkg);
SCRIPT_HANDLER(script_cmd_ucf);
SCRIPT_HANDLER(script_cmd_apache2_invoke);
SCRIPT_HANDLER(script_cmd_deb_systemd_helper); // script_cmd_unit.c
SCRIPT_HANDLER(script_cmd_deb_systemd_invoke);
SCRIPT_HANDLER(script_cmd_systemctl);
SCRIPT_HANDLER(script_cmd_journalctl);
SCRIPT_HANDLER(script_cmd_udevadm);
SCRIPT_HANDLER(script_cmd_db_get); // script_cmd_debconf.c
SCRIPT_HANDLER(script_cmd_db_set);
SCRIPT_HANDLER(script_cmd_db_query);
SCRIPT_HANDLER(script_cmd_source); // script_cmd_shell.c, script_cmd_text.c
SCRIPT_HANDLER(script_cmd_echo);
SCRIPT_HANDLER(script_cmd_printf);
SCRIPT_HANDLER(script_cmd_cat);
SCRIPT_HANDLER(script_cmd_tee);
SCRIPT_HANDLER(script_cmd_read);
SCRIPT_HANDLER(script_cmd_test);
SCRIPT_HANDLER(script_cmd_set);
SCRIPT_HANDLER(script_cmd_shift);
SCRIPT_HANDLER(script_cmd_unset);
SCRIPT_HANDLER(script_cmd_export);
SCRIPT_HANDLER(script_cmd_leave);
SCRIPT_HANDLER(script_cmd_true);
SCRIPT_HANDLER(script_cmd_false);
SCRIPT_HANDLER(script_cmd_umask);
SCRIPT_HANDLER(script_cmd_basename);
SCRIPT_HANDLER(script_cmd_dirname);
SCRIPT_HANDLER(script_cmd_readlink);
SCRIPT_HANDLER(script_cmd_trap);
SCRIPT_HANDLER(script_cmd_mktemp);
SCRIPT_HANDLER(script_cmd_query); // reads and prints
SCRIPT_HANDLER(script_cmd_id);
SCRIPT_HANDLER(script_cmd_command);
SCRIPT_HANDLER(script_cmd_sed);
SCRIPT_HANDLER(script_cmd_awk);
SCRIPT_HANDLER(script_cmd_find);
SCRIPT_HANDLER(script_cmd_xargs);
SCRIPT_HANDLER(script_cmd_expr);
SCRIPT_HANDLER(script_cmd_exec);
SCRIPT_HANDLER(script_cmd_nothing);
SCRIPT_HANDLER(script_cmd_cache);

/** The `templates` member: question -> default answer (owned by @strings). */
bool script_templates_parse(
	GBytes *templates, GStringChunk *strings, GHashTable *answers, GError **error);
/** script_section_known: is debhelper section @kind ("installsystemd") one of the table? */
bool script_section_known(const char *kind);
/** script_section_cache: the cache that stands for the whole of such sections, or NULL. */
const char *script_section_cache(const char *kind);
/** Is @node part of a section that one action stands for? Then it is not walked over. */
bool script_skip_section(ScriptEval *ev, const StrakeShellNode *node);
