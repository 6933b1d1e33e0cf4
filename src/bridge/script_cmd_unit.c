// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Units: deb-systemd-helper, deb-systemd-invoke, systemctl, journalctl, udevadm.
#include "bridge/script_private.h"

#include <string.h>

#define RESTART "services start at boot from their unit files"
#define DEFAULTED "the state of units comes from presets"

/** Splits options off; @out_verb is the first operand. NULL operands mean: nothing is known. */
static GPtrArray *unit_operands(
	ScriptEval *ev, const ScriptCall *call, const char **out_scope, bool *out_known)
{
	GPtrArray *operands = g_ptr_array_new();

	*out_scope = "system";
	*out_known = true;
	for (size_t i = 0; i < call->argc; i++) {
		Val v = call->argv[i].value;

		if (!val_known(v) || call->argv[i].many) {
			*out_known = false;
			g_ptr_array_add(operands, (gpointer)v);
		} else if (strcmp(v, "--user") == 0 || strcmp(v, "--global") == 0) {
			*out_scope = "user";
		} else if (v[0] != '-') {
			g_ptr_array_add(operands, (gpointer)v);
		}
	}
	return operands;
}

static Tri preset(ScriptEval *ev, const GPtrArray *operands, const char *scope, bool enable)
{
	if (ev->removal)
		return TRI_TRUE;
	for (size_t i = 1; i < operands->len; i++) {
		Val unit = g_ptr_array_index(operands, i);
		g_autofree char *full = NULL;
		StrakeScriptAction *action;

		if (!val_known(unit) || strpbrk(unit, " \t\n/") != NULL || unit[0] == '\0')
			return script_unhandled(ev, "which unit this is about is not known");
		full = strchr(unit, '.') != NULL ? g_strdup(unit)
						 : g_strconcat(unit, ".service", NULL);
		action = script_action(ev, STRAKE_SCRIPT_PRESET);
		action->name = script_text(ev, full, -1);
		action->scope = scope;
		action->enable = enable;
	}
	return TRI_TRUE;
}

Tri script_cmd_deb_systemd_helper(ScriptEval *ev, const ScriptCall *call)
{
	const char *scope;
	bool known;
	g_autoptr(GPtrArray) operands = unit_operands(ev, call, &scope, &known);
	const char *verb = operands->len > 0 ? g_ptr_array_index(operands, 0) : "";

	if (operands->len == 0 || !val_known(verb))
		return script_unhandled(ev, "what is done to which unit is not known");
	if (strcmp(verb, "enable") == 0 || strcmp(verb, "reenable") == 0)
		return known ? preset(ev, operands, scope, true)
			     : script_unhandled(ev, "which unit this is about is not known");
	// On a first installation a unit counts as enabled, and as not installed before.
	if (strcmp(verb, "was-enabled") == 0)
		return TRI_TRUE;
	if (strcmp(verb, "debian-installed") == 0)
		return TRI_FALSE;
	if (strcmp(verb, "is-enabled") == 0)
		return TRI_UNKNOWN;
	if (strcmp(verb, "disable") == 0)
		return known ? preset(ev, operands, scope, false)
			     : script_unhandled(ev, "which unit this is about is not known");
	if (strcmp(verb, "unmask") == 0 || strcmp(verb, "update-state") == 0 ||
		strcmp(verb, "purge") == 0)
		return script_nothing(ev, DEFAULTED);
	return script_unhandled(ev, "'%.30s' of deb-systemd-helper has no rule", verb);
}

Tri script_cmd_deb_systemd_invoke(ScriptEval *ev, const ScriptCall *call)
{
	return script_nothing(ev, RESTART);
}

static bool is_one_of(const char *word, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(word, *list) == 0)
			return true;
	return false;
}

static Tri systemctl_verb(ScriptEval *ev, const GPtrArray *operands, const char *scope)
{
	static const char *const runtime[] = {"daemon-reload", "daemon-reexec", "start", "stop",
		"restart", "try-restart", "reload", "reload-or-restart", "try-reload-or-restart",
		"reload-or-try-restart", "condrestart", "kill", "reset-failed", "isolate",
		"set-property", "import-environment", "set-environment", NULL};
	static const char *const queries[] = {"is-active", "is-enabled", "is-failed", "status",
		"show", "list-units", "list-unit-files", "cat", "is-system-running", "get-default",
		NULL};
	const char *verb = operands->len > 0 ? g_ptr_array_index(operands, 0) : "";

	if (!val_known(verb))
		return script_unhandled(ev, "what is done to which unit is not known");
	if (is_one_of(verb, queries)) {
		script_write_unknown(ev);
		return TRI_UNKNOWN;
	}
	if (is_one_of(verb, runtime))
		return script_nothing(ev, RESTART);
	if (strcmp(verb, "preset") == 0 || strcmp(verb, "preset-all") == 0 ||
		strcmp(verb, "unmask") == 0)
		return script_nothing(ev, DEFAULTED);
	if (strcmp(verb, "enable") == 0 || strcmp(verb, "reenable") == 0)
		return preset(ev, operands, scope, true);
	if (strcmp(verb, "disable") == 0)
		return preset(ev, operands, scope, false);
	return script_unhandled(ev, "'%.30s' of systemctl has no rule", verb);
}

Tri script_cmd_systemctl(ScriptEval *ev, const ScriptCall *call)
{
	const char *scope;
	bool known;
	g_autoptr(GPtrArray) operands = unit_operands(ev, call, &scope, &known);

	return systemctl_verb(ev, operands, scope);
}

/** Does some argument say @word? Only when all are known. */
static bool has_word(const ScriptCall *call, const char *word)
{
	for (size_t i = 0; i < call->argc; i++)
		if (val_known(call->argv[i].value) && strcmp(call->argv[i].value, word) == 0)
			return true;
	return false;
}

Tri script_cmd_journalctl(ScriptEval *ev, const ScriptCall *call)
{
	if (has_word(call, "--update-catalog"))
		return script_cmd_cache(ev, call);
	return script_nothing(ev, "acts on the running system's journal");
}

Tri script_cmd_udevadm(ScriptEval *ev, const ScriptCall *call)
{
	if (has_word(call, "hwdb") && has_word(call, "--update"))
		return script_cmd_cache(ev, call);
	return script_nothing(ev, "acts on the running system's devices");
}
