// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Stages and order of builds.
#include "build/plan.h"

#include <string.h>

#include "base/error.h"

typedef struct {
	const char *wants; // "a: b c! ; b: ;": c is only had from us; "-x": not asked for
	StrakeBuildStages stages;
	const char *expect; // "NODE(NEEDS) ..."; '*' marks the final one; "!": INVALID
} Case;

static const Case cases[] = {
	{"a:; b:", STRAKE_BUILD_STAGES_AUTO, "a.1*() b.1*()"},
	{"a: b; b:", STRAKE_BUILD_STAGES_AUTO, "b.1*() a.2*(b.1)"},
	{"a: b; b: c; c:", STRAKE_BUILD_STAGES_AUTO, "c.1*() b.2*(c.1) a.2*(b.2)"},
	// What nobody asked for is built only where it is needed.
	{"a: b; -b:; -c:", STRAKE_BUILD_STAGES_AUTO, "b.1*() a.2*(b.1)"},
	{"a: a", STRAKE_BUILD_STAGES_AUTO, "a.1*()"},
	{"a: b; b: a; c: a", STRAKE_BUILD_STAGES_AUTO, "a.1() b.1() a.2*(b.1) b.2*(a.1) c.2*(a.2)"},
	{"a: b; b:", STRAKE_BUILD_STAGE_1, "a.1*() b.1*()"},
	{"a: b!; b:", STRAKE_BUILD_STAGE_1, "b.1*() a.1*(b.1)"},
	{"a: b; -b:; -c:", STRAKE_BUILD_STAGE_2, "a.1() b.1() a.2*(a.1 b.1) b.2*(a.1 b.1)"},
	{"a: b!; b: a!", STRAKE_BUILD_STAGES_AUTO, "!"},
	// Only the first stage of a circle is without the other.
	{"a: b!; b: a", STRAKE_BUILD_STAGES_AUTO, "b.1() a.1(b.1) a.2*(b.1) b.2*(a.1)"},
};

static void want_free(void *data)
{
	StrakeBuildWant *want = data;

	g_free(want->component);
	g_array_unref(want->needs);
	g_array_unref(want->only);
	g_free(want);
}

// Components are single letters, in order.
static GPtrArray *parse_wants(const char *text)
{
	GPtrArray *wants = g_ptr_array_new_with_free_func(want_free);
	g_auto(GStrv) parts = g_strsplit(text, ";", -1);

	for (char **part = parts; *part != NULL; part++) {
		const char *at = g_strstrip(*part);
		StrakeBuildWant *want = g_new0(StrakeBuildWant, 1);

		want->wanted = *at != '-';
		at += *at == '-';
		want->component = g_strndup(at, 1);
		want->needs = g_array_new(FALSE, FALSE, sizeof(guint));
		want->only = g_array_new(FALSE, FALSE, sizeof(guint));
		for (at += 2; *at != '\0'; at++) {
			guint index = (guint)(*at - 'a');

			if (*at < 'a' || *at > 'z')
				continue;
			g_array_append_val(want->needs, index);
			if (at[1] == '!')
				g_array_append_val(want->only, index);
		}
		g_ptr_array_add(wants, want);
	}
	return wants;
}

static char *print_plan(const GPtrArray *plan)
{
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < plan->len; i++) {
		const StrakeBuildNode *node = plan->pdata[i];
		g_autofree char *needs = g_strjoinv(" ", node->needs);

		g_string_append_printf(out, "%s%s%s(%s)", i > 0 ? " " : "", node->name,
			node->final ? "*" : "", needs);
	}
	return g_string_free(out, FALSE);
}

static void test_plan(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) wants = parse_wants(cases[i].wants);
		g_autoptr(GError) error = NULL;
		g_autoptr(GPtrArray) plan = strake_build_plan(wants, cases[i].stages, &error);
		g_autofree char *text = plan != NULL ? print_plan(plan) : g_strdup("!");

		g_test_message("%s", cases[i].wants);
		g_assert_cmpstr(text, ==, cases[i].expect);
		if (plan == NULL)
			g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
	}
}

static void test_sees(void)
{
	g_autoptr(GPtrArray) wants = parse_wants("a: b; b: c; c:");
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) plan = strake_build_plan(wants, STRAKE_BUILD_STAGES_AUTO, &error);
	g_autofree char *sees = NULL;

	g_assert_no_error(error);
	sees = g_strjoinv(" ", ((StrakeBuildNode *)plan->pdata[2])->sees);
	g_assert_cmpstr(sees, ==, "b.2 c.1");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/build-plan/stages", test_plan);
	g_test_add_func("/build-plan/sees", test_sees);
	return g_test_run();
}
