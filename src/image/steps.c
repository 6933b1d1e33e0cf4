// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The step table and its runner. A step is run when its program is in the tree; a step with
// outputs is remembered under the digest of its inputs.
#include "image/steps.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/progress.h"
#include "base/sandbox.h"
#include "image/configure.h"
#include "image/memo.h"
#include "image/plain_modules.h"
#include "image/policy.h"
#include "pkg/install.h"

typedef struct Step Step;
typedef bool (*StepFunc)(const StrakeSteps *steps, const Step *step, GError **error);

struct Step {
	const char *name;
	StepFunc run;                              // NULL: run @argv in the tree
	bool (*wanted)(const StrakeImageDef *def); // NULL: by every image
	const char *needs;                         // path that must exist in the tree, or NULL
	const char *const *argv;                   // "@KERNEL@" stands for the kernel version
	const char *const *outside; // the same by the tools tree, with the image on /tree, for
				    // images that lack the program; NULL: such images do without
	const char *const *inputs;  // globs
	const char *const *outputs; // globs; NULL: too cheap to remember
};

static bool run_configure(const StrakeSteps *steps, const Step *step, GError **error);
static bool run_clean(const StrakeSteps *steps, const Step *step, GError **error);
static bool run_record(const StrakeSteps *steps, const Step *step, GError **error);
static bool run_owners(const StrakeSteps *steps, const Step *step, GError **error);
static bool run_policy(const StrakeSteps *steps, const Step *step, GError **error);
static bool run_plain_modules(const StrakeSteps *steps, const Step *step, GError **error);
static bool is_compressed_disk(const StrakeImageDef *def);

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const Step table[] = {
	{.name = "accounts",
		.needs = "usr/bin/systemd-sysusers",
		.argv = WORDS("systemd-sysusers"),
		.outside = WORDS("systemd-sysusers", "--root=/tree")},
	{.name = "owners", .run = run_owners, .needs = "var/lib/rpm"},
	{.name = "library cache",
		.needs = "usr/sbin/ldconfig",
		.argv = WORDS("ldconfig", "-X"),
		.outside = WORDS("ldconfig", "-X", "-r", "/tree")},
	{.name = "plain modules",
		.run = run_plain_modules,
		.wanted = is_compressed_disk,
		.needs = "usr/lib/modules",
		.inputs = WORDS("usr/lib/modules/*/kernel/**"),
		.outputs = WORDS("usr/lib/modules/*/kernel/**")},
	{.name = "kernel modules",
		.needs = "usr/sbin/depmod",
		.argv = WORDS("depmod", "-a", "@KERNEL@"),
		.inputs = WORDS("usr/lib/modules/**", "usr/bin/kmod", "{etc,usr/lib}/depmod.d/*"),
		.outputs = WORDS("usr/lib/modules/*/modules.{alias,alias.bin,builtin.alias.bin,"
				 "builtin.bin,dep,dep.bin,devname,softdep,symbols,symbols.bin,"
				 "weakdep}")},
	{.name = "hardware database",
		.needs = "usr/bin/systemd-hwdb",
		.argv = WORDS("systemd-hwdb", "--usr", "update"),
		.inputs = WORDS("{etc,usr/lib}/udev/hwdb.d/**", "usr/bin/systemd-hwdb",
			"usr/lib/**/libsystemd-shared-*.so"),
		.outputs = WORDS("usr/lib/udev/hwdb.bin")},
	{.name = "journal catalog",
		.needs = "usr/bin/journalctl",
		.argv = WORDS("journalctl", "--update-catalog"),
		.inputs = WORDS("usr/lib/systemd/catalog/*", "usr/bin/journalctl"),
		.outputs = WORDS("var/lib/systemd/catalog/database")},
	{.name = "settings schemas",
		.needs = "usr/share/glib-2.0/schemas",
		.argv = WORDS("/usr/lib/x86_64-linux-gnu/glib-2.0/glib-compile-schemas",
			"/usr/share/glib-2.0/schemas")},
	// rpm keeps each key as a file, so that the import is the same bytes every time.
	{.name = "package keys",
		.needs = "etc/pki/rpm-gpg/RPM-GPG-KEY-strake",
		.argv = WORDS("rpmkeys", "--import", "/etc/pki/rpm-gpg/RPM-GPG-KEY-strake")},
	{.name = "configuration", .run = run_configure},
	{.name = "state directories",
		.needs = "usr/bin/systemd-tmpfiles",
		.argv = WORDS("systemd-tmpfiles", "--create", "--prefix=/var", "--prefix=/etc",
			"--prefix=/root", "--prefix=/srv", "--prefix=/home",
			"--exclude-prefix=/var/tmp", "--exclude-prefix=/var/run")},
	{.name = "unit presets",
		.needs = "usr/bin/systemctl",
		.argv = WORDS("systemctl", "--root=/", "preset-all", "--quiet")},
	{.name = "record of presets", .run = run_record, .needs = "usr/libexec/strake/trigger"},
	{.name = "user unit presets",
		.needs = "usr/bin/systemctl",
		.argv = WORDS("systemctl", "--root=/", "--global", "preset-all", "--quiet")},
	{.name = "SELinux policy",
		.run = run_policy,
		.needs = "usr/share/selinux",
		.inputs = WORDS("usr/share/selinux/**", "etc/selinux/*/{seusers,setrans.conf}",
			"etc/selinux/semanage.conf"),
		.outputs = WORDS("etc/selinux/*/**", "var/lib/selinux/**")},
	{.name = "clean", .run = run_clean},
};

// Calls from inside the sandbox, where the owners of the tree's files are visible.
typedef struct {
	const StrakeSteps *steps;
	const Step *step;
	const char *salt;
	char *fingerprint;
	bool (*func)(int root_fd, const void *call, int out_fd, GError **error);
} Call;

static bool call_inside(void *data, int out_fd, GError **error)
{
	Call *call = data;
	g_auto(strake_fd) root_fd = -1;

	umask(022);
	if (!strake_path_open_dir(AT_FDCWD, call->steps->root, &root_fd, error))
		return false;
	return call->func(root_fd, call, out_fd, error);
}

static bool in_tree(Call *call, GBytes **out, GError **error)
{
	const StrakeSandbox sandbox = {0};

	return strake_sandbox_call(&sandbox, call_inside, call, out, error);
}

static bool recall(int root_fd, const void *data, int out_fd, GError **error)
{
	const Call *call = data;
	g_autofree char *fingerprint =
		strake_memo_fingerprint(root_fd, call->step->inputs, call->salt, error);
	g_autofree char *kind = g_strdelimit(g_strdup(call->step->name), " ", '-');
	bool found = false;

	if (fingerprint == NULL || !strake_memo_restore(call->steps->store, kind, fingerprint,
					   root_fd, call->step->outputs, &found, error))
		return false;
	return strake_fd_write_all(out_fd, found ? "+" : "-", 1, "answer", error) &&
	       strake_fd_write_all(out_fd, fingerprint, 64, "answer", error);
}

static bool keep(int root_fd, const void *data, int out_fd, GError **error)
{
	const Call *call = data;
	g_autofree char *kind = g_strdelimit(g_strdup(call->step->name), " ", '-');

	(void)out_fd;
	return strake_memo_keep(
		call->steps->store, kind, call->fingerprint, root_fd, call->step->outputs, error);
}

static bool run_program(const StrakeSteps *steps, const Step *step, GError **error)
{
	g_autofree char *epoch =
		g_strdup_printf("SOURCE_DATE_EPOCH=%" G_GINT64_FORMAT, steps->time_s);
	const char *env[] = {epoch, "TZ=UTC", "SYSTEMD_OFFLINE=1", NULL};
	const StrakeSandbox sandbox = {.root = steps->root,
		.env = env,
		.proc = true,
		.dev = true,
		.tmp = true,
		.needs_owners = false};
	const char *argv[16] = {NULL};
	const StrakeRun run = {.argv = argv};

	for (size_t i = 0; step->argv[i] != NULL; i++) {
		g_assert(i + 1 < G_N_ELEMENTS(argv));
		argv[i] = strcmp(step->argv[i], "@KERNEL@") == 0 ? steps->kernel : step->argv[i];
		if (argv[i] == NULL)
			return true; // no kernel: nothing to do for its modules
	}
	return strake_sandbox_run(&sandbox, &run, NULL, error);
}

// For an image without the program itself: the tools tree's, with the image as a folder.
static bool run_outside(const StrakeSteps *steps, const Step *step, GError **error)
{
	const StrakeSandboxBind binds[] = {
		{.source = steps->root, .target = "/tree", .writable = true},
	};
	g_autofree char *epoch =
		g_strdup_printf("SOURCE_DATE_EPOCH=%" G_GINT64_FORMAT, steps->time_s);
	const char *env[] = {epoch, "TZ=UTC", "SYSTEMD_OFFLINE=1", NULL};
	const StrakeSandbox sandbox = {.root = steps->toolbox->root,
		.root_read_only = true,
		.binds = binds,
		.n_binds = G_N_ELEMENTS(binds),
		.env = env,
		.proc = true,
		.dev = true,
		.tmp = true};
	const StrakeRun run = {.argv = step->outside};

	return strake_sandbox_run(&sandbox, &run, NULL, error);
}

static bool run_once(const StrakeSteps *steps, const Step *step, GError **error)
{
	return step->run != NULL ? step->run(steps, step, error) : run_program(steps, step, error);
}

static char *salt_of(const StrakeSteps *steps, const Step *step);

static bool run_remembered(const StrakeSteps *steps, const Step *step, GError **error)
{
	g_autofree char *salt = salt_of(steps, step);
	Call call = {.steps = steps, .step = step, .salt = salt, .func = recall};
	g_autoptr(GBytes) answer = NULL;
	g_autofree char *fingerprint = NULL;
	const char *text;
	size_t size;

	if (!in_tree(&call, &answer, error))
		return false;
	text = g_bytes_get_data(answer, &size);
	if (size != 65)
		return strake_error_set(error, STRAKE_ERROR_FAILED, "no answer from the sandbox");
	if (text[0] == '+')
		return true;
	fingerprint = g_strndup(text + 1, 64);
	if (!run_once(steps, step, error))
		return false;
	call.fingerprint = fingerprint;
	call.func = keep;
	return in_tree(&call, NULL, error);
}

bool strake_steps_run(const StrakeSteps *steps, GError **error)
{
	g_autoptr(StrakeProgress) progress =
		strake_progress_new("configure", G_N_ELEMENTS(table), false);

	for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
		const Step *step = &table[i];
		g_autofree char *needed =
			g_build_filename(steps->root, step->needs != NULL ? step->needs : "", NULL);
		bool there = step->needs == NULL ||
			     faccessat(AT_FDCWD, needed, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
		bool ok;

		strake_progress_add(progress, 1, step->name);
		if (step->wanted != NULL && !step->wanted(steps->def))
			continue;
		if (!there && (step->outside == NULL || steps->toolbox == NULL))
			continue;
		if (!there)
			ok = run_outside(steps, step, error);
		else
			ok = step->outputs != NULL ? run_remembered(steps, step, error)
						   : run_once(steps, step, error);
		if (!ok) {
			g_prefix_error(
				error, "image '%s', step '%s': ", steps->def->name, step->name);
			return false;
		}
	}
	return true;
}

static bool configure_inside(int root_fd, const void *data, int out_fd, GError **error)
{
	const Call *call = data;

	(void)out_fd;
	return strake_configure(root_fd, call->steps->def, error);
}

static bool run_configure(const StrakeSteps *steps, const Step *step, GError **error)
{
	Call call = {.steps = steps, .step = step, .func = configure_inside};

	return in_tree(&call, NULL, error);
}

static bool owners_inside(int root_fd, const void *data, int out_fd, GError **error)
{
	const Call *call = data;
	unsigned changed = 0;

	(void)root_fd;
	(void)out_fd;
	return strake_install_apply_owners(call->steps->root, NULL, &changed, error);
}

// Files of accounts that have a number only since "accounts".
static bool run_owners(const StrakeSteps *steps, const Step *step, GError **error)
{
	Call call = {.steps = steps, .step = step, .func = owners_inside};

	return in_tree(&call, NULL, error);
}

static bool is_compressed_disk(const StrakeImageDef *def)
{
	return def->kind == STRAKE_IMAGE_DISK && def->filesystem == STRAKE_FILESYSTEM_EROFS;
}

static bool plain_modules_inside(int root_fd, const void *data, int out_fd, GError **error)
{
	(void)data;
	(void)out_fd;
	return strake_plain_modules(root_fd, error);
}

static bool run_plain_modules(const StrakeSteps *steps, const Step *step, GError **error)
{
	Call call = {.steps = steps, .step = step, .func = plain_modules_inside};

	return in_tree(&call, NULL, error);
}

static bool record_inside(int root_fd, const void *data, int out_fd, GError **error)
{
	(void)data;
	(void)out_fd;
	return strake_configure_record_presets(root_fd, error);
}

static bool run_record(const StrakeSteps *steps, const Step *step, GError **error)
{
	Call call = {.steps = steps, .step = step, .func = record_inside};

	return in_tree(&call, NULL, error);
}

static bool clean_inside(int root_fd, const void *data, int out_fd, GError **error)
{
	const Call *call = data;

	(void)out_fd;
	return strake_configure_clean(root_fd, call->steps->def, error);
}

static bool run_clean(const StrakeSteps *steps, const Step *step, GError **error)
{
	Call call = {.steps = steps, .step = step, .func = clean_inside};

	return in_tree(&call, NULL, error);
}

// What decides a step's result beside its input files. Tools are part of it by their tree's name.
static char *salt_of(const StrakeSteps *steps, const Step *step)
{
	if (step->run == run_policy)
		return strake_policy_salt(steps);
	return g_strdup_printf("1\n%s\n", steps->kernel != NULL ? steps->kernel : "");
}

static bool run_policy(const StrakeSteps *steps, const Step *step, GError **error)
{
	(void)step;
	return strake_policy_build(steps, error);
}
