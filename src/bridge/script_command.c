// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The table of commands that maintainer scripts use, and the handlers that need no file of their
// own. A command that is not here is unhandled; a row that says NOTHING says why.
#include "bridge/script_private.h"

#include <string.h>

#define RESTART "services start at boot from their unit files"
#define NO_DEBCONF "no questions are asked; the answers are the templates' defaults"
#define NO_UCF "the package manager keeps changed configuration (%config(noreplace))"
#define RUNTIME "acts on the running system; an image is not running"
#define OUTPUT "prints a message"
#define DEAD_OLD "cleans up after a version older than this distribution"
#define LABELS "labels come from the image's own file contexts"

#define KERNEL "the kernel is started as a unified image, which the image composer makes"

// Sorted by name (a test checks it). Full paths name programs outside the usual directories.
static const ScriptCommand commands[] = {
	{".", script_cmd_source, NULL},
	{"/usr/lib/emacsen-common/emacs-package-install", script_cmd_cache, "emacs"},
	{"/usr/lib/runit-helper/runit-helper", script_cmd_nothing, "runit is not the init system"},
	{"/usr/libexec/libselinux/selinux_compile_fcontexts", script_cmd_nothing,
		"file contexts are compiled when the policy is built"},
	{":", script_cmd_true, NULL},
	{"[", script_cmd_test, "["},
	{"a2query", script_cmd_query, NULL},
	{"aa-enabled", script_cmd_query, NULL},
	{"aa-status", script_cmd_query, NULL},
	{"addgroup", script_cmd_addgroup, NULL},
	{"adduser", script_cmd_adduser, NULL},
	{"apache2_invoke", script_cmd_apache2_invoke, NULL},
	{"apache2_msg", script_cmd_nothing, OUTPUT},
	{"apache2ctl", script_cmd_nothing, RESTART},
	{"apparmor_parser", script_cmd_nothing, "AppArmor is not used; SELinux is"},
	{"awk", script_cmd_awk, NULL},
	{"base64", script_cmd_query, NULL},
	{"basename", script_cmd_basename, NULL},
	{"blkid", script_cmd_query, NULL},
	{"break", script_cmd_leave, "break"},
	{"bzcat", script_cmd_query, NULL},
	{"cat", script_cmd_cat, NULL},
	{"cd", script_cmd_nothing, "relative paths after it are not followed"},
	{"chgrp", script_cmd_chgrp, NULL},
	{"chmod", script_cmd_chmod, NULL},
	{"chown", script_cmd_chown, NULL},
	{"cmp", script_cmd_query, NULL},
	{"comm", script_cmd_query, NULL},
	{"command", script_cmd_command, NULL},
	{"continue", script_cmd_leave, "continue"},
	{"cp", script_cmd_cp, NULL},
	{"cut", script_cmd_query, NULL},
	{"date", script_cmd_query, NULL},
	{"db_beginblock", script_cmd_nothing, NO_DEBCONF},
	{"db_capb", script_cmd_nothing, NO_DEBCONF},
	{"db_clear", script_cmd_nothing, NO_DEBCONF},
	{"db_data", script_cmd_nothing, NO_DEBCONF},
	{"db_endblock", script_cmd_nothing, NO_DEBCONF},
	{"db_fget", script_cmd_db_query, NULL},
	{"db_fset", script_cmd_nothing, NO_DEBCONF},
	{"db_get", script_cmd_db_get, NULL},
	{"db_go", script_cmd_nothing, NO_DEBCONF},
	{"db_info", script_cmd_nothing, NO_DEBCONF},
	{"db_input", script_cmd_nothing, NO_DEBCONF},
	{"db_metaget", script_cmd_db_query, NULL},
	{"db_progress", script_cmd_nothing, NO_DEBCONF},
	{"db_purge", script_cmd_nothing, NO_DEBCONF},
	{"db_register", script_cmd_nothing, NO_DEBCONF},
	{"db_reset", script_cmd_db_set, "reset"},
	{"db_set", script_cmd_db_set, NULL},
	{"db_settitle", script_cmd_nothing, NO_DEBCONF},
	{"db_stop", script_cmd_nothing, NO_DEBCONF},
	{"db_subst", script_cmd_nothing, NO_DEBCONF},
	{"db_title", script_cmd_nothing, NO_DEBCONF},
	{"db_unregister", script_cmd_nothing, NO_DEBCONF},
	{"db_version", script_cmd_nothing, NO_DEBCONF},
	{"db_x_loadtemplatefile", script_cmd_nothing, NO_DEBCONF},
	{"dbus-send", script_cmd_nothing, RUNTIME},
	{"deb-systemd-helper", script_cmd_deb_systemd_helper, NULL},
	{"deb-systemd-invoke", script_cmd_deb_systemd_invoke, NULL},
	{"delgroup", script_cmd_nothing, DEAD_OLD},
	{"deluser", script_cmd_nothing, DEAD_OLD},
	{"depmod", script_cmd_cache, "depmod"},
	{"df", script_cmd_query, NULL},
	{"diff", script_cmd_query, NULL},
	{"dirname", script_cmd_dirname, NULL},
	{"dpkg", script_cmd_dpkg, NULL},
	{"dpkg-divert", script_cmd_divert, NULL},
	{"dpkg-maintscript-helper", script_cmd_maintscript_helper, NULL},
	{"dpkg-query", script_cmd_query, NULL},
	{"dpkg-realpath", script_cmd_query, NULL},
	{"dpkg-statoverride", script_cmd_statoverride, NULL},
	{"dpkg-trigger", script_cmd_nothing, "file triggers do what Debian's triggers did"},
	{"dpkg-vendor", script_cmd_query, NULL},
	{"du", script_cmd_query, NULL},
	{"echo", script_cmd_echo, NULL},
	{"egrep", script_cmd_query, NULL},
	{"env", script_cmd_exec, "env"},
	{"exec", script_cmd_exec, "exec"},
	{"exit", script_cmd_leave, "exit"},
	{"export", script_cmd_export, NULL},
	{"expr", script_cmd_expr, NULL},
	{"false", script_cmd_false, NULL},
	{"fc-cache", script_cmd_cache, "fontconfig"},
	{"fgrep", script_cmd_query, NULL},
	{"file", script_cmd_query, NULL},
	{"find", script_cmd_find, NULL},
	{"findmnt", script_cmd_query, NULL},
	{"gdk-pixbuf-query-loaders", script_cmd_cache, "gdk-pixbuf"},
	{"getcap", script_cmd_query, NULL},
	{"getent", script_cmd_query, NULL},
	{"gio-querymodules", script_cmd_cache, "gio-modules"},
	{"glib-compile-schemas", script_cmd_cache, "glib-schemas"},
	{"gpasswd", script_cmd_gpasswd, NULL},
	{"grep", script_cmd_query, NULL},
	{"groupadd", script_cmd_groupadd, NULL},
	{"groupdel", script_cmd_nothing, DEAD_OLD},
	{"groups", script_cmd_query, NULL},
	{"gtk-update-icon-cache", script_cmd_cache, "icons"},
	{"hash", script_cmd_query, NULL},
	{"head", script_cmd_query, NULL},
	{"hostname", script_cmd_query, NULL},
	{"hostnamectl", script_cmd_query, NULL},
	{"id", script_cmd_id, NULL},
	{"initctl", script_cmd_nothing, RESTART},
	{"install", script_cmd_install, NULL},
	{"install-info", script_cmd_nothing, "the info directory is not kept"},
	{"invoke-rc.d", script_cmd_nothing, RESTART},
	{"ischroot", script_cmd_query, NULL},
	{"journalctl", script_cmd_journalctl, "journal-catalog"},
	{"kill", script_cmd_nothing, RUNTIME},
	{"killall", script_cmd_nothing, RUNTIME},
	{"ldconfig", script_cmd_cache, "ldconfig"},
	{"linux-check-removal", script_cmd_nothing, KERNEL},
	{"linux-run-hooks", script_cmd_nothing, KERNEL},
	{"linux-update-symlinks", script_cmd_nothing, KERNEL},
	{"ln", script_cmd_ln, NULL},
	{"local", script_cmd_export, NULL},
	{"locale", script_cmd_query, NULL},
	{"logger", script_cmd_nothing, OUTPUT},
	{"ls", script_cmd_query, NULL},
	{"lsb_release", script_cmd_query, NULL},
	{"lsmod", script_cmd_query, NULL},
	{"mandb", script_cmd_nothing, "the manual page index is not kept"},
	{"md5sum", script_cmd_query, NULL},
	{"mkdir", script_cmd_mkdir, NULL},
	{"mktemp", script_cmd_mktemp, NULL},
	{"modprobe", script_cmd_nothing, RUNTIME},
	{"mountpoint", script_cmd_query, NULL},
	{"mv", script_cmd_mv, NULL},
	{"nproc", script_cmd_query, NULL},
	{"pam-auth-update", script_cmd_cache, "pam-auth-update"},
	{"pgrep", script_cmd_query, NULL},
	{"pidof", script_cmd_query, NULL},
	{"pkill", script_cmd_nothing, RUNTIME},
	{"printf", script_cmd_printf, NULL},
	{"ps", script_cmd_query, NULL},
	{"pwd", script_cmd_query, NULL},
	{"py3clean", script_cmd_nothing, DEAD_OLD},
	{"py3compile", script_cmd_cache, "python-bytecode"},
	{"pypy3clean", script_cmd_nothing, DEAD_OLD},
	{"pypy3compile", script_cmd_cache, "python-bytecode"},
	{"read", script_cmd_read, NULL},
	{"readlink", script_cmd_readlink, NULL},
	{"readonly", script_cmd_export, NULL},
	{"realpath", script_cmd_query, NULL},
	{"restorecon", script_cmd_nothing, LABELS},
	{"return", script_cmd_leave, "return"},
	{"rm", script_cmd_rm, NULL},
	{"rmdir", script_cmd_rmdir, NULL},
	{"rmmod", script_cmd_nothing, RUNTIME},
	{"runlevel", script_cmd_query, NULL},
	{"sed", script_cmd_sed, NULL},
	{"selinuxenabled", script_cmd_query, NULL},
	{"seq", script_cmd_query, NULL},
	{"service", script_cmd_nothing, RESTART},
	{"set", script_cmd_set, NULL},
	{"setcap", script_cmd_setcap, NULL},
	{"sha1sum", script_cmd_query, NULL},
	{"sha256sum", script_cmd_query, NULL},
	{"sha512sum", script_cmd_query, NULL},
	{"shadowconfig", script_cmd_nothing,
		"systemd-sysusers keeps passwords in the shadow files"},
	{"shift", script_cmd_shift, NULL},
	{"sleep", script_cmd_true, NULL},
	{"sort", script_cmd_query, NULL},
	{"source", script_cmd_source, NULL},
	{"start-stop-daemon", script_cmd_nothing, RESTART},
	{"stat", script_cmd_query, NULL},
	{"sync", script_cmd_true, NULL},
	{"sysctl", script_cmd_nothing, RUNTIME},
	{"systemctl", script_cmd_systemctl, NULL},
	{"systemd-detect-virt", script_cmd_query, NULL},
	{"systemd-hwdb", script_cmd_cache, "hwdb"},
	{"systemd-machine-id-setup", script_cmd_nothing,
		"the machine id is made at the first boot"},
	{"systemd-sysusers", script_cmd_cache, "sysusers"},
	{"systemd-tmpfiles", script_cmd_cache, "tmpfiles"},
	{"tail", script_cmd_query, NULL},
	{"tee", script_cmd_tee, NULL},
	{"test", script_cmd_test, NULL},
	{"touch", script_cmd_touch, NULL},
	{"tr", script_cmd_query, NULL},
	{"trap", script_cmd_trap, NULL},
	{"true", script_cmd_true, NULL},
	{"tty", script_cmd_query, NULL},
	{"type", script_cmd_query, NULL},
	{"ucf", script_cmd_ucf, NULL},
	{"ucfq", script_cmd_query, NULL},
	{"ucfr", script_cmd_nothing, NO_UCF},
	{"udevadm", script_cmd_udevadm, "hwdb"},
	{"umask", script_cmd_umask, NULL},
	{"uname", script_cmd_query, NULL},
	{"uniq", script_cmd_query, NULL},
	{"unset", script_cmd_unset, NULL},
	{"update-alternatives", script_cmd_alternatives, NULL},
	{"update-ca-certificates", script_cmd_cache, "ca-certificates"},
	{"update-catalog", script_cmd_cache, "sgml-catalog"},
	{"update-default-aspell", script_cmd_cache, "dictionaries"},
	{"update-default-ispell", script_cmd_cache, "dictionaries"},
	{"update-default-wordlist", script_cmd_cache, "dictionaries"},
	{"update-desktop-database", script_cmd_cache, "desktop-database"},
	{"update-dictcommon-aspell", script_cmd_cache, "dictionaries"},
	{"update-dictcommon-hunspell", script_cmd_cache, "dictionaries"},
	{"update-fonts-alias", script_cmd_cache, "x-fonts"},
	{"update-fonts-dir", script_cmd_cache, "x-fonts"},
	{"update-fonts-scale", script_cmd_cache, "x-fonts"},
	{"update-grub", script_cmd_nothing, "the image's own boot loader starts the kernel"},
	{"update-icon-caches", script_cmd_cache, "icons"},
	{"update-initramfs", script_cmd_cache, "initrd"},
	{"update-menus", script_cmd_nothing, "Debian's menu system is not used"},
	{"update-mime-database", script_cmd_cache, "mime-database"},
	{"update-rc.d", script_cmd_nothing, "there is no System V init"},
	{"update-shells", script_cmd_cache, "shells"},
	{"update-texmf-config", script_cmd_cache, "tex"},
	{"update-xmlcatalog", script_cmd_cache, "xml-catalog"},
	{"useradd", script_cmd_useradd, NULL},
	{"userdel", script_cmd_nothing, DEAD_OLD},
	{"usermod", script_cmd_usermod, NULL},
	{"wait", script_cmd_true, NULL},
	{"wc", script_cmd_query, NULL},
	{"which", script_cmd_query, NULL},
	{"whoami", script_cmd_query, NULL},
	{"xargs", script_cmd_xargs, NULL},
	{"xzcat", script_cmd_query, NULL},
	{"zcat", script_cmd_query, NULL},
};

const ScriptCommand *script_command_table(size_t *out_count)
{
	*out_count = G_N_ELEMENTS(commands);
	return commands;
}

static int compare_name(const void *name, const void *row)
{
	return strcmp(name, ((const ScriptCommand *)row)->name);
}

const ScriptCommand *script_command_find(const char *basename)
{
	return bsearch(
		basename, commands, G_N_ELEMENTS(commands), sizeof(commands[0]), compare_name);
}

bool script_command_is_cache(const char *basename)
{
	const ScriptCommand *row = script_command_find(basename);

	return row != NULL && row->handler == script_cmd_cache;
}

// -- handlers of many rows

Tri script_cmd_nothing(ScriptEval *ev, const ScriptCall *call)
{
	const char *why = call->row->data;

	script_write_unknown(ev);
	script_nothing(ev, why);
	// What the running system answers is not known, and a script may act on it.
	return strcmp(why, RUNTIME) == 0 || strcmp(why, RESTART) == 0 ? TRI_UNKNOWN : TRI_TRUE;
}

Tri script_cmd_cache(ScriptEval *ev, const ScriptCall *call)
{
	if (ev->removal)
		return TRI_TRUE;
	script_write_unknown(ev);
	script_action(ev, STRAKE_SCRIPT_CACHE)->name = call->row->data;
	return TRI_TRUE;
}

/** Reads the system and prints: no effect, and an output and status that nobody knows now. */
Tri script_cmd_query(ScriptEval *ev, const ScriptCall *call)
{
	script_write_unknown(ev);
	for (size_t i = 0; strcmp(call->row->name, "sort") == 0 && i < call->argc; i++)
		if (!val_known(call->argv[i].value) ||
			g_str_has_prefix(call->argv[i].value, "-o") ||
			g_str_has_prefix(call->argv[i].value, "--output"))
			return script_unhandled(ev, "may write its result to a file");
	return TRI_UNKNOWN;
}

/** id -u: only root runs maintainer scripts. */
Tri script_cmd_id(ScriptEval *ev, const ScriptCall *call)
{
	if (call->argc != 1 || !val_known(call->argv[0].value) ||
		strcmp(call->argv[0].value, "-u") != 0)
		return script_cmd_query(ev, call);
	script_write(ev, "0\n", 2);
	return TRI_TRUE;
}

// -- options

typedef struct {
	const char *key;
	size_t key_size;
	bool argument;
} OptionSpec;

/** Finds option @name in "p,parents m:,mode: Z"; the key is the first of its names. */
static bool find_option(const char *spec, const char *name, size_t size, OptionSpec *out)
{
	const char *group = spec;

	while (*group != '\0') {
		size_t group_size = strcspn(group, " ");

		for (const char *p = group; p < group + group_size;) {
			size_t n = strcspn(p, ", ");
			bool argument = n > 0 && p[n - 1] == ':';
			size_t bare = argument ? n - 1 : n;

			if (bare == size && memcmp(p, name, size) == 0) {
				size_t key = strcspn(group, ":, ");

				*out = (OptionSpec){group, key, argument};
				return true;
			}
			p += n + (p[n] == ',');
		}
		group += group_size;
		while (*group == ' ')
			group++;
	}
	return false;
}

static void add_option(ScriptOptions *o, const OptionSpec *spec, Val value)
{
	if (!val_known(value))
		o->clear = false;
	g_hash_table_insert(o->options, g_strndup(spec->key, spec->key_size), (gpointer)value);
}

static void bad_option(ScriptOptions *o, const char *option)
{
	o->clear = false;
	if (o->bad == NULL)
		o->bad = option;
}

/** --name, --name=value, --name value. Returns how many arguments were used. */
static size_t take_long(
	ScriptEval *ev, ScriptOptions *o, const ScriptCall *call, size_t i, const char *spec)
{
	Val arg = call->argv[i].value;
	size_t size = strcspn(arg + 2, "=");
	const char *equals = arg[2 + size] == '=' ? arg + 3 + size : NULL;
	OptionSpec found;

	if (!find_option(spec, arg + 2, size, &found)) {
		bad_option(o, arg);
		return 1;
	}
	if (!found.argument) {
		add_option(o, &found, "");
		return 1;
	}
	if (equals != NULL) {
		add_option(o, &found, script_text(ev, equals, -1));
		return 1;
	}
	if (i + 1 >= call->argc || call->argv[i + 1].many) {
		bad_option(o, arg);
		return 1;
	}
	add_option(o, &found, call->argv[i + 1].value);
	return 2;
}

/** -abc, -m755, -m 755. */
static size_t take_short(
	ScriptEval *ev, ScriptOptions *o, const ScriptCall *call, size_t i, const char *spec)
{
	Val arg = call->argv[i].value;

	for (const char *p = arg + 1; *p != '\0'; p++) {
		OptionSpec found;

		if (!find_option(spec, p, 1, &found)) {
			bad_option(o, arg);
			return 1;
		}
		if (!found.argument) {
			add_option(o, &found, "");
			continue;
		}
		if (p[1] != '\0') {
			add_option(o, &found, script_text(ev, p + 1, -1));
			return 1;
		}
		if (i + 1 >= call->argc || call->argv[i + 1].many) {
			bad_option(o, arg);
			return 1;
		}
		add_option(o, &found, call->argv[i + 1].value);
		return 2;
	}
	return 1;
}

ScriptOptions *script_options(ScriptEval *ev, const ScriptCall *call, const char *spec)
{
	ScriptOptions *o = g_new0(ScriptOptions, 1);
	bool operands_only = false;

	o->operands = g_ptr_array_new();
	o->options = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	o->clear = true;
	for (size_t i = 0; i < call->argc;) {
		const ScriptArg *arg = &call->argv[i];
		Val v = arg->value;

		if (!val_known(v) && v != script_val_temp && arg->many)
			o->clear = false; // it may be an option
		if (!operands_only && val_known(v) && strcmp(v, "--") == 0) {
			operands_only = true;
			i++;
		} else if (!operands_only && val_known(v) && v[0] == '-' && v[1] == '-') {
			i += take_long(ev, o, call, i, spec);
		} else if (!operands_only && val_known(v) && v[0] == '-' && v[1] != '\0') {
			i += take_short(ev, o, call, i, spec);
		} else {
			o->many |= arg->many || arg->glob;
			g_ptr_array_add(o->operands, (gpointer)v);
			i++;
		}
	}
	return o;
}

void script_options_free(ScriptOptions *o)
{
	if (o == NULL)
		return;
	g_ptr_array_unref(o->operands);
	g_hash_table_unref(o->options);
	g_free(o);
}
