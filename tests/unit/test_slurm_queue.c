// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What squeue prints, read. The cluster itself is in tests/cli/test_slurm.py.
#include <string.h>

#include "build/slurm_queue.h"

static void test_lines(void)
{
	static const struct {
		const char *text;
		uint32_t id;
		StrakeSlurmState state;
		const char *machine, *reason;
	} rows[] = {
		{"12|PENDING||Dependency\n", 12, STRAKE_SLURM_WAITING, "", "Dependency"},
		{"12|RUNNING|n1|None\n", 12, STRAKE_SLURM_RUNNING, "n1", "None"},
		{"4294967295|COMPLETING|n[1-2]|None", 4294967295u, STRAKE_SLURM_RUNNING, "n[1-2]",
			"None"},
		{"12|COMPLETED|n1|None\n", 12, STRAKE_SLURM_DONE, "n1", "None"},
		{"12|NODE_FAIL|n1|NodeDown\n", 12, STRAKE_SLURM_LOST, "n1", "NodeDown"},
		{"12|TIMEOUT|n1|TimeLimit|odd\n", 12, STRAKE_SLURM_FAILED, "n1", "TimeLimit|odd"},
		{"3_[1-5]|PENDING||None\n12|FAILED|n2|NonZeroExitCode\n", 12, STRAKE_SLURM_FAILED,
			"n2", "NonZeroExitCode"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GArray) lines = strake_slurm_parse(rows[i].text, &error);
		const StrakeSlurmLine *line;

		g_test_message("%s", rows[i].text);
		g_assert_no_error(error);
		g_assert_cmpint(lines->len, ==, 1);
		line = &g_array_index(lines, StrakeSlurmLine, 0);
		g_assert_cmpint(line->id, ==, rows[i].id);
		g_assert_cmpint(line->state, ==, rows[i].state);
		g_assert_cmpstr(line->machine, ==, rows[i].machine);
		g_assert_cmpstr(line->reason, ==, rows[i].reason);
	}
}

static void test_refused(void)
{
	static const char *const rows[][2] = {
		{"12 RUNNING n1",
			"squeue printed '12 RUNNING n1'; expected 'job|state|machine|reason'"},
		{"12|DREAMING|n1|None",
			"job 12 is in state 'DREAMING', which this strake does not know"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(strake_slurm_parse(rows[i][0], &error));
		g_assert_cmpstr(error->message, ==, rows[i][1]);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/slurm/lines", test_lines);
	g_test_add_func("/slurm/refused", test_refused);
	return g_test_run();
}
