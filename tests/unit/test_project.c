// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The definition language: merging, inheritance, overlays, references; what is refused, and where.
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/parallel.h"
#include "base/path.h"
#include "project/overlay_files.h"
#include "project/project.h"
#include "project/uri.h"

// One file of a project made for a test; ends with a NULL name.
typedef struct {
	const char *name;
	const char *text;
} File;

static StrakeTmpdir *make(const File *files)
{
	StrakeTmpdir *dir = strake_tmpdir_new(NULL, NULL);

	for (; files->name != NULL; files++) {
		g_autofree char *parent = g_path_get_dirname(files->name);
		g_assert_true(strake_path_mkdirs(dir->fd, parent, NULL));
		g_assert_true(strake_file_write_at(
			dir->fd, files->name, files->text, strlen(files->text), 0644, NULL));
	}
	return dir;
}

static StrakeProject *load(const StrakeTmpdir *dir, GError **error)
{
	StrakeProjectOptions options = {.no_user_config = true, .check_files = true};

	return strake_project_load(dir->path, &options, error);
}

// Every error text, with the temporary directory taken out of it.
static char *problems_of(const File *files)
{
	g_autoptr(StrakeTmpdir) dir = make(files);
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeProject) project = load(dir, &error);
	g_autofree char *prefix = g_strconcat(dir->path, "/", NULL);

	if (project != NULL)
		return g_strdup("");
	g_auto(GStrv) parts = g_strsplit(error->message, prefix, -1);
	return g_strjoinv("", parts);
}

#define HEAD                                                                                       \
	"[project]\ndefault-distro = { name = 'd' }\n[distros.d]\ndefault-version = '1'\n"         \
	"[distros.d.versions.1]\nrelease-ver = '1'\n"

static void test_refused(void)
{
	static const struct {
		const char *toml, *want;
	} rows[] = {
		{"a = 1", "strake.toml:1:1: unknown key 'a' in definition file; it knows: "},
		{"component = {}",
			"strake.toml:1:1: unknown key 'component' in definition file; did "
			"you mean 'components'?"},
		{"[components.x]\noverlay = []", "strake.toml:2:1: components.x: unknown key "
						 "'overlay' in component; did you "
						 "mean 'overlays'?"},
		{"[components.x.build]\nwith = 'a'", "strake.toml:2:8: components.x.build.with: "
						     "expected an array of strings, found "
						     "a string"},
		{"[components.x.build]\nwith = ['a', 1]",
			"strake.toml:2:14: components.x.build.with: expected a string, found an "
			"integer"},
		{"[components.x.build.check]\nskip = true",
			"strake.toml:1:1: components.x.build: 'check.skip = true' needs a "
			"'check.skip_reason'"},
		{"[components.x.release]\ncalculation = 'autorelese'",
			"strake.toml:2:15: components.x.release.calculation: 'autorelese' is not "
			"known; did you mean 'autorelease'?"},
		{"[components.x.spec]\nupstream-commit = 'xyz'",
			"strake.toml:2:19: components.x.spec.upstream-commit: 'xyz' is not 7 to 40 "
			"hexadecimal digits"},
		{"[components]\nx = 1", "strake.toml:2:5: components.x: expected a table, found an "
					"integer"},
		{"[[components.x.overlays]]\ntag = 'a'",
			"strake.toml:1:1: components.x.overlays[1]: the key 'type' is required in "
			"overlay"},
		{"[[components.x.overlays]]\ntype = 'spec-add-tag'\ntag = 'a'",
			"strake.toml:1:1: components.x.overlays[1]: an overlay of type "
			"'spec-add-tag' "
			"needs the key 'value'"},
		{"[[components.x.overlays]]\ntype = 'spec-ad-tag'",
			"strake.toml:2:8: components.x.overlays[1].type: 'spec-ad-tag' is not "
			"known; "
			"did you mean 'spec-add-tag'?"},
		{"[[components.x.overlays]]\ntype = 'spec-search-replace'\nregex = '(?=a)'",
			"strake.toml:3:9: components.x.overlays[1].regex: regular expression "
			"'(?=a)': "
			"invalid perl operator: (?="},
		{"[[components.x.overlays]]\ntype='spec-search-replace'\nregex='a'\n"
		 "expand=true\nreplacement='\\1'",
			"strake.toml:3:7: components.x.overlays[1].regex: replacement '\\1': there "
			"is "
			"no group 1; the expression has 0"},
		{"[[components.x.overlays]]\ntype = 'file-remove'\nfile = 'a[b'",
			"strake.toml:3:8: components.x.overlays[1].file: glob 'a[b': '[' is never "
			"closed"},
		{"[[components.x.overlays]]\ntype = 'spec-append-lines'\nlines = []\npackage = 'p'",
			"strake.toml:4:11: components.x.overlays[1]: 'package' is of use only "
			"together with 'section'"},
		{"[[components.x.overlays]]\ntype = 'spec-remove-subpackage'\npackage='p'\n"
		 "section='%files'",
			"strake.toml:4:9: components.x.overlays[1]: spec-remove-subpackage removes "
			"all sections of the package; use spec-remove-section for one"},
		{"[[components.x.overlays]]\ntype='file-rename'\nfile='a'\nreplacement='b/c'",
			"strake.toml:4:13: components.x.overlays[1].replacement: 'b/c' is not a "
			"bare "
			"file name; a renamed file stays in its directory"},
		{"[[components.x.overlays]]\ntype='package-rename'\nvalue='b'\nfile='/x'",
			"strake.toml:4:1: components.x.overlays[1]: an overlay of type "
			"'package-rename' does not use the key 'file'; it uses: value"},
		{"[[components.x.overlays]]\ntype='package-file-remove'\nfile='x'",
			"strake.toml:3:6: components.x.overlays[1].file: 'x' is not an absolute "
			"path; "
			"paths in packages begin with '/'"},
		{"[[components.x.overlays]]\ntype='package-set-attr'\nfile='/x'",
			"strake.toml:1:1: components.x.overlays[1]: package-set-attr needs at "
			"least "
			"one of 'mode', 'owner', 'group' and 'capability'"},
		{"[[components.x.overlays]]\ntype='package-set-attr'\nfile='/x'\nmode='9'",
			"strake.toml:4:6: components.x.overlays[1].mode: expected permission bits "
			"such "
			"as \"0755\" or 0o755"},
		{"[[components.x.overlays]]\ntype='package-note-script'\nscript='postinst'\n"
		 "sha256='12'",
			"strake.toml:4:8: components.x.overlays[1].sha256: '12' is not 64 "
			"lower-case "
			"hexadecimal digits"},
		{"[[components.x.overlays]]\ntype='spec-remove-tag'\ntag='a'\n[components.x."
		 "overlays.metadata]\ncategory='upstream-backport'\nupstream-status='unknown'",
			"strake.toml:4:1: components.x.overlays[1].metadata: category "
			"'upstream-backport' needs at least one of 'commits'"},
		{"[[components.x.overlays]]\ntype='spec-remove-tag'\ntag='a'\nmetadata={category="
		 "'azl-pruning', upstream-status='unknown', bugs=[{url='ftp://x'}]}",
			"'ftp://x' is not an absolute http or https URL"},
		{"[components.x]\nallow-unhandled = true",
			"'allow-unhandled = true' needs a 'allow-reason'"},
		{"[components.x]\noverride = ['build.chek']",
			"strake.toml:2:13: components.x.override: 'build.chek': there is no key "
			"'chek' in build options"},
		{"[components.x]\nspec = { type = 'upstream', upstream-distro = { name = 'z' } }",
			"strake.toml:2:56: x: there is no distro 'z'"},
		{"[components.x]\nspec = { type = 'local', path = 'x.spec' }",
			"strake.toml:2:33: spec.path: there is no file 'x.spec'"},
		{"[components.x]\nspec = { type = 'local', path = 'strake.toml' }",
			"strake.toml:1:13: component 'x': its local spec is 'strake.toml' but must "
			"be "
			"named 'x.spec'"},
		{"[[components.x.source-files]]\nfilename='a/b'\norigin={type='download',uri='u'}",
			"'a/b' is not a plain file name"},
		{"[[components.x.source-files]]\nfilename='a'\nhash='00'\norigin={type='download',"
		 "uri='u'}",
			"strake.toml:3:6: components.x.source-files[1]: 'hash' needs a "
			"'hash-type'"},
		{"[[components.x.source-files]]\nfilename='a'\nhash='00'\nhash-type='SHA256'\n"
		 "origin={type='download'}",
			"strake.toml:5:8: components.x.source-files[1].origin: an origin of type "
			"'download' needs the key 'uri'\nstrake.toml:3:6: "
			"components.x.source-files[1].hash: '00' is not the 64 hexadecimal digits "
			"of "
			"a SHA256"},
		{"[[components.x.source-files]]\nfilename='a'\nhash-type='MD5'\n"
		 "origin={type='overlay'}",
			"hash-type: 'MD5' is not "},
		{"[[components.x.source-files]]\nfilename='a.tar.gz'\nreplace-upstream=true\n"
		 "replace-reason='r'\norigin={type='overlay'}",
			"component 'x': no overlay edits the archive 'a.tar.gz'"},
		{"[[components.x.overlays]]\ntype='file-remove'\nfile='d'\narchive='a.tar.gz'",
			"component 'x': this overlay edits the archive 'a.tar.gz', so a "},
		{"[components.x.publish]\nrpm-channel='a/b'", "cannot be a channel"},
		{"[component-groups.g]\ncomponents=['bash']\n[components.bach]",
			"strake.toml:2:13: component group 'g' names the component 'bash', which "
			"is not "
			"defined; did you mean 'bach'?"},
		{"[package-groups.a]\npackages=['p']\n[package-groups.b]\npackages=['p']",
			"package 'p' is in the groups 'a' and 'b'; a package is in one at most"},
		{"[images.i]\npackages=['p']",
			"the key 'packages' needs definition = { type = \"strake\" }"},
		{"[images.i]\ndefinition={type='strake'}\nroot-size='12X'",
			"strake.toml:3:11: images.i.root-size: expected a size such as \"512M\""},
		{"[images.i]\ndefinition={type='strake'}\nfiles=[{path='/a'}]",
			"a file has exactly one of 'source', 'lines' and 'target'"},
		{"[images.i]\ntests = { test-suites = [{name='t'}] }",
			"image 'i' names the test suite 't', which is not defined"},
		{"[upstreams.u]\nkind='deb'",
			"strake.toml:1:12: upstream 'u' needs the key 'suite'"},
		{"[upstreams.u]\nsuite='x'", "strake.toml:1:12: upstream 'u' needs the key 'kind'"},
		{"[distros.e.versions.2]\nrelease-ver='2'\nupstream='nope'",
			"strake.toml:3:10: upstream: there is no upstream 'nope'"},
		{"[distros.e.versions.2]",
			"strake.toml:1:21: distro version '2' needs the key 'release-ver'"},
		{"[resources.rpm-repos.r]\nbase-uri='u'",
			"a repository needs a 'gpg-key', or 'disable-gpg-check = true'"},
		{"[resources.rpm-repo-sets.s]\ntemplate='t'\nbase-uri='u'",
			"strake.toml:2:10: repository set 's': there is no template 't'"},
		{"[resources.rpm-repo-sets.s]\ntemplate='koji-dist-repo'\nbase-uri='u'\n"
		 "subrepos=['bin']",
			"its template 'koji-dist-repo' has no sub-repository 'bin'"},
		{"[distros.e.versions.2]\nrelease-ver='2'\ninputs.rpm-build=[{set='s'},"
		 "{repo='binary'}]\n[resources.rpm-repo-sets.s]\ntemplate='koji-dist-repo'\n"
		 "base-uri='u'\ngpg-key='https://k'",
			"inputs: the repository 'binary' is used twice"},
		{"[distros.e.versions.2]\nrelease-ver='2'\ninputs.rpm-build=[{repo='r'}]\n"
		 "[resources.rpm-repos.r]\nbase-uri='u'\ngpg-key='k'",
			"the gpg-key of repository 'r' must be an http or https URL"},
		{"project.strict=true\n[[components.x.overlays]]\ntype='spec-add-tag'\n"
		 "description='d'\ntag='a'\nvalue='b'\nsection='%build'",
			"strake.toml:7:9: an overlay of type 'spec-add-tag' does not use the key "
			"'section'"},
		{"[test-suites.t]\ntype='pytest'\npytest.instal='none'",
			"unknown key 'instal' in pytest settings; did you mean 'install'?"},
		{"[resources.rpm-repos.'a b']\nbase-uri='u'\ngpg-key='k'",
			"the name of a repository begins with a letter or digit"},
		{"includes=['x.toml']", "strake.toml:1:11: includes: there is no file 'x.toml'"},
		{"includes=['strake.toml']", "strake.toml:1:11: includes: "},
		{"project = 1", "strake.toml:1:11: project: expected a table, found an integer"},
		{"[a", "strake.toml:1:3: "},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *problems =
			problems_of((File[]){{"strake.toml", rows[i].toml}, {NULL}});
		if (strstr(problems, rows[i].want) != NULL)
			continue;
		g_test_message("%s\n-> %s\nwanted: %s", rows[i].toml, problems, rows[i].want);
		g_test_fail();
	}
}

static void test_all_problems_are_named(void)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (int i = 0; i < 30; i++)
		g_string_append_printf(text, "[components.c%d]\nx = 1\n", i);
	g_autofree char *problems = problems_of((File[]){{"strake.toml", text->str}, {NULL}});
	g_auto(GStrv) lines = g_strsplit(problems, "\n", -1);
	g_assert_cmpuint(g_strv_length(lines), ==, 21);
	g_assert_cmpstr(lines[20], ==, "and 10 more problems");
	g_assert_nonnull(strstr(lines[19], "strake.toml:40:1: components.c19"));
}

static void test_include_cycles(void)
{
	static const File two[] = {{"strake.toml", "includes=['d/b.toml']"},
		{"d/b.toml", "includes=['../strake.toml']"}, {NULL}};
	static const File three[] = {{"azldev.toml", "includes=['*/b.toml']"},
		{"d/b.toml", "includes=['c.toml']"}, {"d/c.toml", "includes=['../azldev.toml']"},
		{NULL}};
	g_autofree char *of_two = problems_of(two);
	g_autofree char *of_three = problems_of(three);

	g_assert_nonnull(strstr(of_two, "d/b.toml:1:11: includes: 'strake.toml' includes itself"));
	g_assert_nonnull(strstr(of_three, "d/c.toml:1:11: "));
	g_assert_nonnull(strstr(of_three, "a cycle"));
}

static void test_duplicate_names(void)
{
	static const File files[] = {{"strake.toml", "includes=['*.inc']\n[components.a]\n"},
		{"x.inc", "\n[components.a]\n"}, {NULL}};
	g_autofree char *problems = problems_of(files);

	g_assert_cmpstr(problems, ==,
		"x.inc:2:13: components.a is defined twice; first at strake.toml:2:13");
}

// The including file comes first, then what it includes; empty values never clear.
static void test_merge_of_files(void)
{
	static const File files[] = {
		{"strake.toml",
			"includes=['sub/**/*.toml', 'none/*.toml']\n" HEAD
			"[upstreams.u]\nkind='deb'\nsuite='old'\ncomponents=['main','contrib']\n"
			"architecture='riscv64'\n"
			"[resources.rpm-repos.r]\nbase-uri='a'\ndisable-gpg-check=true\n"
			"[default-component-config.build]\nwith=['one']\n"},
		{"sub/deep/a.toml",
			"[project]\ndescription='later'\noutput-dir='o'\n[upstreams.u]\n"
			"suite='new'\ncomponents=['non-free']\n[distros.d.versions.1]\n"
			"description='only this'\n[resources.rpm-repos.r]\n"
			"metalink='m'\ngpg-key='k'\n[components.c]\n"
			"[default-component-config.build]\nwith=['two']\n"},
		{"sub/z.toml", "[project]\ndescription=''\n[distros.d.versions.2]\n"
			       "release-ver='2'\n"},
		{NULL},
	};
	g_autoptr(StrakeTmpdir) dir = make(files);
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeProject) p = load(dir, &error);
	g_assert_no_error(error);
	g_autofree char *out = g_build_filename(dir->path, "sub/deep/o", NULL);
	const StrakeUpstream *u = strake_project_upstream(p, "u", NULL);
	g_autoptr(StrakeComponent) c = strake_project_resolve(p, "c", NULL);
	g_assert_cmpstr(strake_project_info(p)->description, ==, "later");
	g_assert_cmpstr(strake_project_output_dir(p), ==, out);
	g_assert_cmpstr(u->suite, ==, "new");
	g_assert_cmpstr(u->components[0], ==, "non-free"); // lists replace between files
	g_assert_null(u->components[1]);
	g_assert_cmpstr(u->architecture, ==, "riscv64");       // not the default of the second file
	g_assert_cmpuint(g_strv_length(c->build.with), ==, 2); // but defaults are inherited
	g_assert_nonnull(strake_project_distro_version(
		p, &(StrakeDistroRef){.name = (char *)"d", .version = (char *)"2"}, NULL));
}

#define LINE(text) "{type='spec-append-lines', lines=['" text "']}"

static const File chain[] = {
	{"strake.toml", HEAD
		"default-component-config = {build={with=['v'],check={skip=true,skip_reason='v'},"
		"defines={a='v',b='v'}}, overlays=[" LINE(
			"v") "], release={calculation='manual'}}\n"
			     "[default-component-config]\noverlays=[" LINE(
				     "p") "]\nbuild={with=['p'],defines={a='p'}}\n"
					  "spec={type='upstream',upstream-distro={name='d',"
					  "snapshot=2026-02-24T00:00:00-08:00}}\n"
					  "[component-groups.z]\ncomponents=['c']\n"
					  "default-component-config={overlays=[" LINE(
						  "z") "],build={defines={a='z'}}}\n"
						       "[component-groups.a]\ncomponents=['c','d']"
						       "\n"
						       "default-component-config={overlays=[" LINE(
							       "a") "],build={without=['a']}}\n"
								    "[components.c]\noverlays="
								    "[" LINE(
									    "c") "]\nbuild={with=['"
										 "c'],check={skip="
										 "false}}\n"
										 "release={"
										 "calculation='"
										 "auto'}\n"
										 "[components.d]"
										 "\noverride=['"
										 "overlays','build."
										 "check','build."
										 "defines.b']\n"
										 "overlays=[" LINE(
											 "d") "]"
											      "\n"},
	{NULL},
};

static char *lines_of(const StrakeComponent *c)
{
	g_autoptr(GString) out = g_string_new(NULL);

	for (guint i = 0; i < c->overlays->len; i++)
		g_string_append(out, ((StrakeOverlay *)c->overlays->pdata[i])->lines[0]);
	return g_string_free(g_steal_pointer(&out), FALSE);
}

static void test_inheritance(void)
{
	g_autoptr(StrakeTmpdir) dir = make(chain);
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeProject) p = load(dir, &error);
	g_assert_no_error(error);
	g_autoptr(StrakeComponent) c = strake_project_resolve(p, "c", NULL);
	g_autoptr(StrakeComponent) d = strake_project_resolve(p, "d", NULL);
	g_autoptr(StrakeComponent) other = strake_project_resolve(p, "not-there", NULL);
	g_autofree char *c_lines = lines_of(c);
	g_autofree char *d_lines = lines_of(d);
	g_autofree char *other_lines = lines_of(other);
	g_autofree char *with = g_strjoinv(" ", c->build.with);
	g_autofree char *groups = g_strjoinv(" ", c->groups);

	// version, project, groups in alphabetical order, own.
	g_assert_cmpstr(c_lines, ==, "vpazc");
	g_assert_cmpstr(with, ==, "v p c");
	g_assert_cmpstr(groups, ==, "a z");
	g_assert_true(c->build.check.skip); // false cannot override
	g_assert_cmpint(c->release_calculation, ==, STRAKE_RELEASE_AUTO);
	g_assert_cmpuint(c->build.defines->len, ==, 2);
	g_assert_cmpstr(((StrakeNameValue *)c->build.defines->pdata[0])->value, ==, "z");
	g_assert_cmpstr(((StrakeNameValue *)c->build.defines->pdata[1])->value, ==, "v");
	g_assert_cmpstr(c->spec.upstream_distro.snapshot, ==, "2026-02-24T00:00:00-08:00");
	g_assert_cmpstr(c->origin.file != NULL ? "set" : "", ==, "set");
	// the extension: what is inherited is dropped first.
	g_assert_cmpstr(d_lines, ==, "d");
	g_assert_false(d->build.check.skip);
	g_assert_null(d->build.check.skip_reason);
	g_assert_cmpuint(d->build.defines->len, ==, 1);
	g_assert_cmpint(d->release_calculation, ==, STRAKE_RELEASE_MANUAL);
	// a name that no table has
	g_assert_cmpstr(other_lines, ==, "vp");
	g_assert_null(other->origin.file);
	g_assert_false(strake_project_has_component(p, "not-there"));
}

static bool resolve_one(size_t index, void *project, GError **error)
{
	g_autoptr(StrakeComponent) c = strake_project_resolve(project, "c", error);

	return c != NULL && c->overlays->len == 3;
}

#define META "[metadata]\ncategory='azl-pruning'\nupstream-status='inapplicable'\n"
#define OVER(text) "[[overlays]]\ntype='spec-append-lines'\nlines=['" text "']\n"

static void test_overlay_files(void)
{
	static const File files[] = {
		{"strake.toml", "includes=['comps/*/c.toml']\n[default-component-config]\n"
				"overlay-files=['over/**/*.toml']\n[components.none]\n"
				"overlay-files=[]\n[components.top]\n"},
		{"comps/c/c.toml", "[components.c]\noverlays=[" LINE("own") "]\n"},
		{"comps/c/over/b/1.toml", META OVER("second")},
		{"comps/c/over/a/2.toml", META OVER("third") "source='x'\n"},
		{"comps/c/over/a/x", ""},
		{"over/t.toml", META OVER("top")},
		{NULL},
	};
	g_autoptr(StrakeTmpdir) dir = make(files);
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeProject) p = load(dir, &error);
	g_assert_no_error(error);
	g_autoptr(StrakeComponent) c = strake_project_resolve(p, "c", &error);
	g_assert_no_error(error);
	g_autoptr(StrakeComponent) none = strake_project_resolve(p, "none", NULL);
	g_autoptr(StrakeComponent) top = strake_project_resolve(p, "top", NULL);
	g_autofree char *lines = lines_of(c);
	g_autofree char *top_lines = lines_of(top);
	StrakeOverlay *last = c->overlays->pdata[2];
	g_autofree char *source = g_build_filename(dir->path, "comps/c/over/a/x", NULL);

	// By base name over all directories, each pattern from the component's own directory.
	g_assert_cmpstr(lines, ==, "ownsecondthird");
	g_assert_cmpstr(last->metadata->category, ==, "azl-pruning");
	g_assert_cmpstr(last->source, ==, source);
	g_assert_cmpuint(none->overlays->len, ==, 0);
	g_assert_cmpstr(top_lines, ==, "top");
	g_assert_true(strake_parallel_for(200, 4, resolve_one, p, NULL));
}

static void test_overlay_files_refused(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"", "o.toml:1:1: an overlay file needs one [metadata] table"},
		{OVER("x"), "an overlay file needs one [metadata] table"},
		{META, "the key 'overlays' is required in overlay file"},
		{META "overlays=[]", "metadata: unknown key 'overlays'"},
		{META OVER("x") "metadata={category='azl-pruning',upstream-status='unknown'}",
			"o.toml:7:10: overlays[1]: in an overlay file the metadata stands once"},
		{"[metadata]\ncategory='x'\nupstream-status='unknown'\n" OVER("x"),
			"o.toml:2:10: metadata.category: 'x' is not one of: "},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *problems = problems_of(
			(File[]){{"strake.toml", "[components.c]\noverlay-files=['o.toml']\n"},
				{"o.toml", rows[i].text}, {NULL}});
		g_test_message("%s\n-> %s", rows[i].text, problems);
		g_assert_nonnull(strstr(problems, rows[i].want));
	}
	g_autofree char *missing = problems_of((File[]){
		{"strake.toml", "[components.c]\noverlay-files=['o.toml','*.x']\n"}, {NULL}});
	g_assert_nonnull(strstr(missing, "there is no file 'o.toml'"));
}

static void test_overlay_set(void)
{
	static const File files[] = {{"o.toml", OVER("a") OVER("b")}, {NULL}};
	g_autoptr(StrakeTmpdir) dir = make(files);
	g_autofree char *path = g_build_filename(dir->path, "o.toml", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeOverlaySet) set = strake_overlay_set_load(path, &error);

	g_assert_no_error(error);
	g_assert_cmpuint(set->overlays->len, ==, 2);
	g_assert_cmpuint(((StrakeOverlay *)set->overlays->pdata[1])->origin.line, ==, 4);
}

static void test_discovered_specs(void)
{
	static const File files[] = {
		{"strake.toml", "includes=['g/g.toml']"},
		{"g/g.toml", "[component-groups.g]\nspecs=['SPECS/**/*.spec']\n"
			     "excluded-paths=['SPECS/old/**']\n"
			     "default-component-config.build.with=['x']\n"},
		{"g/SPECS/a/a.spec", ""},
		{"g/SPECS/old/b/b.spec", ""},
		{NULL},
	};
	static const File twice[] = {
		{"strake.toml", "[component-groups.g]\nspecs=['**/*.spec']\n"},
		{"x/a.spec", ""},
		{"y/a.spec", ""},
		{NULL},
	};
	g_autoptr(StrakeTmpdir) dir = make(files);
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeProject) p = load(dir, &error);
	g_assert_no_error(error);
	g_auto(GStrv) names = strake_project_component_names(p);
	g_autofree char *all = g_strjoinv(" ", names);
	g_autoptr(StrakeComponent) a = strake_project_resolve(p, "a", NULL);
	g_autofree char *path = g_build_filename(dir->path, "g/SPECS/a/a.spec", NULL);
	g_autofree char *problems = problems_of(twice);

	g_assert_cmpstr(all, ==, "a");
	g_assert_cmpint(a->spec.type, ==, STRAKE_SPEC_LOCAL);
	g_assert_cmpstr(a->spec.path, ==, path);
	g_assert_cmpstr(a->build.with[0], ==, "x");
	g_assert_nonnull(strstr(problems, "would be the component 'a'"));
}

static void test_macros(void)
{
	static const struct {
		const char *build, *want;
	} rows[] = {
		{"", NULL},
		{"with=['t','d']\nwithout=['x']\ndefines={z='1 2',_with_t='0'}",
			"%_with_d 1\n%_with_t 0\n%_without_x 1\n%z 1 2\n"},
		{"with=['t']\nundefines=['_with_t']", NULL},
		{"defines={a='1'}\nundefines=['fedora']", "%a 1\n"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text =
			g_strdup_printf("[components.c.build]\n%s\n", rows[i].build);
		g_autoptr(StrakeTmpdir) dir = make((File[]){{"strake.toml", text}, {NULL}});
		g_autoptr(StrakeProject) p = load(dir, NULL);
		g_autoptr(StrakeComponent) c = strake_project_resolve(p, "c", NULL);
		g_autoptr(GError) error = NULL;
		g_autofree char *macros = strake_component_macros(c, NULL, &error);
		g_test_message("%s", rows[i].build);
		g_assert_no_error(error);
		if (rows[i].want == NULL) {
			g_assert_null(macros);
			continue;
		}
		g_assert_true(g_str_has_prefix(macros, "# Macros file automatically generated"));
		g_assert_true(g_str_has_suffix(macros, rows[i].want));
		g_assert_cmpuint(strlen(macros), ==,
			strlen(rows[i].want) + strlen("# Macros file automatically generated by "
						      "azldev.\n# Do not edit manually; changes "
						      "will be overwritten.\n"));
	}
	g_autofree char *bad = problems_of(
		(File[]){{"strake.toml", "[components.'a b'.build]\nwith=['x']\n"}, {NULL}});
	g_assert_nonnull(strstr(bad, "component 'a b' has build options"));
}

static void test_strict(void)
{
	g_autofree char *problems = problems_of((File[]){
		{"strake.toml", "project.strict=true\n[components.c]\noverlays=[" LINE("x") "]\n"},
		{NULL}});

	g_assert_nonnull(strstr(problems, "strake.toml:3:11: an overlay of type "
					  "'spec-append-lines' has no 'description'"));
	g_autofree char *in_file = problems_of((File[]){
		{"strake.toml", "project.strict=true\n[components.c]\noverlay-files=['o.toml']\n"},
		{"o.toml", META OVER("x")}, {NULL}});
	g_assert_nonnull(strstr(in_file, "o.toml:4:1: an overlay of type "));
}

static void test_image(void)
{
	static const File files[] = {
		{"strake.toml",
			"[images.vm]\ndefinition={type='strake'}\nkind='oci'\npackages=['a','b']\n"
			"outputs=['raw','vhd']\nfilesystem='erofs'\nroot-size='2G'\n"
			"selinux={mode='enforcing',cil=['x.cil']}\n"
			"files=[{path='/etc/x',lines=['1'],mode='0600'},{path='/y',target='x'}]\n"},
		{"x.cil", ""},
		{NULL},
	};
	g_autoptr(StrakeTmpdir) dir = make(files);
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeProject) p = load(dir, &error);
	g_assert_no_error(error);
	const StrakeImageDef *vm = strake_project_image(p, "vm", NULL);
	const StrakeImageFile *x = vm->files->pdata[0];
	const StrakeImageFile *y = vm->files->pdata[1];

	g_assert_cmpint(vm->kind, ==, STRAKE_IMAGE_OCI);
	g_assert_cmpint(vm->filesystem, ==, STRAKE_FILESYSTEM_EROFS);
	g_assert_cmpuint(vm->root_size_bytes, ==, (guint64)2 << 30);
	g_assert_cmpint(vm->selinux.mode, ==, STRAKE_SELINUX_ENFORCING);
	g_assert_cmpint(x->mode, ==, 0600);
	g_assert_cmpint(y->mode, ==, -1);
	g_assert_null(strake_project_image(p, "mv", &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_NOT_FOUND);
}

static void test_uri(void)
{
	static const StrakeUriValues values = {
		.pkg = "libxml++", .filename = "a b.tar.gz", .hashtype = "sha512", .hash = "00ff"};
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"https://x/rpms/$pkg.git", "https://x/rpms/libxml%2B%2B.git"},
		{"$pkg/$filename/$hashtype/$hash/$filename",
			"libxml%2B%2B/a%20b.tar.gz/sha512/00ff/a%20b.tar.gz"},
		{"$releasever/$other$", "$releasever/$other$"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *uri = strake_uri_expand(rows[i].text, &values);
		g_assert_cmpstr(uri, ==, rows[i].want);
	}
}

static void test_no_project(void)
{
	g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new("/tmp", NULL);
	g_autoptr(GError) error = NULL;

	g_assert_null(load(dir, &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_NOT_FOUND);
}

static void test_root_is_found_above(void)
{
	static const File files[] = {{"distro/strake.toml", "components.a={}"},
		{"distro/x/y/z", ""}, {"q/r/s", ""}, {NULL}};
	static const char *const starts[] = {".", "distro", "distro/x/y", "q/r"};
	g_autoptr(StrakeTmpdir) dir = make(files);
	g_autofree char *want = g_build_filename(dir->path, "distro", NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(starts); i++) {
		g_autofree char *start = g_build_filename(dir->path, starts[i], NULL);
		StrakeProjectOptions options = {.no_user_config = true};
		g_autoptr(StrakeProject) p = strake_project_load(start, &options, NULL);
		g_assert_nonnull(p);
		g_assert_cmpstr(strake_project_root(p), ==, want);
		g_assert_cmpstr(strake_project_lock_dir(p), ==, want);
		g_assert_true(g_str_has_suffix(strake_project_output_dir(p), "/out"));
		g_assert_null(strstr(strake_project_output_dir(p), "distro"));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/project/refused", test_refused);
	g_test_add_func("/project/all-problems", test_all_problems_are_named);
	g_test_add_func("/project/include-cycles", test_include_cycles);
	g_test_add_func("/project/duplicates", test_duplicate_names);
	g_test_add_func("/project/merge", test_merge_of_files);
	g_test_add_func("/project/inheritance", test_inheritance);
	g_test_add_func("/project/overlay-files", test_overlay_files);
	g_test_add_func("/project/overlay-files-refused", test_overlay_files_refused);
	g_test_add_func("/project/overlay-set", test_overlay_set);
	g_test_add_func("/project/discovered-specs", test_discovered_specs);
	g_test_add_func("/project/macros", test_macros);
	g_test_add_func("/project/strict", test_strict);
	g_test_add_func("/project/image", test_image);
	g_test_add_func("/project/uri", test_uri);
	g_test_add_func("/project/none", test_no_project);
	g_test_add_func("/project/root", test_root_is_found_above);
	return g_test_run();
}
