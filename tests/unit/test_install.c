// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Installation into directories, with packages of our own writer: owners by name, capabilities,
// languages, left-out paths, and the errors. Everything is looked at from inside a sandbox, where
// the owners are what the tree's own files say.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/sandbox.h"
#include "format/rpm_write.h"
#include "pkg/install.h"
#include "pkg/verify.h"

static StrakeTmpdir *dir;

static void free_package(void *package)
{
	strake_package_free(package);
}

// Writes @package to a file and adds it to @list.
static void save(StrakeRpmPackage *package, GPtrArray *list)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = strake_rpm_package_to_bytes(package, 1, &error);
	g_autofree char *name = strake_rpm_package_file_name(package);
	StrakePackage *out = g_new0(StrakePackage, 1);
	gsize size;
	const void *data;

	g_assert_no_error(error);
	data = g_bytes_get_data(bytes, &size);
	g_assert_true(strake_file_write_at(dir->fd, name, data, size, 0644, &error));
	out->name = g_strdup(package->name);
	out->path = g_build_filename(dir->path, name, NULL);
	g_ptr_array_add(list, out);
}

static StrakeRpmPackage *plain(const char *name)
{
	StrakeRpmPackage *package = strake_rpm_package_new(name, "1", "1", "noarch");
	g_autofree char *source = g_strdup_printf("%s-1-1.src.rpm", name);

	g_free(package->source_rpm);
	package->source_rpm = g_steal_pointer(&source);
	return package;
}

static void set(char **field, const char *text)
{
	g_free(*field);
	*field = g_strdup(text);
}

static GPtrArray *make_packages(void)
{
	GPtrArray *list = g_ptr_array_new_with_free_func(free_package);
	g_autoptr(GBytes) text = g_bytes_new_static("text\n", 5);
	g_autoptr(StrakeRpmPackage) tool = plain("tool");
	g_autoptr(StrakeRpmPackage) base = plain("base");
	StrakeRpmFile *file;

	file = strake_rpm_package_add_content(tool, "/usr/bin/chage", 02755, text);
	set(&file->group, "shadow");
	file = strake_rpm_package_add_content(tool, "/usr/bin/ping", 0755, text);
	set(&file->caps, "cap_net_raw=ep");
	set(&file->user, "pinger");
	file = strake_rpm_package_add_content(tool, "/usr/share/locale/de/t.mo", 0644, text);
	set(&file->lang, "de");
	file = strake_rpm_package_add_content(tool, "/usr/share/locale/fr/t.mo", 0644, text);
	set(&file->lang, "fr");
	strake_rpm_package_add_content(tool, "/usr/share/man/man1/t.1", 0644, text);
	strake_rpm_package_add_dep(tool, STRAKE_RPM_REQUIRES, "base", NULL, 0);
	strake_rpm_package_add_dir(base, "/usr/share/man", 0755);
	strake_rpm_package_add_dir(base, "/usr/bin", 0755);
	save(base, list);
	save(tool, list);
	return list;
}

// -- a tree is made, looked at and removed inside one sandbox, as its owners need not be ours

typedef struct {
	char *root;
	GPtrArray *packages;
	StrakeInstallOptions options;
	bool (*look)(const char *root, GError **error);
} Job;

static bool work(void *data, int out_fd, GError **error)
{
	const Job *job = data;
	bool ok = strake_install(job->root, job->packages, &job->options, NULL, error) &&
		  job->look(job->root, error);

	return strake_path_remove_tree(AT_FDCWD, job->root, ok ? error : NULL) && ok;
}

static void run_job(Job *job, bool owners)
{
	const StrakeSandbox sandbox = {.needs_owners = owners, .cwd = "/"};
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) packages = make_packages();
	g_autofree char *root = g_build_filename(dir->path, "root", NULL);

	if (owners && !strake_sandbox_has_owners()) {
		g_test_skip("this user has no subordinate ids");
		return;
	}
	g_assert_true(strake_path_mkdirs(AT_FDCWD, root, &error));
	job->root = root;
	job->packages = packages;
	if (!strake_sandbox_call(&sandbox, work, job, NULL, &error)) {
		if (strstr(error->message, "user name space") != NULL)
			g_test_skip(error->message);
		else
			g_assert_no_error(error);
	}
}

static bool expect(
	const char *root, const char *path, mode_t mode, uid_t uid, gid_t gid, GError **error)
{
	g_autofree char *full = g_strconcat(root, path, NULL);
	struct stat st;

	if (lstat(full, &st) < 0)
		return strake_error_errno(error, errno, "look at", path);
	if ((st.st_mode & 07777) == mode && st.st_uid == uid && st.st_gid == gid)
		return true;
	return strake_error_set(error, STRAKE_ERROR_FAILED, "%s has mode %o, owner %u:%u", path,
		st.st_mode & 07777, st.st_uid, st.st_gid);
}

static bool write_account(const char *root, const char *path, const char *text, GError **error)
{
	g_autofree char *full = g_strconcat(root, path, NULL);

	return g_file_set_contents(full, text, -1, error);
}

static bool has_capability(const char *root, const char *path)
{
	g_autofree char *full = g_strconcat(root, path, NULL);

	return getxattr(full, "security.capability", NULL, 0) > 0;
}

static bool look_at_owners(const char *root, GError **error)
{
	g_autoptr(GError) missing = NULL;
	g_autofree char *etc = g_strconcat(root, "/etc", NULL);
	unsigned changed = 0;

	// Before the image's accounts exist, everything is root's, and nothing runs as a group.
	if (!expect(root, "/usr/bin/chage", 0755, 0, 0, error))
		return false;
	if (strake_install_apply_owners(root, NULL, NULL, &missing) ||
		strstr(missing->message,
			"group 'shadow' (of /usr/bin/chage), user 'pinger' (of /usr/bin/ping)") ==
			NULL)
		return strake_error_set(error, STRAKE_ERROR_FAILED, "missing names: %s",
			missing != NULL ? missing->message : "no error");
	if (!strake_path_mkdirs(AT_FDCWD, etc, error) ||
		!write_account(root, "/etc/passwd", "root:x:0:0::/:\npinger:x:77:0::/:\n", error) ||
		!write_account(root, "/etc/group", "bad\nshadow:x:42:\nx:y:z\n", error) ||
		!strake_install_apply_owners(root, NULL, &changed, error))
		return false;
	if (changed != 2 || !has_capability(root, "/usr/bin/ping"))
		return strake_error_set(error, STRAKE_ERROR_FAILED,
			"%u changed, or the capability is lost", changed);
	return expect(root, "/usr/bin/chage", 02755, 0, 42, error) &&
	       expect(root, "/usr/bin/ping", 0755, 77, 0, error);
}

static void test_owners(void)
{
	Job job = {.look = look_at_owners};

	run_job(&job, true);
}

static bool exists(const char *root, const char *path)
{
	g_autofree char *full = g_strconcat(root, path, NULL);

	return access(full, F_OK) == 0;
}

static bool look_at_parts(const char *root, GError **error)
{
	if (exists(root, "/usr/share/locale/de/t.mo") &&
		!exists(root, "/usr/share/locale/fr/t.mo") &&
		!exists(root, "/usr/share/man/man1/t.1") && exists(root, "/usr/bin/ping"))
		return true;
	return strake_error_set(error, STRAKE_ERROR_FAILED, "wrong files were left out");
}

static void test_parts(void)
{
	static const char *const languages[] = {"de", NULL};
	static const char *const excluded[] = {"/usr/share/man", NULL};
	Job job = {.look = look_at_parts,
		.options = {.languages = languages, .exclude_paths = excluded}};

	run_job(&job, false);
}

// Contents are linked from the layer; a program that writes through such a link, as this function
// does, harms no later tree.
static bool look_at_layered(const char *root, GError **error)
{
	g_autofree char *path = g_strconcat(root, "/usr/share/locale/de/t.mo", NULL);
	g_autofree char *text = NULL;
	g_auto(strake_fd) fd = -1;
	struct stat st;

	if (!look_at_parts(root, error) || !g_file_get_contents(path, &text, NULL, error))
		return false;
	if (strcmp(text, "text\n") != 0 || stat(path, &st) < 0 || st.st_nlink < 2)
		return strake_error_set(error, STRAKE_ERROR_FAILED, "content '%s' of %u names",
			text, (unsigned)st.st_nlink);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	return strake_fd_write_all(fd, "more", 4, path, error);
}

static void test_layers(void)
{
	static const char *const languages[] = {"de", NULL};
	static const char *const excluded[] = {"/usr/share/man/**", NULL};
	g_autofree char *layers = g_build_filename(dir->path, "layers", NULL);
	Job job = {.look = look_at_layered,
		.options = {.languages = languages, .exclude_globs = excluded, .layers = layers}};

	g_assert_cmpint(mkdir(layers, 0777), ==, 0);
	run_job(&job, false);
	run_job(&job, false);
	job.look = look_at_owners;
	job.options = (StrakeInstallOptions){.layers = layers};
	run_job(&job, true);
}

static bool look_at_database(const char *root, GError **error)
{
	if (exists(root, "/usr/lib/sysimage/rpm/rpmdb.sqlite") &&
		!exists(root, "/usr/lib/sysimage/rpm/rpmdb.sqlite-wal") &&
		!exists(root, "/var/lib/rpm"))
		return true;
	return strake_error_set(error, STRAKE_ERROR_FAILED, "the database is not where it must be");
}

static void test_database_place(void)
{
	Job job = {.look = look_at_database, .options = {.database = "/usr/lib/sysimage/rpm"}};

	run_job(&job, false);
}

static void test_missing_dependency(void)
{
	g_autoptr(GPtrArray) packages = make_packages();
	g_autofree char *root = g_build_filename(dir->path, "root2", NULL);
	const StrakeInstallOptions options = {0};
	g_autoptr(GError) error = NULL;

	g_assert_true(strake_path_mkdirs(AT_FDCWD, root, &error));
	g_ptr_array_remove_index(packages, 0);
	g_assert_false(strake_install_sandboxed(root, packages, &options, NULL, &error));
	if (strstr(error->message, "user name space") != NULL) {
		g_test_skip(error->message);
		return;
	}
	g_assert_nonnull(strstr(error->message,
		"tool-1-1.noarch needs base, which no package to be installed provides"));
	g_assert_true(strake_path_remove_tree(AT_FDCWD, root, NULL));
}

static void test_verify_errors(void)
{
	g_autoptr(GPtrArray) packages = make_packages();
	const StrakePackage *package = g_ptr_array_index(packages, 0);
	g_autoptr(GError) error = NULL;

	g_assert_false(strake_package_verify(package->path, NULL, "no key", &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
	g_clear_error(&error);
	g_assert_false(strake_package_verify("/nonexistent.rpm", NULL, "no key", &error));
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	int status;

	g_test_init(&argc, &argv, NULL);
	dir = strake_tmpdir_new(NULL, &error);
	g_assert_no_error(error);
	g_test_add_func("/install/owners", test_owners);
	g_test_add_func("/install/parts", test_parts);
	g_test_add_func("/install/layers", test_layers);
	g_test_add_func("/install/database-place", test_database_place);
	g_test_add_func("/install/missing-dependency", test_missing_dependency);
	g_test_add_func("/install/verify-errors", test_verify_errors);
	status = g_test_run();
	strake_tmpdir_free(dir);
	return status;
}
