// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The rules of the script analysis as text for people, from the tables that the evaluator uses.
#include <string.h>

#include "bridge/script_private.h"

enum { RULES_COLUMNS = 78 };

// What a handler makes of its commands; nothing and cache rows say it themselves.
static const struct {
	ScriptHandler handler;
	const char *meaning;
} meanings[] = {
	{script_cmd_addgroup, "sysusers.d lines"},
	{script_cmd_adduser, "sysusers.d lines"},
	{script_cmd_alternatives, "alternatives, with their slaves"},
	{script_cmd_apache2_invoke, "links in Apache's -enabled directories"},
	{script_cmd_awk, "reads only; otherwise unhandled"},
	{script_cmd_basename, "evaluated"},
	{script_cmd_cat, "evaluated"},
	{script_cmd_chgrp, "owners, modes, capabilities"},
	{script_cmd_chmod, "owners, modes, capabilities"},
	{script_cmd_chown, "owners, modes, capabilities"},
	{script_cmd_command, "evaluated"},
	{script_cmd_cp, "configuration files, copies, links, tmpfiles.d lines"},
	{script_cmd_db_get, "the templates' default answers"},
	{script_cmd_db_query, "the templates' default answers"},
	{script_cmd_db_set, "the templates' default answers"},
	{script_cmd_deb_systemd_helper, "units for presets"},
	{script_cmd_deb_systemd_invoke, "nothing: services start at boot from their unit files"},
	{script_cmd_dirname, "evaluated"},
	{script_cmd_divert, "nothing when it only serves the merge of /usr or a removal; "
			    "otherwise unhandled"},
	{script_cmd_dpkg, "evaluated"},
	{script_cmd_echo, "evaluated"},
	{script_cmd_exec, "evaluated"},
	{script_cmd_export, "evaluated"},
	{script_cmd_expr, "evaluated"},
	{script_cmd_false, "evaluated"},
	{script_cmd_find, "reads only; otherwise unhandled"},
	{script_cmd_id, "evaluated"},
	{script_cmd_gpasswd, "sysusers.d lines"},
	{script_cmd_groupadd, "sysusers.d lines"},
	{script_cmd_install, "configuration files, copies, links, tmpfiles.d lines"},
	{script_cmd_journalctl, "cache journal-catalog"},
	{script_cmd_leave, "evaluated"},
	{script_cmd_ln, "configuration files, copies, links, tmpfiles.d lines"},
	{script_cmd_maintscript_helper, "nothing: moves files of a version older than this "
					"distribution"},
	{script_cmd_mkdir, "configuration files, copies, links, tmpfiles.d lines"},
	{script_cmd_mktemp, "evaluated"},
	{script_cmd_mv, "configuration files, copies, links, tmpfiles.d lines"},
	{script_cmd_printf, "evaluated"},
	{script_cmd_query, "reads only: output and status are not known"},
	{script_cmd_read, "evaluated"},
	{script_cmd_readlink, "reads only: output and status are not known"},
	{script_cmd_rm, "configuration files, copies, links, tmpfiles.d lines"},
	{script_cmd_rmdir, "configuration files, copies, links, tmpfiles.d lines"},
	{script_cmd_sed, "reads only; otherwise unhandled"},
	{script_cmd_set, "evaluated"},
	{script_cmd_setcap, "owners, modes, capabilities"},
	{script_cmd_shift, "evaluated"},
	{script_cmd_source, "evaluated"},
	{script_cmd_statoverride, "owners, modes, capabilities"},
	{script_cmd_systemctl, "units for presets"},
	{script_cmd_tee, "evaluated"},
	{script_cmd_test, "evaluated"},
	{script_cmd_touch, "configuration files, copies, links, tmpfiles.d lines"},
	{script_cmd_trap, "nothing when it only cleans up; otherwise unhandled"},
	{script_cmd_true, "evaluated"},
	{script_cmd_ucf, "configuration files, copies, links, tmpfiles.d lines"},
	{script_cmd_udevadm, "cache hwdb"},
	{script_cmd_umask, "evaluated"},
	{script_cmd_unset, "evaluated"},
	{script_cmd_useradd, "sysusers.d lines"},
	{script_cmd_usermod, "sysusers.d lines"},
	{script_cmd_xargs, "evaluated"},
};

static char *meaning_of(const ScriptCommand *row)
{
	if (row->handler == script_cmd_nothing)
		return g_strdup_printf("nothing: %s", row->data);
	if (row->handler == script_cmd_cache)
		return g_strdup_printf("cache %s", row->data);
	for (size_t i = 0; i < G_N_ELEMENTS(meanings); i++)
		if (meanings[i].handler == row->handler)
			return g_strdup(meanings[i].meaning);
	return g_strdup("?"); // a test looks for it
}

static void append_wrapped(GString *out, const GPtrArray *words)
{
	size_t column = 0;

	for (size_t i = 0; i < words->len; i++) {
		const char *word = g_ptr_array_index(words, i);

		if (column + strlen(word) + 1 > RULES_COLUMNS || column == 0) {
			g_string_append(out, column == 0 ? "   " : "\n   ");
			column = 3;
		}
		g_string_append_printf(out, " %s", word);
		column += strlen(word) + 1;
	}
	g_string_append_c(out, '\n');
}

char *strake_script_rules(void)
{
	g_autoptr(GHashTable) groups = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
	g_autoptr(GPtrArray) kinds = g_ptr_array_new();
	GString *out = g_string_new(NULL);
	size_t count;
	const ScriptCommand *rows = script_command_table(&count);
	const char *const *sections;
	GList *names;

	for (size_t i = 0; i < count; i++) {
		char *meaning = meaning_of(&rows[i]);
		GPtrArray *commands = g_hash_table_lookup(groups, meaning);

		if (commands == NULL) {
			commands = g_ptr_array_new();
			g_hash_table_insert(groups, meaning, commands);
		} else {
			g_free(meaning);
		}
		g_ptr_array_add(commands, (gpointer)rows[i].name);
	}
	names = g_list_sort(g_hash_table_get_keys(groups), (GCompareFunc)strcmp);
	for (GList *at = names; at != NULL; at = at->next) {
		g_string_append_printf(out, "%s\n", (char *)at->data);
		append_wrapped(out, g_hash_table_lookup(groups, at->data));
	}
	g_list_free(names);
	sections = script_section_table(&count);
	for (size_t i = 0; i < count; i++)
		g_ptr_array_add(kinds, (gpointer)sections[i]);
	g_string_append(out, "sections of debhelper (dh_...)\n");
	append_wrapped(out, kinds);
	return g_string_free(out, FALSE);
}
