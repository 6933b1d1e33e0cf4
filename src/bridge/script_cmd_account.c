// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Users and groups as sysusers.d lines: adduser, addgroup, useradd, groupadd, usermod, gpasswd.
#include "bridge/script_private.h"

#include <string.h>

#define ADDUSER_OPTIONS                                                                            \
	"system group q,quiet home: no-create-home shell: gecos:,comment: ingroup: uid: gid: "     \
	"disabled-password disabled-login force-badname allow-badname allow-bad-names "            \
	"allow-all-names firstuid: lastuid: firstgid: lastgid: conf: add-extra-groups verbose "    \
	"debug stdoutmsglevel: stderrmsglevel: logmsglevel: no-log "

/** Is @name a plain account name? Anything else would change the line's meaning. */
static bool good_name(const char *name)
{
	if (name[0] == '\0' || strlen(name) > 31 || name[0] == '-')
		return false;
	for (const char *p = name; *p != '\0'; p++)
		if (!g_ascii_isalnum(*p) && *p != '_' && *p != '-' && *p != '.')
			return false;
	return !g_ascii_isdigit(name[0]);
}

static void append_quoted(GString *line, const char *text)
{
	if (text == NULL || text[0] == '\0') {
		g_string_append(line, " -");
		return;
	}
	g_string_append(line, " \"");
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			g_string_append_c(line, '\\');
		if (*text == '%')
			g_string_append_c(line, '%');
		if ((unsigned char)*text >= ' ')
			g_string_append_c(line, *text);
	}
	g_string_append_c(line, '"');
}

static void append_path(GString *line, const char *path)
{
	if (path == NULL || path[0] != '/' || strpbrk(path, " \t\"'\\%\n") != NULL)
		g_string_append(line, " -");
	else
		g_string_append_printf(line, " %s", path);
}

static Tri put_line(ScriptEval *ev, const char *name, const char *text)
{
	StrakeScriptAction *action;

	for (size_t i = 0; i < ev->plan->actions->len; i++) {
		const StrakeScriptAction *old = g_ptr_array_index(ev->plan->actions, i);

		if (old->kind != STRAKE_SCRIPT_SYSUSERS || strcmp(old->name, name) != 0 ||
			old->line_text[0] != text[0] || text[0] == 'm')
			continue;
		if (strcmp(old->line_text, text) == 0)
			return script_nothing(ev, "the account is declared already");
		return script_unhandled(ev, "account '%s' is made in two ways", name);
	}
	action = script_action(ev, STRAKE_SCRIPT_SYSUSERS);
	action->name = script_text(ev, name, -1);
	action->line_text = script_text(ev, text, -1);
	g_hash_table_add(ev->accounts, (gpointer)action->name);
	return TRI_TRUE;
}

static Tri put_member(ScriptEval *ev, const char *user, const char *group)
{
	g_autofree char *line = NULL;

	if (!good_name(user) || !good_name(group))
		return script_unhandled(ev, "not a plain account name");
	line = g_strdup_printf("m %s %s", user, group);
	return put_line(ev, user, line);
}

typedef struct {
	const char *name;
	const char *uid;   // NULL: any
	const char *group; // primary group by name; NULL: one of the user's name
	const char *gid;
	const char *gecos;
	const char *home; // NULL: none
	const char *shell;
	bool make_home;
	int home_mode;
} NewUser;

static Tri put_user(ScriptEval *ev, const NewUser *user)
{
	g_autoptr(GString) line = g_string_new("u ");

	if (ev->removal)
		return TRI_TRUE;
	if (!good_name(user->name) || (user->group != NULL && !good_name(user->group)))
		return script_unhandled(ev, "not a plain account name");
	g_string_append(line, user->name);
	if (user->uid != NULL && user->group == NULL && user->gid == NULL)
		g_string_append_printf(line, " %s", user->uid);
	else if (user->group != NULL || user->gid != NULL)
		g_string_append_printf(line, " %s:%s", user->uid != NULL ? user->uid : "-",
			user->group != NULL ? user->group : user->gid);
	else
		g_string_append(line, " -");
	append_quoted(line, user->gecos);
	append_path(line, user->home);
	append_path(line, user->shell);
	if (put_line(ev, user->name, line->str) == TRI_UNKNOWN)
		return TRI_UNKNOWN;
	if (user->make_home && user->home != NULL) {
		Val home = script_path(ev, user->home);

		if (val_known(home) && !script_volatile(home) && script_path_type(ev, home) == 0)
			return script_make_dir(ev, home, user->home_mode, user->name,
				user->group != NULL ? user->group : user->name);
	}
	return TRI_TRUE;
}

static Tri put_group(ScriptEval *ev, const char *name, const char *gid)
{
	g_autofree char *line = NULL;

	if (ev->removal)
		return TRI_TRUE;
	if (!good_name(name))
		return script_unhandled(ev, "not a plain group name");
	line = g_strdup_printf("g %s %s", name, gid != NULL ? gid : "-");
	return put_line(ev, name, line);
}

static Tri unclear(ScriptEval *ev, const ScriptOptions *o)
{
	if (o->bad != NULL)
		return script_unhandled(ev, "option '%.40s' has no rule", o->bad);
	return script_unhandled(ev, "an argument is only known at run time");
}

/** @count operands, all known. */
static bool operands_known(const ScriptOptions *o, size_t count)
{
	if (o->operands->len != count || o->many)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!val_known(script_operand(o, i)))
			return false;
	return true;
}

static bool is_number(const char *text)
{
	return text == NULL || (text[0] != '\0' && strspn(text, "0123456789") == strlen(text));
}

Tri script_cmd_adduser(ScriptEval *ev, const ScriptCall *call)
{
	g_autoptr(ScriptOptions) o = script_options(ev, call, ADDUSER_OPTIONS);
	NewUser user = {.home_mode = 0755};

	if (!o->clear)
		return unclear(ev, o);
	if (!script_has(o, "system") && operands_known(o, 2))
		return ev->removal ? TRI_TRUE
				   : put_member(ev, script_operand(o, 0), script_operand(o, 1));
	if (!script_has(o, "system"))
		return script_unhandled(ev, "makes an account of a person");
	if (!operands_known(o, 1))
		return unclear(ev, o);
	user.name = script_operand(o, 0);
	user.uid = script_opt(o, "uid");
	user.gid = script_opt(o, "gid");
	user.gecos = script_opt(o, "gecos");
	user.home = script_opt(o, "home");
	user.shell = script_opt(o, "shell");
	user.make_home = !script_has(o, "no-create-home");
	if (!is_number(user.uid) || !is_number(user.gid))
		return script_unhandled(ev, "not a numeric id");
	if (script_has(o, "ingroup"))
		user.group = script_opt(o, "ingroup");
	else if (!script_has(o, "group") && user.gid == NULL)
		user.group = "nogroup"; // adduser's default for system users
	if (user.home != NULL && strcmp(user.home, "/nonexistent") == 0)
		user.home = NULL;
	return put_user(ev, &user);
}

Tri script_cmd_addgroup(ScriptEval *ev, const ScriptCall *call)
{
	g_autoptr(ScriptOptions) o = script_options(ev, call, ADDUSER_OPTIONS);

	if (!o->clear)
		return unclear(ev, o);
	if (operands_known(o, 2))
		return ev->removal ? TRI_TRUE
				   : put_member(ev, script_operand(o, 0), script_operand(o, 1));
	if (!operands_known(o, 1))
		return unclear(ev, o);
	if (!script_has(o, "system") && !script_has(o, "gid"))
		return script_unhandled(ev, "makes a group of people, not of the system");
	if (!is_number(script_opt(o, "gid")))
		return script_unhandled(ev, "not a numeric id");
	return put_group(ev, script_operand(o, 0), script_opt(o, "gid"));
}

static Tri put_members(ScriptEval *ev, const char *user, const char *groups)
{
	g_auto(GStrv) list = g_strsplit(groups, ",", -1);

	for (size_t i = 0; list[i] != NULL; i++)
		if (put_member(ev, user, list[i]) == TRI_UNKNOWN)
			return TRI_UNKNOWN;
	return TRI_TRUE;
}

Tri script_cmd_useradd(ScriptEval *ev, const ScriptCall *call)
{
	g_autoptr(ScriptOptions) o = script_options(ev, call,
		"r,system d:,home-dir:,home: s:,shell: g:,gid: G:,groups: M,no-create-home "
		"m,create-home c:,comment: u:,uid: U,user-group N,no-user-group l,no-log-init "
		"K:,key: e: F");
	NewUser user = {.home_mode = 0755};
	const char *group;

	if (!o->clear || !operands_known(o, 1))
		return unclear(ev, o);
	if (!script_has(o, "r") || script_has(o, "K"))
		return script_unhandled(ev, "makes an account of a person");
	user.name = script_operand(o, 0);
	user.uid = script_opt(o, "u");
	user.gecos = script_opt(o, "c");
	user.home = script_opt(o, "d");
	user.shell = script_has(o, "s") ? script_opt(o, "s") : "/bin/sh"; // Debian's default
	user.make_home = script_has(o, "m");
	group = script_opt(o, "g");
	if (!is_number(user.uid))
		return script_unhandled(ev, "not a numeric id");
	if (group != NULL && is_number(group))
		user.gid = group;
	else if (group != NULL && strcmp(group, user.name) != 0)
		user.group = group;
	else if (group == NULL && script_has(o, "N"))
		return script_unhandled(ev, "the primary group depends on the system");
	if (user.home != NULL && strcmp(user.home, "/nonexistent") == 0)
		user.home = NULL;
	if (put_user(ev, &user) == TRI_UNKNOWN)
		return TRI_UNKNOWN;
	return script_has(o, "G") && !ev->removal ? put_members(ev, user.name, script_opt(o, "G"))
						  : TRI_TRUE;
}

Tri script_cmd_groupadd(ScriptEval *ev, const ScriptCall *call)
{
	g_autoptr(ScriptOptions) o =
		script_options(ev, call, "r,system g:,gid: f,force o,non-unique");

	if (!o->clear || !operands_known(o, 1))
		return unclear(ev, o);
	if (!script_has(o, "r") && !script_has(o, "g"))
		return script_unhandled(ev, "makes a group of people, not of the system");
	if (!is_number(script_opt(o, "g")))
		return script_unhandled(ev, "not a numeric id");
	return put_group(ev, script_operand(o, 0), script_opt(o, "g"));
}

Tri script_cmd_usermod(ScriptEval *ev, const ScriptCall *call)
{
	g_autoptr(ScriptOptions) o = script_options(ev, call,
		"a,append G:,groups: d:,home: m,move-home s:,shell: c:,comment: g:,gid: L,lock "
		"U,unlock e:,expiredate: p:,password:");
	StrakeScriptUnhandled *draft;

	if (!o->clear || !operands_known(o, 1))
		return unclear(ev, o);
	if (ev->removal)
		return TRI_TRUE;
	if (script_has(o, "G") && script_has(o, "a") && g_hash_table_size(o->options) == 2)
		return put_members(ev, script_operand(o, 0), script_opt(o, "G"));
	if (script_has(o, "G") || !script_is_maybe(ev))
		return script_unhandled(ev, "changes an account that it did not make");
	// An update of an account that was there before: moot when this package makes it anew,
	// which only the whole script tells.
	draft = g_new0(StrakeScriptUnhandled, 1);
	draft->script = ev->kind;
	draft->line = ev->node->line;
	draft->command = script_command_text(ev, ev->node);
	draft->why = script_text(ev, script_operand(o, 0), -1); // the account, for now
	draft->maybe = true;
	g_ptr_array_add(ev->usermods, draft);
	return TRI_TRUE;
}

Tri script_cmd_gpasswd(ScriptEval *ev, const ScriptCall *call)
{
	g_autoptr(ScriptOptions) o = script_options(ev, call, "a:,add: d:,delete:");

	if (!o->clear || !operands_known(o, 1))
		return unclear(ev, o);
	if (!script_has(o, "a"))
		return script_unhandled(ev, "only 'gpasswd -a USER GROUP' has a rule");
	return ev->removal ? TRI_TRUE : put_member(ev, script_opt(o, "a"), script_operand(o, 0));
}
