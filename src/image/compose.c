// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The stages of a disk image, in a table, over one struct that carries what they hand on.
#include "image/compose.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <string.h>
#include <sys/resource.h>
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
#include "image/init_program.h"
#include "image/initrd.h"
#include "image/kmod.h"
#include "image/memo.h"
#include "image/steps.h"
#include "image/tree.h"
#include "image/uki.h"

enum {
	KERNEL_MAX_BYTES = 256 << 20,
	INITRD_KEEP_BYTES = 8 << 20,
};

#define MACHINE_STUB "usr/lib/systemd/boot/efi/linuxx64.efi.stub"

char *strake_compose_work_path(const StrakeComposeJob *job, const char *name)
{
	return g_build_filename(job->c->work, name, NULL);
}

static bool prepare(StrakeComposeJob *job, GError **error)
{
	const StrakeCompose *c = job->c;

	// mke2fs lets no file be newer than its clock.
	job->toolbox = (StrakeToolbox){.root = c->tools,
		.work = c->work,
		.time_s = MAX(c->time_s, c->keep_s)};
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

	if (erofs)
		return g_strstrip(g_strdup_printf(
			"root=PARTUUID=%s rootfstype=erofs strake.overlay=PARTUUID=%s %s",
			job->ids.root, job->ids.state, extra));
	return g_strstrip(
		g_strdup_printf("root=PARTUUID=%s rootfstype=ext4 rw %s", job->ids.root, extra));
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

// The same modules and program give the same RAM disk, which is small enough to be kept.
static GBytes *make_initrd(
	const StrakeComposeJob *job, const StrakeInitrdOptions *options, GError **error)
{
	static const char *const inputs[] = {"usr/lib/modules/**", NULL};
	g_autofree char *program = strake_digest_data(
		STRAKE_DIGEST_SHA256, strake_init_program, strake_init_program_size);
	g_autofree char *extra = options->extra_modules != NULL
					 ? g_strjoinv(" ", (char **)options->extra_modules)
					 : g_strdup("");
	g_autofree char *salt =
		g_strdup_printf("1 %s %s %s %d %" G_GINT64_FORMAT " %s", STRAKE_VERSION, program,
			options->filesystem, options->overlay, options->time_s, extra);
	g_autofree char *fingerprint = strake_memo_fingerprint(job->root_fd, inputs, salt, error);
	g_autoptr(StrakeKmod) kmod = NULL;
	g_autoptr(GBytes) initrd = NULL;

	if (fingerprint == NULL)
		return NULL;
	initrd = strake_store_get_key(job->c->store, "initrd", fingerprint, NULL);
	if (initrd != NULL)
		return g_steal_pointer(&initrd);
	kmod = strake_kmod_open(job->root_fd, job->kernel, error);
	if (kmod == NULL || (initrd = strake_initrd_build(kmod, options, error)) == NULL)
		return NULL;
	if (g_bytes_get_size(initrd) <= INITRD_KEEP_BYTES &&
		!strake_store_put_key(job->c->store, "initrd", fingerprint,
			g_bytes_get_data(initrd, NULL), g_bytes_get_size(initrd), error))
		return NULL;
	return g_steal_pointer(&initrd);
}

static bool make_uki(StrakeComposeJob *job, GError **error)
{
	const StrakeImageDef *def = job->c->def;
	bool erofs = def->filesystem == STRAKE_FILESYSTEM_EROFS;
	g_autofree char *vmlinuz = g_strdup_printf("usr/lib/modules/%s/vmlinuz", job->kernel);
	g_autofree char *path = strake_compose_work_path(job, "uki.efi");
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

	if ((initrd = make_initrd(job, &options, error)) == NULL ||
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

typedef struct {
	const char *name;
	bool (*run)(StrakeComposeJob *job, GError **error);
} Stage;

static const Stage disk_stages[] = {
	{"prepare", prepare},
	{"kernel", find_kernel},
	{"configure", run_steps},
	{"kernel image", make_uki},
	{"root file system", strake_compose_root},
	{"boot partition", strake_compose_esp},
	{"disk", strake_compose_disk},
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

// Of this process and of the programs that it has waited for.
static double cpu_seconds(void)
{
	static const int whose[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
	double total = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(whose); i++) {
		struct rusage used;

		if (getrusage(whose[i], &used) == 0)
			total += (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
				 (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
	}
	return total;
}

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
		double begin = cpu_seconds();

		strake_progress_add(progress, 1, stages[i].name);
		if (!stages[i].run(&job, error))
			return false;
		g_debug("stage '%s': %.2f CPU s", stages[i].name, cpu_seconds() - begin);
	}
	return true;
}
