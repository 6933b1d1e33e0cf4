// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// semodule of the tools tree on the image's modules, local rules and accounts.
#include "image/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/sandbox.h"
#include "image/memo.h"

enum { ACCOUNTS_MAX_BYTES = 1 << 20, FIRST_PERSON = 1000 };

typedef struct {
	const StrakeSteps *steps;
	bool (*func)(int root_fd, const StrakeSteps *steps, int out_fd, GError **error);
} Call;

static bool call_inside(void *data, int out_fd, GError **error)
{
	const Call *call = data;
	g_auto(strake_fd) root_fd = -1;

	return strake_path_open_dir(AT_FDCWD, call->steps->root, &root_fd, error) &&
	       call->func(root_fd, call->steps, out_fd, error);
}

static bool in_tree(Call *call, GBytes **out, GError **error)
{
	const StrakeSandbox sandbox = {0};

	return strake_sandbox_call(&sandbox, call_inside, call, out, error);
}

const char *strake_steps_policy_name(const StrakeImageDef *def)
{
	if (def->selinux.mode == STRAKE_SELINUX_UNSET ||
		def->selinux.mode == STRAKE_SELINUX_DISABLED)
		return NULL;
	return def->selinux.policy != NULL ? def->selinux.policy : "default";
}

static bool list_modules(int root_fd, const StrakeSteps *steps, int out_fd, GError **error)
{
	g_autofree char *glob = g_strdup_printf(
		"usr/share/selinux/%s/*.{pp,pp.bz2,cil}", strake_steps_policy_name(steps->def));
	const char *const globs[] = {glob, NULL};
	g_autoptr(GPtrArray) paths = strake_memo_match(root_fd, globs, error);
	g_autofree char *text = NULL;

	if (paths == NULL)
		return false;
	g_ptr_array_add(paths, NULL);
	text = g_strjoinv("\n", (char **)paths->pdata);
	return strake_fd_write_all(out_fd, text, strlen(text), "answer", error);
}

// Local rules are copied to where semodule sees them.
static bool add_local_rules(const StrakeSteps *steps, GPtrArray *argv, GError **error)
{
	for (char **cil = steps->def->selinux.cil; cil != NULL && *cil != NULL; cil++) {
		g_autofree char *base = g_path_get_basename(*cil);
		g_autofree char *to = g_build_filename(steps->toolbox->work, base, NULL);
		g_auto(strake_fd) from_fd = open(*cil, O_RDONLY | O_CLOEXEC);
		g_auto(strake_fd) to_fd = -1;

		if (from_fd < 0)
			return strake_error_errno(error, errno, "open", *cil);
		to_fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		if (to_fd < 0)
			return strake_error_errno(error, errno, "create", to);
		if (!strake_fd_copy(from_fd, to_fd, *cil, error))
			return false;
		g_ptr_array_add(argv, g_strdup("-X"));
		g_ptr_array_add(argv, g_strdup("400"));
		g_ptr_array_add(argv, g_strdup("-i"));
		g_ptr_array_add(argv, g_strconcat(STRAKE_TOOLBOX_WORK "/", base, NULL));
	}
	return true;
}

// The policy depends on accounts only by the homes of people (genhomedircon labels them), so that
// an account of a service, which every other package brings, is no reason to build it anew. Lines
// of root and of people, as semodule is to see them. NULL with an error.
static char *people_of(const StrakeSteps *steps, GError **error)
{
	g_autofree char *path = g_build_filename(steps->root, "etc/passwd", NULL);
	g_autoptr(GString) people = g_string_new(NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents(path, &text, NULL, error))
		return NULL;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		g_auto(GStrv) fields = g_strsplit(*line, ":", 4);
		guint64 id;

		if (g_strv_length(fields) == 4 &&
			g_ascii_string_to_unsigned(fields[2], 10, 0, G_MAXUINT32, &id, NULL) &&
			(id == 0 || id >= FIRST_PERSON))
			g_string_append_printf(people, "%s\n", *line);
	}
	return g_string_free(g_steal_pointer(&people), FALSE);
}

static char *bind_source(const StrakeSteps *steps, const char *path)
{
	return g_build_filename(steps->root, path, NULL);
}

// semodule of the tools tree, on the image's policy and accounts.
static bool run_semodule(const StrakeSteps *steps, const char *const *argv, GError **error)
{
	g_autofree char *etc = bind_source(steps, "etc/selinux");
	g_autofree char *var = bind_source(steps, "var/lib/selinux");
	g_autofree char *share = bind_source(steps, "usr/share/selinux");
	g_autofree char *passwd = g_build_filename(steps->toolbox->work, "passwd", NULL);
	g_autofree char *people = people_of(steps, error);
	const StrakeSandboxBind binds[] = {
		{.source = steps->toolbox->work, .target = STRAKE_TOOLBOX_WORK, .writable = true},
		{.source = etc, .target = "/etc/selinux", .writable = true},
		{.source = var, .target = "/var/lib/selinux", .writable = true},
		{.source = share, .target = "/usr/share/selinux"},
		{.source = passwd, .target = "/etc/passwd"},
	};
	const StrakeSandbox sandbox = {.root = steps->toolbox->root,
		.binds = binds,
		.n_binds = G_N_ELEMENTS(binds),
		.proc = true,
		.dev = true,
		.tmp = true};
	const StrakeRun run = {.argv = argv};

	if (people == NULL ||
		!strake_file_write_at(AT_FDCWD, passwd, people, strlen(people), 0644, error))
		return false;
	return strake_sandbox_run(&sandbox, &run, NULL, error);
}

static bool make_policy_dirs(int root_fd, const StrakeSteps *steps, int out_fd, GError **error)
{
	g_autofree char *dir =
		g_strconcat("var/lib/selinux/", strake_steps_policy_name(steps->def), NULL);

	(void)out_fd;
	return strake_path_mkdirs_beneath(root_fd, dir, 0700, error);
}

// The store keeps each module as it was given beside its translation; only the latter is read
// again, and the former is in /usr/share/selinux too.
static bool slim_store(int root_fd, const StrakeSteps *steps, int out_fd, GError **error)
{
	static const char *const globs[] = {"var/lib/selinux/*/active/modules/*/*/hll", NULL};
	g_autoptr(GPtrArray) paths = strake_memo_match(root_fd, globs, error);

	(void)steps;
	(void)out_fd;
	if (paths == NULL)
		return false;
	for (guint i = 0; i < paths->len; i++)
		if (unlinkat(root_fd, paths->pdata[i], 0) < 0)
			return strake_error_errno(error, errno, "remove", paths->pdata[i]);
	return true;
}

// Whether @modules, a list of "usr/share/selinux/POLICY/NAME.pp.bz2" and the like, has @name.
static bool has_module(char **modules, const char *name)
{
	for (; *modules != NULL; modules++) {
		const char *slash = strrchr(*modules, '/');
		const char *file = slash != NULL ? slash + 1 : *modules;
		size_t n = strcspn(file, ".");

		if (strlen(name) == n && strncmp(file, name, n) == 0)
			return true;
	}
	return false;
}

bool strake_policy_build(const StrakeSteps *steps, GError **error)
{
	const char *policy = strake_steps_policy_name(steps->def);
	static const char *const words[] = {"semodule", "-N", "-n", "-s"};
	Call call = {.steps = steps, .func = list_modules};
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GBytes) listed = NULL;
	g_autofree char *text = NULL;
	g_auto(GStrv) modules = NULL;

	if (policy == NULL || steps->toolbox == NULL)
		return true;
	if (!in_tree(&call, &listed, error))
		return false;
	call.func = make_policy_dirs;
	if (!in_tree(&call, NULL, error))
		return false;
	text = g_strndup(g_bytes_get_data(listed, NULL), g_bytes_get_size(listed));
	modules = g_strsplit(text, "\n", -1);
	if (*text == '\0')
		return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"no modules in /usr/share/selinux/%s; add the policy's package to the "
			"image, or "
			"set selinux.mode = \"disabled\"",
			policy);
	for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
		g_ptr_array_add(argv, g_strdup(words[i]));
	g_ptr_array_add(argv, g_strdup(policy));
	g_ptr_array_add(argv, g_strdup("-X"));
	g_ptr_array_add(argv, g_strdup("100"));
	for (char **module = modules; *module != NULL; module++) {
		g_ptr_array_add(argv, g_strdup("-i"));
		g_ptr_array_add(argv, g_strconcat("/", *module, NULL));
	}
	for (char **off = steps->def->selinux.disabled_modules; off != NULL && *off != NULL;
		off++) {
		// A module that this version of the policy does not have is off already.
		if (!has_module(modules, *off))
			continue;
		g_ptr_array_add(argv, g_strdup("-d"));
		g_ptr_array_add(argv, g_strdup(*off));
	}
	if (!add_local_rules(steps, argv, error))
		return false;
	g_ptr_array_add(argv, NULL);
	call.func = slim_store;
	return run_semodule(steps, (const char *const *)argv->pdata, error) &&
	       in_tree(&call, NULL, error);
}

// Of the tools tree only what compiles the policy counts: another tool that changes does not.
static char *compiler_of(const StrakeToolbox *toolbox)
{
	static const char *const globs[] = {"usr/{bin,sbin}/semodule",
		"usr/{lib,libexec}/selinux/hll/*",
		"usr/lib/**/lib{bz2,pcre2-8,selinux,semanage,sepol}.so*", NULL};
	g_auto(strake_fd) root_fd = -1;

	return strake_path_open_dir(AT_FDCWD, toolbox->root, &root_fd, NULL)
		       ? strake_memo_fingerprint(root_fd, globs, NULL, NULL)
		       : NULL;
}

char *strake_policy_salt(const StrakeSteps *steps)
{
	const char *policy = strake_steps_policy_name(steps->def);
	GString *salt = g_string_new("4\n");
	g_autofree char *people = people_of(steps, NULL);

	g_string_append_printf(
		salt, "%s\n%s\n", policy != NULL ? policy : "", people != NULL ? people : "");
	if (steps->toolbox != NULL) {
		g_autofree char *tools = compiler_of(steps->toolbox);
		g_string_append_printf(salt, "%s\n", tools != NULL ? tools : "");
	}
	for (char **off = steps->def->selinux.disabled_modules; off != NULL && *off != NULL; off++)
		g_string_append_printf(salt, "-d %s\n", *off);
	for (char **cil = steps->def->selinux.cil; cil != NULL && *cil != NULL; cil++) {
		g_autofree char *content = NULL;
		gsize size = 0;
		if (g_file_get_contents(*cil, &content, &size, NULL))
			g_string_append_len(salt, content, (gssize)size);
	}
	return g_string_free(salt, FALSE);
}
