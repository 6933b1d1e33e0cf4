// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Lock files: the form that is written is scanned, any other is read as TOML, and both say the
// same.
#include <glib.h>
#include <string.h>

#include "project/component.h"
#include "project/lock_file.h"

#define START "# Written by strake component update; not for editing.\nversion = 1\n"
#define ONE                                                                                        \
	"\n[components.\"a\"]\nupstream-commit = \"bbb\"\nmanual-bump = 3\n"                       \
	"input-fingerprint = \"f\"\n[components.\"a\".inputs]\n\"x\" = \"1\"\n\"y\" = \"2\"\n"

static StrakeLockFile *parse(const char *text, const char *component, GError **error)
{
	return strake_lock_file_parse(
		g_bytes_new_static(text, strlen(text)), "the.lock", component, error);
}

static char *print(const StrakeLockFile *file)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new();
	GString *text;

	for (size_t i = 0; i < strake_lock_file_size(file); i++)
		g_ptr_array_add(all, (void *)strake_lock_file_get(file, i));
	text = strake_lock_file_format((const StrakeComponentLock *const *)all->pdata, all->len);
	return g_string_free(text, FALSE);
}

/* Each text means the same as the one that is written for it. */
static void test_forms(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{START, START},
		{START ONE, START ONE},
		{START ONE "\n[components.\"b\"]\n", START ONE "\n[components.\"b\"]\n"},
		// Not in our order, not in our form, with what we never write.
		{START "\n[components.\"b\"]\n" ONE, START ONE "\n[components.\"b\"]\n"},
		{"version=1\ncomponents.a={manual-bump=3,upstream-commit='bbb',"
		 "input-fingerprint='f',inputs={y='2',x='1'}}",
			START ONE},
		{"# mine\nversion = 1\n" ONE, START ONE},
		{START "\n[components.\"q\\\"\"]\nupstream-commit = \"c\"\n",
			START "\n[components.\"q\\\"\"]\nupstream-commit = \"c\"\n"},
		{START "\n[components.\"\u00e9\"]\n", START "\n[components.\"\u00e9\"]\n"},
		{START "\n[components.\"a\"]\nupstream-commit = \"c\"",
			START "\n[components.\"a\"]\nupstream-commit = \"c\"\n"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(StrakeLockFile) file = parse(rows[i].text, NULL, &error);
		g_autofree char *text = NULL;
		g_test_message("%s", rows[i].text);
		g_assert_no_error(error);
		text = print(file);
		g_assert_cmpstr(text, ==, rows[i].want);
	}
}

static void test_one(void)
{
	g_autoptr(StrakeLockFile) file = parse(START ONE, NULL, NULL);
	const StrakeComponentLock *lock = strake_lock_file_find(file, "a");
	const StrakeNameValue *input;

	g_assert_null(strake_lock_file_find(file, "b"));
	g_assert_cmpstr(lock->upstream_commit, ==, "bbb");
	g_assert_null(lock->import_commit);
	g_assert_cmpint(lock->manual_bump, ==, 3);
	g_assert_cmpuint(lock->at.line, ==, 4);
	g_assert_cmpuint(lock->inputs->len, ==, 2);
	input = lock->inputs->pdata[1];
	g_assert_cmpstr(input->key, ==, "y");
	g_assert_cmpstr(input->value, ==, "2");
}

static void test_azldev(void)
{
	static const char *const texts[] = {
		"version = 1\nimport-commit = \"aaa\"\nupstream-commit = \"bbb\"\n",
		"upstream-commit = 'bbb'\nversion = 1\nimport-commit = \"aaa\"",
		"# azldev\nversion = 1\nimport-commit = \"aaa\"\n\nupstream-commit = \"bbb\"\n",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(StrakeLockFile) file = parse(texts[i], "c", NULL);
		const StrakeComponentLock *lock = strake_lock_file_find(file, "c");
		g_autoptr(GString) text = strake_lock_file_format_azldev(lock);
		g_assert_cmpstr(text->str, ==, texts[0]);
		g_assert_cmpuint(lock->inputs->len, ==, 0);
	}
}

/* What is almost in our form is refused with the words of the TOML reader. */
static void test_refused(void)
{
	static const struct {
		const char *text, *component, *want;
	} rows[] = {
		{"", NULL, "the.lock:1:1: the key 'version' is required"},
		{"version = 2\n", "c", "the.lock:1:11: version: 2 is not between 1 and 1"},
		{START "\n[components.\"a\"]\nupstream = \"c\"\n", NULL,
			"the.lock:5:1: components.a: unknown key 'upstream'"},
		{START "\n[components.\"a\"]\nmanual-bump = -1\n", NULL, "the.lock:5:15: "},
		{START "\n[components.\"a\"]\nmanual-bump = 1\nmanual-bump = 1\n", NULL,
			"the.lock:6:"},
		{START ONE ONE, NULL, "the.lock:"},
		{START ONE "\"y\" = \"2\"\n", NULL, "the.lock:"},
		{START "\n[components.\"a\"\n", NULL, "the.lock:4:"},
		{START "\n[components.\"a\"]\nupstream-commit = \"c\n", NULL, "the.lock:5:"},
		{"version = 1\nupstrem-commit = 'a'", "c",
			"the.lock:2:1: unknown key 'upstrem-commit'"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(parse(rows[i].text, rows[i].component, &error));
		g_test_message("%s", error->message);
		g_assert_true(g_str_has_prefix(error->message, rows[i].want));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/lock-file/forms", test_forms);
	g_test_add_func("/lock-file/one", test_one);
	g_test_add_func("/lock-file/azldev", test_azldev);
	g_test_add_func("/lock-file/refused", test_refused);
	return g_test_run();
}
