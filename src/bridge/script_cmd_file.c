// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Commands on files: mkdir, chown, chmod, install, ln, cp, mv, rm, touch, setcap.
#include "bridge/script_private.h"

#include <string.h>

static Tri unclear(ScriptEval *ev, const ScriptOptions *o)
{
	if (o->bad != NULL)
		return script_unhandled(ev, "option '%.40s' has no rule", o->bad);
	return script_unhandled(ev, "an argument is only known at run time");
}

/** Operand @i as a path; what is below a mktemp name needs no action: *@out_temp. */
static Val operand_path(ScriptEval *ev, const ScriptOptions *o, size_t i, bool *out_temp)
{
	Val v = script_operand(o, i);

	*out_temp = v == script_val_temp ||
		    (v != NULL && val_known(v) && v[0] == '/' &&
			    (g_str_has_prefix(v, "/tmp/") || g_str_has_prefix(v, "/dev/")));
	return script_path(ev, v);
}

static Tri unknown_path(ScriptEval *ev)
{
	return script_unhandled(ev, "which file this is about is only known at run time");
}

Tri script_cmd_mkdir(ScriptEval *ev, const ScriptCall *call)
{
	g_autoptr(ScriptOptions) o = script_options(ev, call, "p,parents m:,mode: v,verbose Z");
	int mode = -1;

	if (!o->clear)
		return unclear(ev, o);
	if (o->many)
		return unknown_path(ev);
	if (script_has(o, "m") && (mode = script_parse_mode(script_opt(o, "m"), -1)) < 0)
		return script_unhandled(ev, "mode '%.20s' is not understood", script_opt(o, "m"));
	for (size_t i = 0; i < o->operands->len; i++) {
		bool temp;
		Val path = operand_path(ev, o, i, &temp);

		if (!temp && !val_known(path))
			return unknown_path(ev);
		if (temp)
			script_nothing(ev, "a temporary directory");
		else
			script_make_dir(ev, path, mode, NULL, NULL);
	}
	return TRI_TRUE;
}

Tri script_cmd_rmdir(ScriptEval *ev, const ScriptCall *call)
{
	g_autoptr(ScriptOptions) o =
		script_options(ev, call, "p,parents v,verbose ignore-fail-on-non-empty");

	if (!o->clear)
		return unclear(ev, o);
	for (size_t i = 0; i < o->operands->len; i++) {
		bool temp;
		Val path = operand_path(ev, o, i, &temp);
		char type;

		if (temp)
			continue;
		if (!val_known(path) || o->many)
			return unknown_path(ev);
		if (ev->removal)
			continue;
		if (script_object(ev, path) != NULL || script_has(o, "p"))
			return script_unhandled(ev, "takes away %s, which a script made", path);
		if (ev->kind != STRAKE_SCRIPT_PREINST && script_in_payload(ev, path, &type)) {
			ScriptObject *object = g_new0(ScriptObject, 1);

			if (type != 'd' || script_is_maybe(ev)) {
				g_free(object);
				return script_unhandled(ev, "may take away the package's %s", path);
			}
			object->removed = true; // fine when a link comes in its place
			g_hash_table_insert(
				ev->objects, (gpointer)script_text(ev, path, -1), object);
			continue;
		}
		script_nothing(ev, "not there on a new system");
	}
	return TRI_UNKNOWN;
}

// -- owner and mode

static const char *account_name(const char *text)
{
	return strcmp(text, "0") == 0 ? "root" : text;
}

/** Debian's fixed accounts whose login group has their name. */
static bool has_own_group(const char *user)
{
	static const char *const users[] = {"root", "daemon", "bin", "sys", "games", "man", "lp",
		"mail", "news", "uucp", "proxy", "www-data", "backup", "list", "irc"};

	for (size_t i = 0; i < G_N_ELEMENTS(users); i++)
		if (strcmp(users[i], user) == 0)
			return true;
	return false;
}

/** "user:group", "user:", ":group", "user.group". */
static bool split_owner(
	ScriptEval *ev, const char *text, const char **out_owner, const char **out_group)
{
	const char *colon = strchr(text, ':');
	g_autofree char *owner = NULL;

	if (colon == NULL)
		colon = strchr(text, '.');
	owner = colon != NULL ? g_strndup(text, (size_t)(colon - text)) : g_strdup(text);
	*out_owner = owner[0] != '\0' ? account_name(script_text(ev, owner, -1)) : NULL;
	*out_group = NULL;
	if (colon != NULL && colon[1] != '\0')
		*out_group = account_name(colon + 1);
	else if (colon != NULL && *out_owner != NULL) {
		// "user:": the login group, which is the user's name for accounts made here.
		if (!has_own_group(*out_owner) && !g_hash_table_contains(ev->accounts, *out_owner))
			return false;
		*out_group = *out_owner;
	}
	return true;
}

static Tri change_all(ScriptEval *ev, const ScriptOptions *o, const char *mode_text,
	const char *owner, const char *group, bool recursive)
{
	if (o->many)
		return unknown_path(ev);
	for (size_t i = 1; i < o->operands->len; i++) {
		bool temp;
		Val path = operand_path(ev, o, i, &temp);
		const ScriptObject *object;
		int mode = -1;

		if (temp) {
			script_nothing(ev, "a temporary file");
			continue;
		}
		if (!val_known(path))
			return unknown_path(ev);
		object = script_object(ev, path);
		if (mode_text != NULL) {
			int old = object != NULL && object->action != NULL ? object->action->mode
									   : -1;

			if (old < 0 && ev->in->path_mode != NULL)
				old = ev->in->path_mode(path, ev->in->path_data);

			mode = script_parse_mode(mode_text, old);
			if (mode < 0)
				return script_unhandled(ev,
					"mode '%.20s' needs the present mode of %s", mode_text,
					path);
		}
		// The upper-case Z of tmpfiles.d sets one mode for files and directories.
		if (recursive && mode >= 0)
			return script_unhandled(ev, "sets modes of a whole tree");
		script_change(ev, path, mode, owner, group, recursive);
	}
	return TRI_TRUE;
}

static Tri chown_like(ScriptEval *ev, const ScriptCall *call, bool group_only)
{
	g_autoptr(ScriptOptions) o = script_options(ev, call,
		"R,recursive h,no-dereference f,silent,quiet c,changes v,verbose dereference "
		"preserve-root H L P from:");
	Val who = script_operand(o, 0);
	const char *owner = NULL, *group = NULL;

	if (!o->clear || who == NULL)
		return unclear(ev, o);
	if (!val_known(who))
		return script_unhandled(ev, "the owner is only known at run time");
	if (script_has(o, "from"))
		return script_unhandled(ev, "changes owners by what they are now");
	if (group_only)
		group = account_name(who);
	else if (!split_owner(ev, who, &owner, &group))
		return script_unhandled(ev, "the login group of '%.40s' is not known", who);
	return change_all(ev, o, NULL, owner, group, script_has(o, "R"));
}

Tri script_cmd_chown(ScriptEval *ev, const ScriptCall *call)
{
	return chown_like(ev, call, false);
}

Tri script_cmd_chgrp(ScriptEval *ev, const ScriptCall *call)
{
	return chown_like(ev, call, true);
}

Tri script_cmd_chmod(ScriptEval *ev, const ScriptCall *call)
{
	// A mode that takes rights away looks like an option: -w, -x.
	g_autoptr(ScriptOptions) o = script_options(ev, call,
		"R,recursive f,silent,quiet c,changes v,verbose preserve-root reference:");
	Val mode = script_operand(o, 0);

	if (!o->clear || mode == NULL || script_has(o, "reference"))
		return unclear(ev, o);
	if (!val_known(mode))
		return script_unhandled(ev, "the mode is only known at run time");
	return change_all(ev, o, mode, NULL, NULL, script_has(o, "R"));
}

/** setcap CAPABILITY FILE [CAPABILITY FILE]... */
Tri script_cmd_setcap(ScriptEval *ev, const ScriptCall *call)
{
	g_autoptr(ScriptOptions) o = script_options(ev, call, "q r v n:");

	if (script_has(o, "r") && script_is_maybe(ev))
		return script_nothing(ev, "a packaged file has no capability to take away");
	if (!o->clear || o->operands->len % 2 != 0 || o->many || script_has(o, "r") ||
		script_has(o, "v") || script_has(o, "n"))
		return script_unhandled(ev, "this use of setcap has no rule");
	for (size_t i = 0; i < o->operands->len && !ev->removal; i += 2) {
		Val capability = script_operand(o, i);
		bool temp;
		Val path = operand_path(ev, o, i + 1, &temp);
		StrakeScriptAction *action;

		if (!val_known(capability) || !val_known(path))
			return unknown_path(ev);
		if (!script_in_payload(ev, path, NULL))
			return script_unhandled(ev, "%s is no file of this package", path);
		action = script_action(ev, STRAKE_SCRIPT_CAPABILITY);
		action->path = path;
		action->capability = capability;
	}
	return TRI_TRUE;
}

// -- making files

/** cp and ln into a directory: its path plus the source's last part. */
static Val into_directory(ScriptEval *ev, const char *dir, const char *source)
{
	g_autofree char *name = g_path_get_basename(source);
	g_autofree char *path = g_build_filename(dir, name, NULL);

	return script_text(ev, path, -1);
}

static bool names_directory(ScriptEval *ev, Val raw, const char *path)
{
	return script_path_type(ev, path) == 'd' || g_str_has_suffix(raw, "/");
}

/** May @path be a directory of another package, so that the file would go into it? */
static bool may_be_directory(ScriptEval *ev, const char *path, const char *source)
{
	static const char *const common[] = {"/etc/init.d", "/etc/ssl/certs", "/etc/ssl/private",
		"/usr/local/bin", "/usr/local/lib", "/usr/local/sbin", "/usr/share/applications",
		"/var/www", "/var/www/html", "/usr/lib/systemd/system", "/etc/systemd/system"};

	if (script_path_type(ev, path) != 0)
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(common); i++)
		if (strcmp(path, common[i]) == 0)
			return true;
	return (g_str_has_suffix(path, ".d") && !g_str_has_suffix(source, ".d")) ||
	       g_str_has_suffix(path, "-enabled") || g_str_has_suffix(path, "-available");
}

static Tri unsure_directory(ScriptEval *ev, const char *path)
{
	return script_unhandled(ev, "%s may be a directory of another package", path);
}

static Tri install_directories(
	ScriptEval *ev, const ScriptOptions *o, int mode, const char *owner, const char *group)
{
	for (size_t i = 0; i < o->operands->len; i++) {
		bool temp;
		Val path = operand_path(ev, o, i, &temp);

		if (temp)
			continue;
		if (!val_known(path))
			return unknown_path(ev);
		script_make_dir(ev, path, mode >= 0 ? mode : 0755, owner, group);
	}
	return TRI_TRUE;
}

static Tri copy_one(ScriptEval *ev, const char *from, const char *to, int mode, const char *owner,
	const char *group)
{
	const ScriptObject *object = script_object(ev, from);

	if (object != NULL && object->action != NULL &&
		object->action->kind == STRAKE_SCRIPT_FILE && !script_is_maybe(ev) &&
		!object->action->maybe)
		return script_make_file(ev, to, object->action->content,
			object->action->content_size, mode >= 0 ? mode : object->action->mode);
	return script_make_copy(ev, from, to, mode, owner, group, false);
}

Tri script_cmd_install(ScriptEval *ev, const ScriptCall *call)
{
	g_autoptr(ScriptOptions) o = script_options(ev, call,
		"d,directory m:,mode: o:,owner: g:,group: D p,preserve-timestamps c v,verbose "
		"T,no-target-directory Z C,compare s,strip");
	const char *owner = script_opt(o, "o"), *group = script_opt(o, "g");
	int mode = -1;
	bool temp;
	Val from, to;

	if (!o->clear)
		return unclear(ev, o);
	if (o->many)
		return unknown_path(ev);
	if (script_has(o, "m") && (mode = script_parse_mode(script_opt(o, "m"), -1)) < 0)
		return script_unhandled(ev, "mode '%.20s' is not understood", script_opt(o, "m"));
	owner = owner != NULL ? account_name(owner) : NULL;
	group = group != NULL ? account_name(group) : NULL;
	if (script_has(o, "d"))
		return install_directories(ev, o, mode, owner, group);
	from = script_operand(o, 0);
	to = operand_path(ev, o, 1, &temp);
	if (o->operands->len != 2)
		return script_unhandled(ev, "only 'install FROM TO' has a rule");
	if (temp)
		return script_nothing(ev, "a temporary file");
	if (!val_known(to) || !val_known(from))
		return unknown_path(ev);
	if (strcmp(from, "/dev/null") == 0) {
		script_make_file(ev, to, "", 0, mode >= 0 ? mode : 0755);
	} else {
		Val path = script_path(ev, from);

		if (!val_known(path))
			return unknown_path(ev);
		if (!script_has(o, "T") && names_directory(ev, script_operand(o, 1), to))
			to = into_directory(ev, to, path);
		else if (!script_has(o, "T") && may_be_directory(ev, to, path))
			return unsure_directory(ev, to);
		copy_one(ev, path, to, mode >= 0 ? mode : 0755, owner, group);
	}
	if (owner != NULL || group != NULL)
		if (script_object(ev, to) != NULL)
			script_change(ev, to, -1, owner, group, false);
	return TRI_TRUE;
}

Tri script_cmd_ln(ScriptEval *ev, const ScriptCall *call)
{
	g_autoptr(ScriptOptions) o = script_options(ev, call,
		"s,symbolic f,force n,no-dereference T,no-target-directory v,verbose r,relative");
	Val target = script_operand(o, 0);
	bool temp;
	Val path = operand_path(ev, o, 1, &temp);

	if (!o->clear)
		return unclear(ev, o);
	if (temp)
		return script_nothing(ev, "a temporary link");
	if (!script_has(o, "s") || script_has(o, "r") || o->operands->len != 2)
		return script_unhandled(ev, "only 'ln -s TARGET LINK' has a rule");
	if (o->many || !val_known(target) || !val_known(path))
		return unknown_path(ev);
	if (!script_has(o, "T") && names_directory(ev, script_operand(o, 1), path) &&
		!(script_has(o, "n") && script_path_type(ev, path) == 'l'))
		path = into_directory(ev, path, target);
	else if (!script_has(o, "T") && may_be_directory(ev, path, target))
		return unsure_directory(ev, path);
	return script_make_link(ev, path, target);
}

Tri script_cmd_cp(ScriptEval *ev, const ScriptCall *call)
{
	g_autoptr(ScriptOptions) o = script_options(ev, call,
		"Z a,archive p f,force n,no-clobber u,update r,R,recursive d P,no-dereference "
		"T,no-target-directory v,verbose i preserve: no-preserve: L,dereference");
	bool temp, from_temp, tree = script_has(o, "a") || script_has(o, "r") || script_has(o, "R");
	Val from = operand_path(ev, o, 0, &from_temp);
	Val to = operand_path(ev, o, 1, &temp);
	char type = 0;

	if (!o->clear)
		return unclear(ev, o);
	if (o->operands->len != 2)
		return script_unhandled(ev, "only 'cp FROM TO' has a rule");
	if (temp)
		return script_nothing(ev, "a temporary copy");
	if (from_temp)
		return script_unhandled(ev, "copies a file that was made at run time");
	if (o->many || !val_known(from) || !val_known(to))
		return unknown_path(ev);
	if (!script_has(o, "T") && names_directory(ev, script_operand(o, 1), to))
		to = into_directory(ev, to, from);
	else if (!script_has(o, "T") && may_be_directory(ev, to, from))
		return unsure_directory(ev, to);
	if (tree && script_in_payload(ev, from, &type) && type == 'd')
		return script_make_copy(ev, from, to, -1, NULL, NULL, true);
	return copy_one(ev, from, to, -1, NULL, NULL);
}

Tri script_cmd_mv(ScriptEval *ev, const ScriptCall *call)
{
	g_autoptr(ScriptOptions) o = script_options(
		ev, call, "f,force n,no-clobber v,verbose T,no-target-directory i u,update Z");
	bool temp, from_temp;
	Val from = operand_path(ev, o, 0, &from_temp);
	Val to = operand_path(ev, o, 1, &temp);
	const ScriptObject *object;

	if (!o->clear)
		return unclear(ev, o);
	if (o->operands->len != 2)
		return script_unhandled(ev, "only 'mv FROM TO' has a rule");
	if (temp && from_temp)
		return script_nothing(ev, "a temporary file");
	if (from_temp)
		return script_unhandled(ev, "the file's content was made at run time");
	if (o->many || !val_known(from) || !val_known(to))
		return unknown_path(ev);
	object = script_object(ev, from);
	if (object != NULL && object->action != NULL && !script_is_maybe(ev) &&
		!object->action->maybe && object->action->kind == STRAKE_SCRIPT_FILE) {
		StrakeScriptAction old = *object->action;

		if (names_directory(ev, script_operand(o, 1), to))
			to = into_directory(ev, to, from);
		script_forget_object(ev, from);
		return script_make_file(ev, to, old.content, old.content_size, old.mode);
	}
	if (object != NULL)
		return script_unhandled(ev, "moves %s, which a script made", from);
	if (ev->kind != STRAKE_SCRIPT_PREINST && script_in_payload(ev, from, NULL))
		return script_unhandled(ev, "moves the package's file %s", from);
	if (!script_is_maybe(ev))
		return script_unhandled(ev, "moves %s, which is not known to exist", from);
	return script_nothing(ev, "moves a file of an older version: not there on a new system");
}

/** A path with a pattern: the directory in front of it. */
static Val pattern_directory(ScriptEval *ev, const char *pattern)
{
	g_autofree char *head = g_strndup(pattern, strcspn(pattern, "*?["));
	char *slash = strrchr(head, '/');

	if (slash == NULL || slash == head)
		return script_val_unknown;
	*slash = '\0';
	return script_path(ev, head);
}

static Tri remove_one(ScriptEval *ev, const ScriptArg *arg)
{
	Val path = arg->glob && val_known(arg->value) ? pattern_directory(ev, arg->value)
						      : script_path(ev, arg->value);
	ScriptObject *object;

	if (arg->value == script_val_temp)
		return script_nothing(ev, "a temporary file");
	if (!val_known(path) || arg->many)
		return unknown_path(ev);
	if (ev->removal) {
		if (ev->purge && !arg->glob && !script_in_payload(ev, path, NULL) &&
			(g_str_has_prefix(path, "/etc/") || g_str_has_prefix(path, "/var/")))
			script_action(ev, STRAKE_SCRIPT_GHOST)->path = path;
		return TRI_TRUE;
	}
	if (script_volatile(path))
		return script_nothing(ev, "below /run or /tmp: not part of an image");
	object = script_object(ev, path);
	if (object != NULL && script_on_other_side(ev, object))
		object = NULL;
	if (object != NULL && object->action != NULL &&
		(object->action->kind == STRAKE_SCRIPT_FILE ||
			object->action->kind == STRAKE_SCRIPT_LINK ||
			object->action->kind == STRAKE_SCRIPT_COPY) &&
		!arg->glob && !script_is_maybe(ev) && !object->action->maybe) {
		script_forget_object(ev, path);
		return script_nothing(ev, "takes away what this script made");
	}
	if (object != NULL || script_made_below(ev, path))
		return script_unhandled(ev, "may take away %s, which a script made", path);
	if (ev->kind != STRAKE_SCRIPT_PREINST && script_in_payload(ev, path, NULL))
		return script_unhandled(ev, "takes away the package's %s", path);
	return script_nothing(ev, "not there on a new system");
}

Tri script_cmd_rm(ScriptEval *ev, const ScriptCall *call)
{
	for (size_t i = 0; i < call->argc; i++) {
		Val v = call->argv[i].value;

		if (val_known(v) && v[0] == '-')
			continue;
		remove_one(ev, &call->argv[i]);
	}
	return TRI_TRUE;
}

Tri script_cmd_touch(ScriptEval *ev, const ScriptCall *call)
{
	g_autoptr(ScriptOptions) o =
		script_options(ev, call, "c,no-create a m r:,reference: d:,date: t: h");

	if (!o->clear)
		return unclear(ev, o);
	if (o->many)
		return unknown_path(ev);
	for (size_t i = 0; i < o->operands->len; i++) {
		bool temp;
		Val path = operand_path(ev, o, i, &temp);

		if (temp || script_has(o, "c"))
			continue;
		if (!val_known(path))
			return unknown_path(ev);
		if (script_path_type(ev, path) != 0)
			script_nothing(ev, "only the file's time changes");
		else if (script_object(ev, path) == NULL)
			script_make_file(ev, path, "", 0, -1);
	}
	return TRI_TRUE;
}
