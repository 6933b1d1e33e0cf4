// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Debian's package tools: alternatives, diversions, statoverride, maintscript-helper, dpkg, ucf,
// and the helper of Apache's packages.
#include "bridge/script_private.h"
#include "format/deb_version.h"

#include <string.h>

// -- update-alternatives

/** TRI_FALSE: there is no such file in the package, so nothing is registered. */
static Tri put_alternative(ScriptEval *ev, const ScriptArg *args, const char *master, int priority)
{
	StrakeScriptAction *action;
	Val link = script_path(ev, args[0].value), target = script_path(ev, args[2].value);

	if (!val_known(link) || !val_known(args[1].value) || !val_known(target))
		return script_unhandled(ev, "an alternative that is only known at run time");
	if (ev->removal)
		return TRI_TRUE;
	// Debian's tool skips a slave without a file; a guarded link is guarded by its file.
	if (ev->in->path_type != NULL && (master != NULL || script_is_maybe(ev)) &&
		!script_in_payload(ev, target, NULL)) {
		script_nothing(ev, "the file behind the link is not in this package");
		return TRI_FALSE;
	}
	action = script_action(ev, STRAKE_SCRIPT_ALTERNATIVE);
	action->path = link;
	action->name = args[1].value;
	action->target = target;
	action->master = master;
	action->priority = priority;
	return TRI_TRUE;
}

/** --install LINK NAME TARGET PRIORITY [--slave LINK NAME TARGET]... */
static Tri install_alternative(ScriptEval *ev, const ScriptArg *args, size_t count)
{
	const char *master;
	char *end;
	gint64 priority;
	Tri registered;

	for (size_t i = 0; i < count; i++)
		if (args[i].many || args[i].glob || !val_known(args[i].value))
			return script_unhandled(
				ev, "an alternative that is only known at run time");
	if (count < 4)
		return script_unhandled(ev, "--install needs four arguments");
	priority = g_ascii_strtoll(args[3].value, &end, 10);
	if (args[3].value[0] == '\0' || *end != '\0' || ABS(priority) > G_MAXINT32)
		return script_unhandled(ev, "priority '%.20s' is no number", args[3].value);
	master = args[1].value;
	registered = put_alternative(ev, args, NULL, (int)priority);
	if (registered != TRI_TRUE) // without the master there are no slaves
		return registered;
	for (size_t i = 4; i < count; i += 4) {
		bool slave = strcmp(args[i].value, "--slave") == 0 ||
			     strcmp(args[i].value, "--follower") == 0;

		if (!slave && g_str_has_prefix(args[i].value, "--")) {
			i -= 3; // --quiet and the like behind
			continue;
		}
		if (!slave || i + 3 >= count)
			return script_unhandled(ev, "'%.30s' is not understood", args[i].value);
		if (put_alternative(ev, args + i + 1, master, (int)priority) == TRI_UNKNOWN)
			return TRI_UNKNOWN;
	}
	return TRI_TRUE;
}

Tri script_cmd_alternatives(ScriptEval *ev, const ScriptCall *call)
{
	for (size_t i = 0; i < call->argc; i++) {
		Val v = call->argv[i].value;

		if (!val_known(v))
			break;
		if (strcmp(v, "--install") == 0)
			return install_alternative(ev, call->argv + i + 1, call->argc - i - 1);
		if (strcmp(v, "--remove") == 0 || strcmp(v, "--remove-all") == 0 ||
			strcmp(v, "--auto") == 0)
			return script_nothing(ev, "no alternative is registered on a new system");
		if (strcmp(v, "--query") == 0 || strcmp(v, "--list") == 0 ||
			strcmp(v, "--display") == 0 || strcmp(v, "--get-selections") == 0) {
			script_write_unknown(ev);
			return TRI_UNKNOWN;
		}
		if (strcmp(v, "--altdir") == 0 || strcmp(v, "--admindir") == 0 ||
			strcmp(v, "--log") == 0)
			break;
		if (strcmp(v, "--quiet") != 0 && strcmp(v, "--force") != 0 &&
			strcmp(v, "--verbose") != 0 && strcmp(v, "--skip-auto") != 0)
			break;
	}
	return script_unhandled(ev, "this use of update-alternatives has no rule");
}

// -- diversions, overrides

Tri script_cmd_divert(ScriptEval *ev, const ScriptCall *call)
{
	g_autoptr(ScriptOptions) o = script_options(ev, call,
		"package: divert: rename no-rename add remove list listpackage truename quiet "
		"local "
		"test admindir: instdir: root:");
	Val file = script_operand(o, 0), to = script_opt(o, "divert");

	if (script_has(o, "list") || script_has(o, "listpackage")) {
		script_write_unknown(ev);
		return TRI_UNKNOWN;
	}
	if (script_has(o, "truename")) {
		if (file != NULL && val_known(file)) {
			script_write(ev, file, strlen(file));
			script_write(ev, "\n", 1);
		} else {
			script_write_unknown(ev);
		}
		return TRI_TRUE;
	}
	if (script_has(o, "remove"))
		return script_nothing(ev, "no diversion exists on a new system");
	if (!o->clear || file == NULL || !val_known(file) || to == NULL)
		return script_unhandled(ev, "a diversion that is only known at run time");
	if (g_str_has_suffix(to, ".usr-is-merged"))
		return script_nothing(ev, "a diversion for the merge of /usr, which is done");
	return script_unhandled(ev, "diverts %s of another package to %s", file, to);
}

Tri script_cmd_statoverride(ScriptEval *ev, const ScriptCall *call)
{
	g_autoptr(ScriptOptions) o = script_options(ev, call,
		"add remove list update force quiet force-all force-security "
		"force-statoverride-add "
		"force-statoverride-remove admindir:");
	Val user = script_operand(o, 0), group = script_operand(o, 1), mode = script_operand(o, 2);
	Val path = script_path(ev, script_operand(o, 3));
	int bits;

	if (script_has(o, "list"))
		return TRI_FALSE; // a new system has none, and nothing is printed
	if (script_has(o, "remove"))
		return script_nothing(ev, "no override exists on a new system");
	if (!script_has(o, "add") || !o->clear || o->operands->len != 4 || o->many ||
		!val_known(user) || !val_known(group) || !val_known(mode) || !val_known(path))
		return script_unhandled(ev, "an override that is only known at run time");
	bits = script_parse_mode(mode, -1);
	if (bits < 0)
		return script_unhandled(ev, "mode '%.20s' is not understood", mode);
	return script_change(ev, path, bits, strcmp(user, "0") == 0 ? "root" : user,
		strcmp(group, "0") == 0 ? "root" : group, false);
}

Tri script_cmd_maintscript_helper(ScriptEval *ev, const ScriptCall *call)
{
	static const char *const verbs[] = {
		"rm_conffile", "mv_conffile", "symlink_to_dir", "dir_to_symlink", "supports"};
	Val verb = call->argc > 0 ? call->argv[0].value : script_val_unknown;

	for (size_t i = 0; val_known(verb) && i < G_N_ELEMENTS(verbs); i++)
		if (strcmp(verb, verbs[i]) == 0)
			return script_nothing(ev, "moves files of a version older than this "
						  "distribution");
	return script_unhandled(ev, "this use of dpkg-maintscript-helper has no rule");
}

/** dpkg --compare-versions A OP B; @out TRI_UNKNOWN when an operand is not known. */
static Tri compare_versions(const ScriptArg *args, size_t count)
{
	static const struct {
		const char *op;
		bool less, equal, greater;
		int empty; // how an empty version counts: -1 earlier, 1 later, 0 as no version
	} ops[] = {
		{"lt", true, false, false, -1},
		{"le", true, true, false, -1},
		{"eq", false, true, false, -1},
		{"ne", true, false, true, -1},
		{"ge", false, true, true, -1},
		{"gt", false, false, true, -1},
		{"lt-nl", true, false, false, 1},
		{"le-nl", true, true, false, 1},
		{"ge-nl", false, true, true, 1},
		{"gt-nl", false, false, true, 1},
		{"<", true, true, false, -1}, // dpkg's old spelling of <=
		{"<<", true, false, false, -1},
		{"<=", true, true, false, -1},
		{"=", false, true, false, -1},
		{">=", false, true, true, -1},
		{">>", false, false, true, -1},
		{">", false, true, true, -1},
	};

	if (count != 3 || !val_known(args[0].value) || !val_known(args[1].value) ||
		!val_known(args[2].value) || args[0].many || args[2].many)
		return TRI_UNKNOWN;
	for (size_t i = 0; i < G_N_ELEMENTS(ops); i++) {
		const char *a = args[0].value, *b = args[2].value;
		int order;

		if (strcmp(args[1].value, ops[i].op) != 0)
			continue;
		if (a[0] == '\0' || b[0] == '\0')
			order = (b[0] == '\0') == (a[0] == '\0') ? 0
				: a[0] == '\0'                   ? ops[i].empty
								 : -ops[i].empty;
		else
			order = strake_deb_version_compare(a, b);
		return tri_of(order < 0 ? ops[i].less : order == 0 ? ops[i].equal : ops[i].greater);
	}
	return TRI_UNKNOWN;
}

Tri script_cmd_dpkg(ScriptEval *ev, const ScriptCall *call)
{
	Val verb = call->argc > 0 ? call->argv[0].value : script_val_unknown;
	static const char *const queries[] = {"-l", "-L", "-s", "-S", "--list", "--listfiles",
		"--status", "--search", "--get-selections", "--print-foreign-architectures",
		"--assert-multi-arch", "--assert-support-predepends", "--validate-version",
		"--audit", "-C", "--version", "--verify"};

	if (!val_known(verb))
		return script_unhandled(ev, "what dpkg is asked is only known at run time");
	if (strcmp(verb, "--compare-versions") == 0)
		return compare_versions(call->argv + 1, call->argc - 1);
	if (strcmp(verb, "--print-architecture") == 0 && ev->in->architecture != NULL) {
		script_write(ev, ev->in->architecture, strlen(ev->in->architecture));
		script_write(ev, "\n", 1);
		return TRI_TRUE;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(queries); i++)
		if (strcmp(verb, queries[i]) == 0)
			return script_cmd_query(ev, call);
	return script_unhandled(ev, "'%.30s' of dpkg has no rule", verb);
}

// -- ucf and Apache

Tri script_cmd_ucf(ScriptEval *ev, const ScriptCall *call)
{
	g_autoptr(ScriptOptions) o = script_options(ev, call,
		"n,no-action d:,debug: s:,src-dir: p,purge three-way debconf-ok debconf-template: "
		"v,verbose h sum-file: state-dir: P:,package: Z");
	Val from = script_path(ev, script_operand(o, 0));
	Val to = script_path(ev, script_operand(o, 1));
	const ScriptObject *object;

	if (script_has(o, "p"))
		return script_nothing(ev, "forgets the state of ucf, which is not used");
	if (!o->clear || o->operands->len != 2 || o->many || script_has(o, "n"))
		return script_unhandled(ev, "this use of ucf has no rule");
	if (!val_known(from) || !val_known(to))
		return script_unhandled(ev, "a configuration file that is made at run time");
	if (ev->removal)
		return TRI_TRUE;
	object = script_object(ev, from);
	if (object != NULL && object->action != NULL &&
		object->action->kind == STRAKE_SCRIPT_FILE && !object->action->maybe)
		return script_make_file(ev, to, object->action->content,
			object->action->content_size, object->action->mode);
	return script_make_copy(ev, from, to, -1, NULL, NULL, false);
}

static Tri link_if_packaged(
	ScriptEval *ev, const char *kind, const char *name, const char *suffix, bool *made)
{
	g_autofree char *source =
		g_strdup_printf("/etc/apache2/%s-available/%s%s", kind, name, suffix);
	g_autofree char *path = g_strdup_printf("/etc/apache2/%s-enabled/%s%s", kind, name, suffix);
	g_autofree char *target = g_strdup_printf("../%s-available/%s%s", kind, name, suffix);

	if (!script_in_payload(ev, source, NULL))
		return TRI_TRUE;
	*made = true;
	return script_make_link(ev, path, target);
}

/** apache2_invoke enmod|enconf|ensite NAME: what a2enmod would link. */
Tri script_cmd_apache2_invoke(ScriptEval *ev, const ScriptCall *call)
{
	Val verb = call->argc > 0 ? call->argv[0].value : script_val_unknown;
	Val name = call->argc > 1 ? call->argv[1].value : script_val_unknown;
	const char *kind;
	bool made = false;

	if (ev->removal)
		return TRI_TRUE;
	if (!val_known(verb) || !val_known(name) || strchr(name, '/') != NULL)
		return script_unhandled(ev, "which part of Apache this is about is not known");
	if (g_str_has_prefix(verb, "dis"))
		return script_nothing(ev, "nothing is enabled on a new system");
	kind = strcmp(verb, "enmod") == 0    ? "mods"
	       : strcmp(verb, "enconf") == 0 ? "conf"
	       : strcmp(verb, "ensite") == 0 ? "sites"
					     : NULL;
	if (kind == NULL)
		return script_unhandled(ev, "'%.30s' of apache2_invoke has no rule", verb);
	link_if_packaged(ev, kind, name, ".conf", &made);
	if (strcmp(kind, "mods") == 0)
		link_if_packaged(ev, kind, name, ".load", &made);
	if (!made)
		return script_unhandled(ev, "enables '%.40s', which is not in this package", name);
	return TRI_TRUE;
}
