// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The stages of a disk image, in a table, over one struct that carries what they hand on.
#include "image/compose.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/progress.h"
#include "base/sandbox.h"
#include "format/gpt.h"
#include "image/compose_private.h"
#include "image/disk.h"
#include "image/initrd.h"
#include "image/kmod.h"
#include "image/label.h"
#include "image/steps.h"
#include "image/tree.h"
#include "image/uki.h"

enum {
	KERNEL_MAX_BYTES = 256 << 20,
	JOURNAL_BYTES = 16 << 20,
	FREE_BYTES = 64 << 20, // for the first boot, until the root has grown
	DEFAULT_ESP_BYTES = 96 << 20,
};

#define MACHINE_STUB "usr/lib/systemd/boot/efi/linuxx64.efi.stub"

char *strake_compose_work_path(const StrakeComposeJob *job, const char *name)
{
	return g_build_filename(job->c->work, name, NULL);
}

static bool prepare(StrakeComposeJob *job, GError **error)
{
	const StrakeCompose *c = job->c;

	job->toolbox = (StrakeToolbox){.root = c->tools, .work = c->work, .time_s = c->time_s};
	strake_disk_ids(c->seed, &job->ids);
	return strake_path_open_dir(AT_FDCWD, c->root, &job->root_fd, error);
}

static bool find_kernel(StrakeComposeJob *job, GError **error)
{
	job->kernel = strake_kmod_version(job->root_fd, error);
	return job->kernel != NULL;
}

static bool run_steps(StrakeComposeJob *job, GError **error)
{
	const StrakeSteps steps = {
		.store = job->c->store,
		.def = job->c->def,
		.root = job->c->root,
		.toolbox = &job->toolbox,
		.kernel = job->kernel,
		.time_s = job->c->time_s,
	};

	return strake_steps_run(&steps, error);
}

static char *make_cmdline(const StrakeComposeJob *job)
{
	const StrakeImageDef *def = job->c->def;
	bool erofs = def->filesystem == STRAKE_FILESYSTEM_EROFS;
	g_autofree char *extra = def->kernel_command_line != NULL
					 ? g_strjoinv(" ", def->kernel_command_line)
					 : g_strdup("");

	return g_strstrip(g_strdup_printf("root=PARTUUID=%s %s %s", job->ids.root,
		erofs ? "rootfstype=erofs strake.overlay=tmpfs" : "rootfstype=ext4 rw", extra));
}

static GBytes *read_stub(const StrakeComposeJob *job, GError **error)
{
	g_autofree char *path = g_build_filename(job->c->tools, MACHINE_STUB, NULL);
	GBytes *stub = strake_file_read_at(AT_FDCWD, path, KERNEL_MAX_BYTES, NULL);

	if (stub == NULL)
		stub = strake_file_read_at(job->root_fd, MACHINE_STUB, KERNEL_MAX_BYTES, NULL);
	if (stub == NULL)
		strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"boot stub /%s is neither in the tools tree nor in the image; add the "
			"package that has it to the image 'tools'",
			MACHINE_STUB);
	return stub;
}

static bool make_uki(StrakeComposeJob *job, GError **error)
{
	const StrakeImageDef *def = job->c->def;
	bool erofs = def->filesystem == STRAKE_FILESYSTEM_EROFS;
	g_autofree char *vmlinuz = g_strdup_printf("usr/lib/modules/%s/vmlinuz", job->kernel);
	g_autofree char *path = strake_compose_work_path(job, "uki.efi");
	g_autoptr(StrakeKmod) kmod = strake_kmod_open(job->root_fd, job->kernel, error);
	g_autoptr(GBytes) initrd = NULL;
	g_autoptr(GBytes) kernel = NULL;
	g_autoptr(GBytes) stub = NULL;
	g_autoptr(GBytes) release = NULL;
	g_autoptr(GBytes) plain = NULL;
	g_autoptr(GBytes) key = NULL;
	g_autoptr(GBytes) certificate = NULL;
	g_autoptr(GBytes) uki = NULL;
	const StrakeInitrdOptions options = {
		.extra_modules = (const char *const *)def->initrd_modules,
		.filesystem = erofs ? "erofs" : "ext4",
		.overlay = erofs,
		.time_s = job->c->time_s,
	};

	if (kmod == NULL || (initrd = strake_initrd_build(kmod, &options, error)) == NULL ||
		(stub = read_stub(job, error)) == NULL)
		return false;
	kernel = strake_file_read_at(job->root_fd, vmlinuz, KERNEL_MAX_BYTES, error);
	if (kernel == NULL)
		return false;
	release = strake_file_read_at(job->root_fd, "usr/lib/os-release", 1 << 16, NULL);
	job->cmdline = make_cmdline(job);
	plain = strake_uki_build(&(StrakeUki){.stub = stub,
					 .kernel = kernel,
					 .initrd = initrd,
					 .os_release = release,
					 .cmdline = job->cmdline,
					 .uname = job->kernel},
		error);
	if (plain == NULL ||
		!strake_keys_secure_boot(job->c->keys, &key, &certificate, NULL, NULL, error))
		return false;
	uki = strake_uki_sign(plain, "UKI", key, certificate, error);
	if (uki == NULL)
		return false;
	job->uki_bytes = g_bytes_get_size(uki);
	job->initrd_bytes = g_bytes_get_size(initrd);
	return strake_file_write_at(
		AT_FDCWD, path, g_bytes_get_data(uki, NULL), g_bytes_get_size(uki), 0644, error);
}

// -- inside the sandbox: what needs to see the owners of files

// The kernel is in the UKI; its copy in the root would never be read.
static void drop_kernel(int root_fd, const char *kernel)
{
	static const char *const names[] = {
		"vmlinuz", "System.map", "config", "modules.builtin.modinfo"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_strdup_printf("usr/lib/modules/%s/%s", kernel, names[i]);
		unlinkat(root_fd, path, 0);
	}
}

bool strake_compose_list(const StrakeComposeJob *job, const StrakeTree *tree, GError **error)
{
	g_autoptr(GString) list = g_string_new(NULL);
	g_autofree char *path = strake_compose_work_path(job, "files.txt");

	for (size_t i = 0; i < strake_tree_count(tree); i++) {
		const StrakeTreeEntry *e = strake_tree_entry(tree, i);
		if (e->link_to == NULL && !S_ISDIR(e->mode))
			g_string_append_printf(
				list, "%" G_GUINT64_FORMAT "\t/%s\n", e->size, e->path);
	}
	return strake_file_write_at(AT_FDCWD, path, list->str, list->len, 0644, error);
}

static bool write_labels(const StrakeComposeJob *job, StrakeTree *tree, GError **error)
{
	const char *policy = strake_steps_policy_name(job->c->def);
	g_autofree char *contexts = g_strdup_printf(
		"%s/etc/selinux/%s/contexts/files/file_contexts", job->c->root, policy);
	g_autofree char *path = strake_compose_work_path(job, "labels.debugfs");
	g_autofree char *commands = NULL;

	if (!strake_label_tree(tree, contexts, NULL, error))
		return false;
	commands = strake_label_debugfs(tree, error);
	return commands != NULL &&
	       strake_file_write_at(AT_FDCWD, path, commands, strlen(commands), 0644, error);
}

static bool pack_inside(void *data, int out_fd, GError **error)
{
	const StrakeComposeJob *job = data;
	g_autoptr(StrakeTree) tree = NULL;
	g_autofree char *tar = strake_compose_work_path(job, "root.tar");
	g_autofree char *answer = NULL;
	g_auto(strake_fd) fd = -1;

	setlocale(LC_CTYPE, "C.UTF-8"); // file names are bytes; the archive writer wants UTF-8
	drop_kernel(job->root_fd, job->kernel);
	tree = strake_tree_scan(job->root_fd, job->c->time_s, error);
	if (tree == NULL || !strake_compose_list(job, tree, error))
		return false;
	if (strake_steps_policy_name(job->c->def) != NULL && !write_labels(job, tree, error))
		return false;
	fd = open(tar, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return strake_error_errno(error, errno, "create", tar);
	if (!strake_tree_write_tar(tree, job->root_fd, fd, error))
		return false;
	answer = g_strdup_printf(
		"%zu %" G_GUINT64_FORMAT, strake_tree_count(tree), strake_tree_ext4_bytes(tree));
	return strake_fd_write_all(out_fd, answer, strlen(answer), "answer", error);
}

static bool pack(StrakeComposeJob *job, GError **error)
{
	const StrakeSandbox sandbox = {0};
	g_autoptr(GBytes) answer = NULL;
	g_autofree char *text = NULL;
	char *rest = NULL;

	if (!strake_sandbox_call(&sandbox, pack_inside, job, &answer, error))
		return false;
	text = g_strndup(g_bytes_get_data(answer, NULL), g_bytes_get_size(answer));
	job->n_files = g_ascii_strtoull(text, &rest, 10);
	job->content_bytes = g_ascii_strtoull(rest, NULL, 10);
	return true;
}

static bool make_root(StrakeComposeJob *job, GError **error)
{
	const StrakeImageDef *def = job->c->def;
	bool labels = strake_steps_policy_name(def) != NULL;
	g_autofree char *tar = strake_compose_work_path(job, "root.tar");
	uint64_t size = (job->content_bytes + JOURNAL_BYTES) / 100 * 105 + FREE_BYTES;
	bool ok;

	size = MAX(size, def->root_size_bytes);
	size = (size + STRAKE_DISK_ALIGN_BYTES - 1) / STRAKE_DISK_ALIGN_BYTES *
	       STRAKE_DISK_ALIGN_BYTES;
	if (def->filesystem == STRAKE_FILESYSTEM_EROFS)
		ok = strake_disk_erofs(&job->toolbox, "root.img", &job->ids, error);
	else
		ok = strake_disk_ext4(&job->toolbox, "root.img", size,
			labels ? "labels.debugfs" : NULL, &job->ids, error);
	unlink(tar);
	return ok;
}

static bool make_esp(StrakeComposeJob *job, GError **error)
{
	uint64_t size =
		job->c->def->esp_size_bytes != 0 ? job->c->def->esp_size_bytes : DEFAULT_ESP_BYTES;

	return strake_disk_esp(&job->toolbox, "esp.img", size, "uki.efi", &job->ids, error);
}

static bool assemble(StrakeComposeJob *job, GError **error)
{
	g_autofree char *esp = strake_compose_work_path(job, "esp.img");
	g_autofree char *root = strake_compose_work_path(job, "root.img");
	g_autofree char *raw = strake_compose_work_path(job, "disk.raw");
	const StrakeDiskLayout layout = {
		.esp_path = esp,
		.root_path = root,
		.root_bytes = job->c->def->root_size_bytes,
		.disk_bytes = job->c->def->disk_size_bytes,
		.root_type = STRAKE_GPT_TYPE_ROOT_X86_64,
	};
	g_auto(strake_fd) fd = open(raw, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		return strake_error_errno(error, errno, "create", raw);
	if (!strake_disk_assemble(&layout, &job->ids, fd, &job->disk_bytes, error))
		return false;
	unlink(esp);
	unlink(root);
	return true;
}

typedef struct {
	const char *name;
	bool (*run)(StrakeComposeJob *job, GError **error);
} Stage;

static const Stage disk_stages[] = {
	{"prepare", prepare},
	{"kernel", find_kernel},
	{"configure", run_steps},
	{"kernel image", make_uki},
	{"pack", pack},
	{"root file system", make_root},
	{"boot partition", make_esp},
	{"disk", assemble},
	{"outputs", strake_compose_outputs},
	{NULL, NULL},
};

static const Stage oci_stages[] = {
	{"prepare", prepare},
	{"configure", run_steps},
	{"outputs", strake_compose_oci},
	{NULL, NULL},
};

static void job_clear(StrakeComposeJob *job)
{
	strake_fd_clear(&job->root_fd);
	g_free(job->kernel);
	g_free(job->cmdline);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(StrakeComposeJob, job_clear)

bool strake_compose(const StrakeCompose *compose, GError **error)
{
	const StrakeImageDef *def = compose->def;
	const Stage *stages = def->kind == STRAKE_IMAGE_DISK ? disk_stages : oci_stages;
	g_auto(StrakeComposeJob) job = {.c = compose, .root_fd = -1};
	g_autoptr(StrakeProgress) progress = NULL;
	size_t count = 0;

	if (def->kind != STRAKE_IMAGE_DISK && def->kind != STRAKE_IMAGE_OCI)
		return strake_error_at(error, STRAKE_ERROR_INVALID, def->at,
			"image '%s': only the kinds disk and oci can be built so far", def->name);
	while (stages[count].run != NULL)
		count++;
	progress = strake_progress_new("compose", count, false);
	for (size_t i = 0; i < count; i++) {
		gint64 begin = g_get_monotonic_time();

		strake_progress_add(progress, 1, stages[i].name);
		if (!stages[i].run(&job, error))
			return false;
		g_debug("stage '%s': %.2f s", stages[i].name,
			(double)(g_get_monotonic_time() - begin) / 1e6);
	}
	return true;
}
