// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Fingerprints: what counts, what does not, and which part is named; lock files of both forms.
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/path.h"
#include "project/fingerprint.h"
#include "project/lock.h"

static void put(const StrakeTmpdir *dir, const char *name, const char *text)
{
	g_autofree char *parent = g_path_get_dirname(name);

	g_assert_true(strake_path_mkdirs(dir->fd, parent, NULL));
	g_assert_true(strake_file_write_at(dir->fd, name, text, strlen(text), 0644, NULL));
}

static char *read_text(const StrakeTmpdir *dir, const char *name)
{
	g_autoptr(GBytes) bytes = strake_file_read_at(dir->fd, name, 1 << 20, NULL);
	size_t size;
	const char *data;

	g_assert_nonnull(bytes);
	data = g_bytes_get_data(bytes, &size);
	return g_strndup(data, size);
}

static StrakeProject *load(const StrakeTmpdir *dir)
{
	StrakeProjectOptions options = {.no_user_config = true};
	g_autoptr(GError) error = NULL;
	StrakeProject *project = strake_project_load(dir->path, &options, &error);

	g_assert_no_error(error);
	return project;
}

static StrakeFingerprint *fingerprint_of(const StrakeTmpdir *dir, const char *toml)
{
	g_autoptr(GError) error = NULL;

	put(dir, "strake.toml", toml);
	g_autoptr(StrakeProject) project = load(dir);
	g_autoptr(StrakeComponent) c = strake_project_resolve(project, "c", NULL);
	StrakeFingerprint *fp = strake_component_fingerprint(c, NULL, &error);
	g_assert_no_error(error);
	return fp;
}

#define ADD "[[components.c.overlays]]\ntype='spec-add-tag'\ntag='Requires'\nvalue='x'\n"
#define FILE_ADD "[[components.c.overlays]]\ntype='file-add'\nfile='f'\nsource='"

// Two projects, and the labels of what differs between them ("" for nothing).
static void test_what_counts(void)
{
	static const struct {
		const char *a, *b, *want;
	} rows[] = {
		{"[components.c]", "# comment\n\n[components]\nc = {}", ""},
		{"[components.c]\nbuild.check.skip=false", "[components.c]", ""},
		{"[components.c]\nbuild.with=[]", "[components.c]", ""},
		{"[components.c]\npublish.rpm-channel='a'", "[components.c]", ""},
		{"[components.c]\nbuild.failure={expected=true,expected-reason='r'}",
			"[components.c]", ""},
		{"[components.c]\nbuild.hints.expensive=true", "[components.c]", ""},
		{ADD, ADD "description='d'\n", ""},
		{ADD, ADD "metadata={category='azl-pruning',upstream-status='unknown'}\n", ""},
		{"[components.c]\nbuild.check={skip=true,skip_reason='a'}",
			"[components.c]\nbuild.check={skip=true,skip_reason='b'}", ""},
		{"[components.c]\nbuild.defines={a='1',b='2'}",
			"[components.c]\nbuild.defines={b='2',a='1'}", ""},
		{"[components.c]\nbuild.with=['a']", "[default-component-config]\nbuild.with=['a']",
			""},
		{"[components.c]\nbuild.with=['a','b']", "[components.c]\nbuild.with=['ab']",
			"changed build.with;"},
		{"[components.c]", "[components.c]\nbuild.without=['a']", "added build.without;"},
		{"[components.c]\nbuild.check={skip=true,skip_reason='a'}", "[components.c]",
			"removed build.check.skip;"},
		{ADD, ADD ADD, "added overlays[0002];"},
		{ADD,
			"[[components.c.overlays]]\ntype='spec-add-tag'\ntag='Requires'\n"
			"value='y'\n",
			"changed overlays[0001];"},
		{FILE_ADD "a/f'", FILE_ADD "b/f'", ""}, // same content elsewhere
		{FILE_ADD "a/f'", FILE_ADD "b/g'", "changed overlays[0001];"}, // other name
		{FILE_ADD "a/f'", FILE_ADD "c/f'", "changed overlays[0001];"}, // other content
		{"[components.c]\nspec={type='local',path='s/c.spec'}",
			"[components.c]\nspec={type='local',path='t/c.spec'}", ""},
		{"[components.c]\nspec={type='local',path='s/c.spec'}",
			"[components.c]\nspec={type='local',path='u/c.spec'}",
			"changed spec files;"},
		{"[components.c]\nrelease.calculation='manual'",
			"[components.c]\nrelease.calculation='static'",
			"changed release.calculation;"},
	};
	g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, NULL);
	static const char *const files[][2] = {{"a/f", "1"}, {"b/f", "1"}, {"b/g", "1"},
		{"c/f", "2"}, {"s/c.spec", "x"}, {"s/p.patch", "y"}, {"t/c.spec", "x"},
		{"t/p.patch", "y"}, {"u/c.spec", "x"}, {"u/p.patch", "z"}};
	static const char *const kinds[] = {"added", "removed", "changed"};

	for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
		put(dir, files[i][0], files[i][1]);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(StrakeFingerprint) a = fingerprint_of(dir, rows[i].a);
		g_autoptr(StrakeFingerprint) b = fingerprint_of(dir, rows[i].b);
		g_autoptr(GPtrArray) changes = strake_fingerprint_compare(a->parts, b);
		g_autoptr(GString) text = g_string_new(NULL);
		for (guint j = 0; j < changes->len; j++) {
			const StrakeFingerprintChange *change = changes->pdata[j];
			g_string_append_printf(text, "%s %s;", kinds[change->kind], change->label);
		}
		g_test_message("%s\n---\n%s", rows[i].a, rows[i].b);
		g_assert_cmpstr(text->str, ==, rows[i].want);
		g_assert_cmpint(strcmp(a->sha256, b->sha256) == 0, ==, *rows[i].want == '\0');
	}
}

static void test_refused(void)
{
	g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, NULL);
	g_autoptr(GError) error = NULL;

	put(dir, "strake.toml",
		FILE_ADD "missing'\n[components.d]\nsource-files=[{filename='a',"
			 "origin={type='download',uri='u'}}]\n");
	g_autoptr(StrakeProject) project = load(dir);
	g_autoptr(StrakeComponent) c = strake_project_resolve(project, "c", NULL);
	g_autoptr(StrakeComponent) d = strake_project_resolve(project, "d", NULL);
	g_assert_null(strake_component_fingerprint(c, NULL, &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_null(strake_component_fingerprint(d, NULL, &error));
	g_assert_nonnull(strstr(error->message, "has no 'hash'"));
}

static void test_inputs_outside(void)
{
	g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, NULL);
	static const StrakeFingerprintInputs rows[] = {{0}, {.release_ver = "1"},
		{.release_ver = "2"}, {.upstream_commit = "1"}, {.manual_bump = 1}};
	char *seen[G_N_ELEMENTS(rows)];

	put(dir, "strake.toml", "[components.c]\n");
	g_autoptr(StrakeProject) project = load(dir);
	g_autoptr(StrakeComponent) c = strake_project_resolve(project, "c", NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(StrakeFingerprint) fp = strake_component_fingerprint(c, &rows[i], NULL);
		seen[i] = g_strdup(fp->sha256);
		for (size_t j = 0; j < i; j++)
			g_assert_cmpstr(seen[i], !=, seen[j]);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		g_free(seen[i]);
}

// The bytes of a fingerprint may not move: every lock file would say "changed".
static void test_stable(void)
{
	g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, NULL);
	g_autoptr(StrakeFingerprint) fp =
		fingerprint_of(dir, "[components.c]\nbuild={with=['a'],defines={b='c'}}\n" ADD);

	g_assert_cmpuint(fp->parts->len, ==, 3);
	g_assert_cmpstr(
		fp->sha256, ==, "2d7cff94ce7885cd661ce19f595684e29e0c2388910de5fdbb4164b5bf411555");
}

static void test_own_locks(void)
{
	g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, NULL);
	g_autoptr(GError) error = NULL;

	put(dir, "strake.toml", "project.lock-dir='l'\n[components.c]\nbuild.with=['x']\n");
	g_autoptr(StrakeProject) project = load(dir);
	g_autoptr(StrakeComponent) c = strake_project_resolve(project, "c", NULL);
	g_autoptr(StrakeFingerprint) fp = strake_component_fingerprint(c, NULL, NULL);
	g_autoptr(StrakeLocks) locks = strake_locks_load(project, &error);
	g_assert_no_error(error);
	g_assert_null(strake_locks_get(locks, "c"));
	StrakeComponentLock lock = {.name = (char *)"c",
		.import_commit = (char *)"aaa",
		.upstream_commit = (char *)"bbb",
		.manual_bump = 2,
		.input_fingerprint = fp->sha256,
		.inputs = fp->parts};
	strake_locks_set(locks, &lock);
	lock.name = (char *)"a\"b";
	strake_locks_set(locks, &lock);
	lock.name = (char *)"c";
	lock.import_commit = (char *)"other";
	strake_locks_set(locks, &lock);
	g_assert_true(strake_locks_store(locks, &error));
	g_assert_no_error(error);

	g_autoptr(StrakeLocks) again = strake_locks_load(project, &error);
	g_assert_no_error(error);
	const StrakeComponentLock *read = strake_locks_get(again, "c");
	g_auto(GStrv) names = strake_locks_names(again);
	g_autofree char *text = read_text(dir, "l/components.lock");
	g_assert_cmpuint(g_strv_length(names), ==, 2);
	g_assert_cmpstr(names[0], ==, "a\"b");
	g_assert_cmpstr(read->import_commit, ==, "aaa"); // write once
	g_assert_cmpint(read->manual_bump, ==, 2);
	g_assert_cmpstr(read->input_fingerprint, ==, fp->sha256);
	g_assert_cmpuint(read->inputs->len, ==, 1);
	g_autoptr(GPtrArray) changes = strake_fingerprint_compare(read->inputs, fp);
	g_assert_cmpuint(changes->len, ==, 0);
	strake_locks_remove(again, "a\"b");
	strake_locks_remove(again, "none");
	strake_locks_set(again, strake_locks_get(again, "c"));
	g_assert_true(strake_locks_store(again, NULL));
	g_autofree char *smaller = read_text(dir, "l/components.lock");
	g_assert_cmpuint(strlen(smaller), <, strlen(text));
}

static void test_azldev_locks(void)
{
	static const char file[] =
		"version = 1\nimport-commit = \"aaa\"\nupstream-commit = \"bbb\"\n"
		"input-fingerprint = \"f\"\n";
	g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, NULL);
	g_autoptr(GError) error = NULL;

	put(dir, "azldev.toml", "[components.c]\n");
	put(dir, "locks/c.lock", file);
	put(dir, "locks/gone.lock", "version = 1\n");
	g_autoptr(StrakeProject) project = load(dir);
	g_autoptr(StrakeLocks) locks = strake_locks_load(project, &error);
	g_assert_no_error(error);
	const StrakeComponentLock *c = strake_locks_get(locks, "c");
	g_assert_cmpstr(c->upstream_commit, ==, "bbb");
	StrakeComponentLock lock = *c;
	lock.upstream_commit = (char *)"ccc";
	strake_locks_set(locks, &lock);
	strake_locks_remove(locks, "gone");
	g_assert_true(strake_locks_store(locks, NULL));
	g_autofree char *text = read_text(dir, "locks/c.lock");
	g_assert_cmpstr(text, ==,
		"version = 1\nimport-commit = \"aaa\"\nupstream-commit = \"ccc\"\n"
		"input-fingerprint = \"f\"\n");
	g_assert_null(strake_file_read_at(dir->fd, "locks/gone.lock", 100, NULL));
}

static void test_bad_locks(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"", "c.lock:1:1: the key 'version' is required in lock file"},
		{"version = 2", "c.lock:1:11: version: 2 is not between 1 and 1"},
		{"version = 1\nupstrem-commit = 'a'", "c.lock:2:1: unknown key 'upstrem-commit'"},
		{"version = 1\nmanual-bump = -1", "is not between 0 and 1000000"},
		{"version = ", "c.lock:1:"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, NULL);
		g_autoptr(GError) error = NULL;
		put(dir, "azldev.toml", "");
		put(dir, "locks/c.lock", rows[i].text);
		g_autoptr(StrakeProject) project = load(dir);
		g_assert_null(strake_locks_load(project, &error));
		g_test_message("%s", error->message);
		g_assert_nonnull(strstr(error->message, rows[i].want));
	}
}

static void test_resolution_hash(void)
{
	static const char *const rows[] = {
		"snapshot=2026-01-01T00:00:00Z",
		"snapshot=2026-01-02T00:00:00Z",
		"version='2'",
	};
	char *seen[G_N_ELEMENTS(rows)];

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, NULL);
		g_autofree char *text = g_strdup_printf(
			"[distros.d]\ndefault-version='1'\n[distros.d.versions.1]\n"
			"release-ver='1'\n[distros.d.versions.2]\nrelease-ver='1'\n"
			"[components.c.spec]\ntype='upstream'\nupstream-distro={name='d',%s}\n",
			rows[i]);
		put(dir, "strake.toml", text);
		g_autoptr(StrakeProject) project = load(dir);
		g_autoptr(StrakeComponent) c = strake_project_resolve(project, "c", NULL);
		seen[i] = strake_component_resolution_hash(project, c);
		for (size_t j = 0; j < i; j++)
			g_assert_cmpstr(seen[i], !=, seen[j]);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		g_free(seen[i]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fingerprint/what-counts", test_what_counts);
	g_test_add_func("/fingerprint/refused", test_refused);
	g_test_add_func("/fingerprint/inputs", test_inputs_outside);
	g_test_add_func("/fingerprint/stable", test_stable);
	g_test_add_func("/lock/own", test_own_locks);
	g_test_add_func("/lock/azldev", test_azldev_locks);
	g_test_add_func("/lock/bad", test_bad_locks);
	g_test_add_func("/lock/resolution-hash", test_resolution_hash);
	return g_test_run();
}
