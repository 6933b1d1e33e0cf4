// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// From the finished tree to the disk. The tree is read once, in the sandbox, and goes through a
// pipe into the program that makes the file system, at its place on the disk where that can be
// known.
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/sandbox.h"
#include "format/gpt.h"
#include "image/compose_private.h"
#include "image/disk.h"
#include "image/label.h"
#include "image/steps.h"
#include "image/tree.h"
#include "pkg/install.h"

enum {
	JOURNAL_BYTES = 16 << 20,
	FREE_BYTES = 64 << 20, // for the first boot, until the root has grown
	DEFAULT_ESP_BYTES = 96 << 20,
	STATE_BYTES = 128 << 20, // before it grows
	ANSWER_MAX_BYTES = 64,
	POLICY_MAX_BYTES = 64 << 20,
};

static bool is_erofs(const StrakeComposeJob *job)
{
	return job->c->def->filesystem == STRAKE_FILESYSTEM_EROFS;
}

static uint64_t esp_bytes(const StrakeComposeJob *job)
{
	uint64_t wanted = job->c->def->esp_size_bytes;

	return wanted != 0 ? wanted : DEFAULT_ESP_BYTES;
}

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

// The linked policy is the final one as long as the image sets no booleans: one file of two names,
// to which the policy tools write neither.
static void link_policy(int root_fd, const char *policy)
{
	g_autofree char *linked =
		g_strdup_printf("var/lib/selinux/%s/active/policy.linked", policy);
	g_autofree char *final = g_strdup_printf("var/lib/selinux/%s/active/policy.kern", policy);
	g_autoptr(GBytes) a = strake_file_read_at(root_fd, linked, POLICY_MAX_BYTES, NULL);
	g_autoptr(GBytes) b = strake_file_read_at(root_fd, final, POLICY_MAX_BYTES, NULL);

	if (a != NULL && b != NULL && g_bytes_equal(a, b) && unlinkat(root_fd, linked, 0) == 0 &&
		linkat(root_fd, final, root_fd, linked, 0) < 0)
		strake_warn("link '/%s' to '/%s': %s", linked, final, g_strerror(errno));
}

// What was left out of the packages' files on purpose, for the system's own rpm database.
static bool note_missing(const StrakeComposeJob *job, GError **error)
{
	const char *const globs[] = {"/usr/lib/modules/*/{vmlinuz,System.map,config}",
		"/usr/lib/modules/*/modules.builtin.modinfo",
		is_erofs(job) ? "/usr/lib/modules/*/kernel/**/*.ko.*" : NULL, NULL};

	return faccessat(job->root_fd, "var/lib/rpm", F_OK, 0) < 0 ||
	       strake_install_note_missing(job->c->root, NULL, globs, error);
}

static bool write_text(
	const StrakeComposeJob *job, const char *name, const char *text, GError **error)
{
	g_autofree char *path = strake_compose_work_path(job, name);

	return strake_file_write_at(AT_FDCWD, path, text, strlen(text), 0644, error);
}

// Labels go into the archive, which erofs keeps, and into a list for ext4's debugfs. That of "/" is
// also for the folder that is laid over a read-only root.
static bool write_labels(const StrakeComposeJob *job, StrakeTree *tree, GError **error)
{
	const char *policy = strake_steps_policy_name(job->c->def);
	g_autofree char *contexts = g_strdup_printf(
		"%s/etc/selinux/%s/contexts/files/file_contexts", job->c->root, policy);
	const StrakeTreeEntry *top = strake_tree_find(tree, "");
	g_autofree char *commands = NULL;

	if (!strake_label_tree(tree, contexts, job->c->store, NULL, error))
		return false;
	if (is_erofs(job))
		return top->label == NULL || write_text(job, "root.label", top->label, error);
	commands = strake_label_debugfs(tree, error);
	return commands != NULL && write_text(job, "labels.debugfs", commands, error);
}

typedef struct {
	const StrakeComposeJob *job;
	int pipe[2];
} Pack;

static bool pack_inside(void *data, int out_fd, GError **error)
{
	Pack *pack = data;
	const StrakeComposeJob *job = pack->job;
	g_autoptr(StrakeTree) tree = NULL;
	g_autofree char *answer = NULL;

	strake_fd_clear(&pack->pipe[0]);
	setlocale(LC_CTYPE, "C.UTF-8"); // file names are bytes; the archive writer wants UTF-8
	drop_kernel(job->root_fd, job->kernel);
	if (strake_steps_policy_name(job->c->def) != NULL)
		link_policy(job->root_fd, strake_steps_policy_name(job->c->def));
	if (!note_missing(job, error))
		return false;
	tree = strake_tree_scan(job->root_fd, job->c->time_s, job->c->keep_s, error);
	if (tree == NULL || !strake_compose_list(job, tree, error))
		return false;
	if (strake_steps_policy_name(job->c->def) != NULL && !write_labels(job, tree, error))
		return false;
	answer = g_strdup_printf("%zu %" G_GUINT64_FORMAT "\n", strake_tree_count(tree),
		strake_tree_ext4_bytes(tree));
	return strake_fd_write_all(out_fd, answer, strlen(answer), "answer", error) &&
	       strake_tree_write_tar(tree, job->root_fd, pack->pipe[1], error);
}

// "FILES BYTES\n", which come before the archive. False when the packer ended without.
static bool read_answer(StrakeComposeJob *job, int fd)
{
	char text[ANSWER_MAX_BYTES] = {0};
	char *rest = NULL;
	size_t n = 0;

	while (n + 1 < sizeof(text) && memchr(text, '\n', n) == NULL) {
		ssize_t got = read(fd, text + n, sizeof(text) - 1 - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		n += (size_t)got;
	}
	job->n_files = g_ascii_strtoull(text, &rest, 10);
	job->content_bytes = g_ascii_strtoull(rest, NULL, 10);
	return true;
}

static uint64_t align(uint64_t size)
{
	return (size + STRAKE_DISK_ALIGN_BYTES - 1) / STRAKE_DISK_ALIGN_BYTES *
	       STRAKE_DISK_ALIGN_BYTES;
}

static bool make_file_system(StrakeComposeJob *job, int tar_fd, GError **error)
{
	const StrakeImageDef *def = job->c->def;
	bool labels = strake_steps_policy_name(def) != NULL;
	uint64_t size = (job->content_bytes + JOURNAL_BYTES) / 100 * 105 + FREE_BYTES;

	if (is_erofs(job))
		return strake_disk_erofs(&job->toolbox, "root.img", tar_fd, &job->ids, error);
	job->root_bytes = align(MAX(size, def->root_size_bytes));
	return strake_disk_ext4(&job->toolbox, "disk.raw", strake_disk_root_offset(esp_bytes(job)),
		job->root_bytes, tar_fd, labels ? "labels.debugfs" : NULL, &job->ids, error);
}

static bool make_state(const StrakeComposeJob *job, GError **error)
{
	g_autofree char *path = strake_compose_work_path(job, "root.label");
	g_autofree char *label = NULL;

	if (!is_erofs(job))
		return true;
	if (strake_steps_policy_name(job->c->def) != NULL &&
		!g_file_get_contents(path, &label, NULL, error))
		return false;
	return strake_disk_state(&job->toolbox, "state.img", STATE_BYTES, label, &job->ids, error);
}

bool strake_compose_root(StrakeComposeJob *job, GError **error)
{
	const StrakeSandbox sandbox = {0};
	Pack pack = {.job = job, .pipe = {-1, -1}};
	g_autoptr(StrakeSandboxWork) packer = NULL;
	g_autoptr(GError) failed = NULL;
	g_auto(strake_fd) tar_fd = -1;
	bool answered;

	if (pipe2(pack.pipe, O_CLOEXEC) < 0)
		return strake_error_errno(error, errno, "make", "pipe");
	(void)fcntl(pack.pipe[1], F_SETPIPE_SZ, 1 << 20); // fewer switches; the default does too
	packer = strake_sandbox_start(&sandbox, pack_inside, &pack, error);
	tar_fd = pack.pipe[0];
	strake_fd_clear(&pack.pipe[1]); // only the packer's end stays open, so that it is the last
	if (packer == NULL)
		return false;
	answered = read_answer(job, strake_sandbox_work_fd(packer));
	// When both fail, one has ended because of the other: the packer's reason is the first,
	// unless it merely lost its reader.
	if (answered && !make_file_system(job, tar_fd, &failed)) {
		g_propagate_error(error, g_steal_pointer(&failed));
		return false;
	}
	if (!strake_sandbox_finish(packer, error))
		return false;
	if (!answered)
		return strake_error_set(
			error, STRAKE_ERROR_FAILED, "no answer from the sandbox about the tree");
	return make_state(job, error);
}

bool strake_compose_esp(StrakeComposeJob *job, GError **error)
{
	return strake_disk_esp(
		&job->toolbox, "esp.img", esp_bytes(job), "uki.efi", &job->ids, error);
}

bool strake_compose_disk(StrakeComposeJob *job, GError **error)
{
	g_autofree char *esp = strake_compose_work_path(job, "esp.img");
	g_autofree char *root = is_erofs(job) ? strake_compose_work_path(job, "root.img") : NULL;
	g_autofree char *state = is_erofs(job) ? strake_compose_work_path(job, "state.img") : NULL;
	g_autofree char *raw = strake_compose_work_path(job, "disk.raw");
	const StrakeDiskLayout layout = {
		.esp_path = esp,
		.root_path = root,
		.state_path = state,
		.root_bytes = MAX(job->root_bytes, job->c->def->root_size_bytes),
		.disk_bytes = job->c->def->disk_size_bytes,
		.root_type = STRAKE_GPT_TYPE_ROOT_X86_64,
	};
	g_auto(strake_fd) fd = open(raw, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	struct stat st;

	if (fd < 0)
		return strake_error_errno(error, errno, "create", raw);
	if (root != NULL && stat(root, &st) == 0)
		job->root_bytes = (uint64_t)st.st_size;
	if (!strake_disk_assemble(&layout, &job->ids, fd, &job->disk_bytes, error))
		return false;
	unlink(esp);
	if (root != NULL)
		unlink(root);
	if (state != NULL)
		unlink(state);
	return true;
}
