// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Order, cycles, failures with and without going on, and that needs are done before their users.
#include "build/schedule.h"

#include <string.h>

#include "base/error.h"

static StrakeSchedule *graph(const char *text)
{
	StrakeSchedule *schedule = strake_schedule_new();
	g_auto(GStrv) lines = g_strsplit(text, ";", -1);

	for (char **line = lines; *line != NULL; line++) {
		g_auto(GStrv) words = g_strsplit(*line, " ", -1);
		strake_schedule_add(schedule, words[0]);
	}
	for (char **line = lines; *line != NULL; line++) {
		g_auto(GStrv) words = g_strsplit(*line, " ", -1);
		for (char **need = words + 1; *need != NULL; need++)
			strake_schedule_need(schedule, words[0], *need);
	}
	return schedule;
}

static void test_order(void)
{
	static const struct {
		const char *graph, *order, *error;
	} rows[] = {
		{"c;b;a",                       "a b c",           NULL                                     },
		{"a b;b c;c",                   "c b a",           NULL                                     },
		{"app lib gcc;lib gcc;gcc;zap", "gcc lib app zap", NULL                                     },
		{"a a",			 "a",               NULL				     },
		{"a b;b c;c a;d a",             NULL,              "needs go in a circle: a -> b -> c -> a" },
		{"d a;a b;b a",                 NULL,              "needs go in a circle: a -> b -> a"      },
		{"a x",			 NULL,              "'a' needs 'x', which is not to be built"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(StrakeSchedule) schedule = graph(rows[i].graph);
		g_autoptr(GError) error = NULL;
		g_auto(GStrv) names = strake_schedule_order(schedule, &error);
		g_autofree char *joined = names != NULL ? g_strjoinv(" ", names) : NULL;

		g_test_message("%s", rows[i].graph);
		g_assert_cmpstr(joined, ==, rows[i].order);
		g_assert_cmpstr(error != NULL ? error->message : NULL, ==, rows[i].error);
	}
}

typedef struct {
	StrakeSchedule *schedule;
	const char *fails;
	const char *cached;
	GMutex lock;
	GString *log;
} Work;

static bool note(const char *name, void *data, bool *out_cached, GError **error)
{
	Work *work = data;

	g_mutex_lock(&work->lock);
	g_string_append_printf(work->log, "%s ", name);
	g_mutex_unlock(&work->lock);
	*out_cached = g_strcmp0(name, work->cached) == 0;
	if (g_strcmp0(name, work->fails) == 0)
		return strake_error_set(error, STRAKE_ERROR_FAILED, "no %s today", name);
	return true;
}

static char *states(StrakeSchedule *schedule)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_auto(GStrv) names = strake_schedule_order(schedule, NULL);

	for (char **name = names; *name != NULL; name++)
		g_string_append_printf(text, "%s:%s ", *name,
			strake_node_state_name(strake_schedule_state(schedule, *name)));
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static void test_failures(void)
{
	static const struct {
		bool keep_going;
		const char *states;
	} rows[] = {
		{true,  "a:failed b:skipped c:skipped d:cached e:done "    },
		{false, "a:failed b:skipped c:skipped d:skipped e:skipped "},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(StrakeSchedule) schedule = graph("a;b a;c b;d;e d");
		g_autoptr(GError) error = NULL;
		Work work = {.fails = "a", .cached = "d", .log = g_string_new(NULL)};
		const StrakeScheduleRun run = {
			.jobs = 1, .keep_going = rows[i].keep_going, .func = note, .data = &work};
		g_autofree char *got = NULL;

		g_assert_false(strake_schedule_run(schedule, &run, &error));
		g_assert_cmpstr(error->message, ==, "no a today");
		got = states(schedule);
		g_assert_cmpstr(got, ==, rows[i].states);
		g_assert_cmpstr(strake_schedule_message(schedule, "b"), ==, "'a' failed");
		g_assert_cmpstr(strake_schedule_message(schedule, "c"), ==, "'b' was skipped");
		g_string_free(work.log, TRUE);
	}
}

static bool needs_are_done(const char *name, void *data, bool *out_cached, GError **error)
{
	StrakeSchedule *schedule = data;
	int number = atoi(name + 1);
	g_autofree char *needed = g_strdup_printf("n%02d", number / 2);

	if (number > 0 && strake_schedule_state(schedule, needed) != STRAKE_NODE_DONE)
		return strake_error_set(error, STRAKE_ERROR_FAILED, "%s before %s", name, needed);
	return true;
}

static void test_parallel_respects_needs(void)
{
	g_autoptr(StrakeSchedule) schedule = strake_schedule_new();
	g_autoptr(GError) error = NULL;
	const StrakeScheduleRun run = {.jobs = 8, .func = needs_are_done, .data = schedule};

	for (int i = 0; i < 64; i++) {
		g_autofree char *name = g_strdup_printf("n%02d", i);
		strake_schedule_add(schedule, name);
	}
	for (int i = 1; i < 64; i++) {
		g_autofree char *name = g_strdup_printf("n%02d", i);
		g_autofree char *needed = g_strdup_printf("n%02d", i / 2);
		strake_schedule_need(schedule, name, needed);
	}
	g_assert_true(strake_schedule_run(schedule, &run, &error));
	g_assert_no_error(error);
}

static void test_heaviest_first(void)
{
	g_autoptr(StrakeSchedule) schedule = graph("a;b;c b;d b;e c");
	g_autoptr(GError) error = NULL;
	Work work = {.log = g_string_new(NULL)};
	const StrakeScheduleRun run = {.jobs = 1, .func = note, .data = &work};

	g_assert_true(strake_schedule_run(schedule, &run, &error));
	g_assert_cmpstr(work.log->str, ==, "b c a d e ");
	g_string_free(work.log, TRUE);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/build/schedule/order", test_order);
	g_test_add_func("/build/schedule/failures", test_failures);
	g_test_add_func("/build/schedule/parallel", test_parallel_respects_needs);
	g_test_add_func("/build/schedule/heaviest", test_heaviest_first);
	return g_test_run();
}
