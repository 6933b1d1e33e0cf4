// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The result of the script analysis: names, accessors, descriptions for people.
#include "bridge/script_private.h"

#include <string.h>

static const char *const kind_names[] = {"preinst", "postinst", "prerm", "postrm", "config"};
static const char *const action_names[] = {"nothing", "removal", "preset", "sysusers", "tmpfiles",
	"link", "alternative", "set-attr", "capability", "cache", "file", "copy", "ghost"};

G_STATIC_ASSERT(G_N_ELEMENTS(kind_names) == STRAKE_SCRIPT_N_KINDS);
G_STATIC_ASSERT(G_N_ELEMENTS(action_names) == STRAKE_SCRIPT_N_ACTIONS);

const char *strake_script_kind_name(StrakeScriptKind kind)
{
	return kind < STRAKE_SCRIPT_N_KINDS ? kind_names[kind] : "?";
}

const char *strake_script_action_name(StrakeScriptActionKind kind)
{
	return kind < STRAKE_SCRIPT_N_ACTIONS ? action_names[kind] : "?";
}

void strake_script_plan_free(StrakeScriptPlan *plan)
{
	if (plan == NULL)
		return;
	for (size_t i = 0; i < STRAKE_SCRIPT_N_KINDS; i++) {
		g_free(plan->scripts[i].text);
		g_free(plan->scripts[i].residue);
		g_array_unref(plan->scripts[i].lines);
	}
	g_ptr_array_unref(plan->actions);
	g_ptr_array_unref(plan->unhandled);
	g_string_chunk_free(plan->strings);
	g_free(plan);
}

size_t strake_script_plan_n_actions(const StrakeScriptPlan *plan)
{
	return plan->actions->len;
}

const StrakeScriptAction *strake_script_plan_action(const StrakeScriptPlan *plan, size_t index)
{
	return g_ptr_array_index(plan->actions, index);
}

size_t strake_script_plan_n_unhandled(const StrakeScriptPlan *plan)
{
	return plan->unhandled->len;
}

const StrakeScriptUnhandled *strake_script_plan_unhandled(
	const StrakeScriptPlan *plan, size_t index)
{
	return g_ptr_array_index(plan->unhandled, index);
}

const char *strake_script_plan_residue(const StrakeScriptPlan *plan, StrakeScriptKind script)
{
	return plan->scripts[script].residue;
}

const char *strake_script_plan_residue_sha256(const StrakeScriptPlan *plan, StrakeScriptKind script)
{
	return plan->scripts[script].residue != NULL ? plan->scripts[script].sha256 : NULL;
}

unsigned strake_script_plan_n_lines(const StrakeScriptPlan *plan, StrakeScriptKind script)
{
	return plan->scripts[script].lines->len;
}

StrakeScriptLineState strake_script_plan_line(const StrakeScriptPlan *plan, StrakeScriptKind script,
	unsigned line, const char **out_text, size_t *out_size)
{
	const ScriptLine *at = &g_array_index(plan->scripts[script].lines, ScriptLine, line - 1);

	if (out_text != NULL)
		*out_text = plan->scripts[script].text + at->start;
	if (out_size != NULL)
		*out_size = at->size;
	return at->state;
}

StrakeScriptClass strake_script_plan_class(const StrakeScriptPlan *plan)
{
	bool any = false;

	for (size_t i = 0; i < STRAKE_SCRIPT_N_KINDS; i++)
		any |= plan->scripts[i].present;
	if (!any)
		return STRAKE_SCRIPT_CLASS_NONE;
	if (plan->unhandled->len > 0)
		return STRAKE_SCRIPT_CLASS_OVERLAY;
	return plan->hand_written ? STRAKE_SCRIPT_CLASS_HANDLED : STRAKE_SCRIPT_CLASS_TRIVIAL;
}

char *strake_script_action_describe(const StrakeScriptAction *a)
{
	switch (a->kind) {
	case STRAKE_SCRIPT_NOTHING:
	case STRAKE_SCRIPT_REMOVAL:
		return g_strdup(a->why);
	case STRAKE_SCRIPT_PRESET:
		return g_strdup_printf(
			"%s unit %s (%s)", a->enable ? "enable" : "disable", a->name, a->scope);
	case STRAKE_SCRIPT_SYSUSERS:
	case STRAKE_SCRIPT_TMPFILES:
	case STRAKE_SCRIPT_LINK:
		return g_strdup(a->line_text);
	case STRAKE_SCRIPT_ALTERNATIVE:
		return g_strdup_printf("%s -> %s (%s%s%s, %d)", a->path, a->target, a->name,
			a->master != NULL ? " of " : "", a->master != NULL ? a->master : "",
			a->priority);
	case STRAKE_SCRIPT_SET_ATTR: {
		g_autofree char *mode =
			a->mode >= 0 ? g_strdup_printf("%04o", (unsigned)a->mode) : g_strdup("-");

		return g_strdup_printf("%s%s: mode %s, owner %s, group %s", a->path,
			a->recursive ? " and below" : "", mode, a->owner ? a->owner : "-",
			a->group ? a->group : "-");
	}
	case STRAKE_SCRIPT_CAPABILITY:
		return g_strdup_printf("%s: %s", a->path, a->capability);
	case STRAKE_SCRIPT_CACHE:
		return g_strdup(a->name);
	case STRAKE_SCRIPT_FILE:
		return g_strdup_printf("%s: %zu bytes, mode %04o", a->path, a->content_size,
			(unsigned)MAX(a->mode, 0));
	case STRAKE_SCRIPT_COPY:
		return g_strdup_printf("%s from %s", a->path, a->from);
	case STRAKE_SCRIPT_GHOST:
		return g_strdup(a->path);
	default:
		return g_strdup("");
	}
}
