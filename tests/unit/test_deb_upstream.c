// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// apt's source lists and settings, the judgement on signatures and dates, and locks.
#include <string.h>

#include "base/error.h"
#include "upstream/apt_config.h"
#include "upstream/apt_sources.h"
#include "upstream/deb_verify.h"
#include "upstream/lock.h"

static GPtrArray *new_sources(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)strake_apt_source_free);
}

static void test_one_line_sources(void)
{
	static const char text[] = "# deb http://a x main\n"
				   "deb http://b/debian trixie main contrib # why\n"
				   "deb-src http://c trixie main\n"
				   "  deb\t[ arch=amd64 signed-by=/k/debian-archive-keyring.pgp "
				   "check-valid-until=no ] https://d/debian/  sid main\n"
				   "deb [broken http://e x main\n"
				   "debug http://f x main\n"
				   "deb http://g\n";
	g_autoptr(GPtrArray) sources = new_sources();
	const StrakeAptSource *first, *second;

	strake_apt_sources_add_list(text, "list", sources);
	g_assert_cmpuint(sources->len, ==, 2);
	first = g_ptr_array_index(sources, 0);
	second = g_ptr_array_index(sources, 1);
	g_assert_cmpstr(first->uris[0], ==, "http://b/debian");
	g_assert_cmpstr(first->suites[0], ==, "trixie");
	g_assert_cmpint(first->check_valid_until, ==, -1);
	g_assert_cmpuint(second->line, ==, 4);
	g_assert_cmpstr(second->uris[0], ==, "https://d/debian/");
	g_assert_cmpstr(second->signed_by, ==, "/k/debian-archive-keyring.pgp");
	g_assert_cmpint(second->check_valid_until, ==, 0);
}

static void test_deb822_sources(void)
{
	static const char text[] =
		"Types: deb-src\nURIs: http://a\nSuites: x\n\n"
		"Types: deb deb-src\n# remark\nURIs: http://b http://b2\nSuites: s1\n s2\n"
		"Check-Valid-Until: no\nSigned-By: /k/x.gpg\n\n"
		"Types: deb\nEnabled: no\nURIs: http://c\nSuites: x\n\n"
		"Types: deb\nURIs: http://d\n";
	g_autoptr(GPtrArray) sources = new_sources();
	const StrakeAptSource *only;

	strake_apt_sources_add_deb822(text, sizeof(text) - 1, "x.sources", sources);
	g_assert_cmpuint(sources->len, ==, 1);
	only = g_ptr_array_index(sources, 0);
	g_assert_cmpstr(only->uris[1], ==, "http://b2");
	g_assert_cmpstr(only->suites[1], ==, "s2");
	g_assert_cmpint(only->check_valid_until, ==, 0);
	g_assert_cmpuint(only->line, ==, 5);
}

static void test_choice(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"", NULL},
		{"deb http://a trixie main\n", "http://a"},
		{"deb http://a sid main\n", NULL},
		{"deb http://a trixie-security main\n", NULL},
		{"deb [signed-by=/k/vendor.gpg] http://a trixie main\n"
		 "deb http://b trixie main\n",
			"http://b"},
		{"deb http://b trixie main\n"
		 "deb [signed-by=/k/debian-archive-keyring.gpg] http://c sid main\n",
			"http://c"},
		{"deb [signed-by=/k/debian-archive-keyring.gpg] http://s trixie-security main\n"
		 "deb [signed-by=/k/debian-archive-keyring.gpg] http://c sid main\n"
		 "deb [signed-by=/k/debian-archive-keyring.gpg] http://d trixie main\n",
			"http://d"},
		{"deb [signed-by=/k/debian-archive-keyring.gpg] http://s stable/ \n", NULL},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GPtrArray) sources = new_sources();
		const StrakeAptSource *chosen;

		strake_apt_sources_add_list(rows[i].text, "list", sources);
		chosen = strake_apt_sources_choose(sources, "trixie");
		g_test_message("%s", rows[i].text);
		g_assert_cmpstr(chosen != NULL ? chosen->uris[0] : NULL, ==, rows[i].want);
	}
}

static void test_dump(void)
{
	g_autoptr(GHashTable) dump =
		strake_apt_dump_parse("APT \"\";\nAcquire::Check-Valid-Until "
				      "\"false\";\nrubbish\nA::B:: \"x \\\"y\\\"\";\n"
				      "acquire::check-valid-until \"true\";\n");

	g_assert_cmpstr(g_hash_table_lookup(dump, "apt"), ==, "");
	g_assert_cmpstr(g_hash_table_lookup(dump, "acquire::check-valid-until"), ==, "true");
	g_assert_cmpstr(g_hash_table_lookup(dump, "a::b::"), ==, "x \"y\"");
}

#define S "[GNUPG:] "
#define VALID(hash) S "VALIDSIG FP 2026-01-01 1 0 4 0 22 " hash " 01 FP\n"

static void test_signature_status(void)
{
	static const struct {
		const char *status, *want; // NULL: good
	} rows[] = {
		{S "NEWSIG\n" S "GOODSIG K name\n" VALID("8"), NULL},
		{S "NEWSIG\n" S "ERRSIG K 1 8 01 1 9\n" S "NO_PUBKEY K\n" S "NEWSIG\n" S
		   "GOODSIG L name\n" VALID("10"),
			NULL},
		{"", "r: it has no good signature"},
		{S "NEWSIG\n" S "GOODSIG K name\n", "r: it has no good signature"},
		{"GOODSIG K name\nVALIDSIG FP 2026-01-01 1 0 4 0 22 8 01 FP\n",
			"r: it has no good signature"},
		{S "NEWSIG\n" S "GOODSIG K name\n" VALID("2"),
			"r: its signature uses a digest that is too weak"},
		{S "NEWSIG\n" S "EXPKEYSIG K name\n" VALID("8"),
			"r: its signature or the key of it has expired or was revoked"},
		{S "NEWSIG\n" S "REVKEYSIG K name\n" VALID("8"),
			"r: its signature or the key of it has expired or was revoked"},
		{S "NEWSIG\n" S "GOODSIG K name\n" VALID("8") S "NEWSIG\n" S "BADSIG L name\n",
			"r: the signature is BAD: the index was changed after it was signed"},
		{S "NEWSIG\n" S "NO_PUBKEY K1\n" S "NEWSIG\n" S "NO_PUBKEY K2\n",
			"r: signed only by keys that the keyring does not have (K1, K2); install a "
			"newer debian-archive-keyring or set the upstream's keyring"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		bool good = strake_deb_verify_status(rows[i].status, "r", &error);

		g_test_message("%s", rows[i].status);
		g_assert_cmpint(good, ==, rows[i].want == NULL);
		if (!good) {
			g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INTEGRITY);
			g_assert_cmpstr(error->message, ==, rows[i].want);
		}
	}
}

static void test_validity(void)
{
	enum { DAY = 86400 };
	static const struct {
		bool check;
		int64_t valid_until, min_valid, max_valid,
			now; // days after the Release; 0: not set
		bool want, note;
	} rows[] = {
		{true, 7, 0, 0, 6, true, false},
		{true, 7, 0, 0, 8, false, false},
		{false, 7, 0, 0, 8, true, true},
		{true, 0, 0, 0, 900, true, false},
		{true, 7, 0, 3, 4, false, false},
		{true, 7, 30, 0, 20, true, false},
		{true, 0, 0, 5, 6, false, false},
		{true, 7, 0, 0, -1, false, false},
		{false, 7, 0, 0, -1, false, false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		StrakeDebRelease release = {
			.date = (char *)"d",
			.date_s = 100 * DAY,
			.valid_until = rows[i].valid_until > 0 ? (char *)"v" : NULL,
			.valid_until_s = (100 + rows[i].valid_until) * DAY,
		};
		const StrakeAptConfig config = {.check_valid_until = rows[i].check,
			.check_date = true,
			.min_valid_s = rows[i].min_valid * DAY,
			.max_valid_s = rows[i].max_valid * DAY};
		g_autoptr(GError) error = NULL;
		g_autofree char *note = NULL;
		bool good = strake_deb_verify_dates(
			&release, &config, (100 + rows[i].now) * DAY, "r", &note, &error);

		g_test_message("row %zu", i);
		g_assert_cmpint(good, ==, rows[i].want);
		g_assert_cmpint(note != NULL, ==, rows[i].note);
	}
}

static void test_lock_round_trip(void)
{
	g_autoptr(StrakeUpstreamLock) lock = strake_upstream_lock_new();
	g_autoptr(StrakeUpstreamLock) again = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	g_autofree char *text_again = NULL;
	StrakePin *pin = g_new0(StrakePin, 1);

	lock->suite = g_strdup("forky");
	lock->date = g_strdup("a \"quoted\" \\ date");
	lock->index_sha256 = g_strdup("x");
	pin->name = g_strdup("libstdc++6");
	pin->version = g_strdup("1:2~3-4+b1");
	pin->architecture = g_strdup("amd64");
	pin->filename = g_strdup("pool/x y.deb");
	pin->size = 12;
	pin->sha256 = g_strnfill(64, 'a');
	g_ptr_array_add(lock->pins, pin);
	text = strake_upstream_lock_format(lock);
	again = strake_upstream_lock_parse(text, strlen(text), "f.lock", &error);
	g_assert_no_error(error);
	text_again = strake_upstream_lock_format(again);
	g_assert_cmpstr(text, ==, text_again);
	g_assert_cmpstr(again->date, ==, lock->date);
}

static void test_rpm_lock(void)
{
	static const char *const rows[][2] = {
		{"version = \"1\"", "'version' is not [epoch:]version-release"},
		{"version = \"1-2-3\"", "'version' is not [epoch:]version-release"},
		{"version = \"0:1~rc1^g-2\"", NULL},
		{"version = \"a b-1\"", "'version' is not [epoch:]version-release"},
		{"repo = -1", "'repo' is not a small number"},
		{"repo = \"x\"", "'repo' is not a small number"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *digest = g_strnfill(64, 'a');
		bool has_version = g_str_has_prefix(rows[i][0], "version");
		g_autofree char *text = g_strdup_printf(
			"format = 1\n[release]\ndate = \"d\"\nrepomd-sha256 = \"x\"\n[packages]\n"
			"\"a\" = { arch = \"noarch\", filename = \"a.rpm\", size = 1, sha256 = "
			"\"%s\", %s%s }\n",
			digest, rows[i][0], has_version ? "" : ", version = \"1-1\"");
		g_autoptr(GError) error = NULL;
		g_autoptr(StrakeUpstreamLock) lock =
			strake_upstream_lock_parse(text, strlen(text), "r.lock", &error);

		g_test_message("%s", rows[i][0]);
		g_assert_true((lock != NULL) == (rows[i][1] == NULL));
		if (rows[i][1] != NULL)
			g_assert_nonnull(strstr(error->message, rows[i][1]));
		else
			g_assert_cmpint(lock->kind, ==, STRAKE_UPSTREAM_RPM_MD);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/apt/one-line", test_one_line_sources);
	g_test_add_func("/apt/deb822", test_deb822_sources);
	g_test_add_func("/apt/choice", test_choice);
	g_test_add_func("/apt/dump", test_dump);
	g_test_add_func("/deb-verify/status", test_signature_status);
	g_test_add_func("/deb-verify/dates", test_validity);
	g_test_add_func("/deb-lock/round-trip", test_lock_round_trip);
	g_test_add_func("/rpm-lock/versions", test_rpm_lock);
	return g_test_run();
}
