// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Raw, qcow2 and fixed VHD files of one disk, and the manifest that describes them.
#include <errno.h>
#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/sandbox.h"
#include "format/vhd.h"
#include "image/compose_private.h"
#include "image/oci.h"
#include "image/qcow2.h"

typedef bool (*FormatFunc)(const StrakeComposeJob *job, int raw_fd, int out_fd, GError **error);

static bool copy_raw(const StrakeComposeJob *job, int raw_fd, int out_fd, GError **error)
{
	off_t at = 0;

	if (ftruncate(out_fd, (off_t)job->disk_bytes) < 0)
		return strake_error_errno(error, errno, "size", "disk image");
	for (;;) {
		off_t begin = lseek(raw_fd, at, SEEK_DATA);
		off_t end = begin >= 0 ? lseek(raw_fd, begin, SEEK_HOLE) : -1;
		off_t to = begin;

		if (begin < 0 && errno == ENXIO)
			return true;
		if (begin < 0 || end < 0)
			return strake_error_errno(error, errno, "find the data of", "disk image");
		for (at = begin; at < end;) {
			ssize_t n =
				copy_file_range(raw_fd, &at, out_fd, &to, (size_t)(end - at), 0);
			if (n <= 0 && errno != EINTR)
				return strake_error_errno(
					error, n < 0 ? errno : EIO, "copy", "disk image");
		}
	}
}

static bool write_vhd(const StrakeComposeJob *job, int raw_fd, int out_fd, GError **error)
{
	StrakeVhdFooter footer = {.size_bytes = job->disk_bytes, .time_s = job->c->time_s};
	uint8_t bytes[STRAKE_VHD_FOOTER_BYTES];

	g_strlcpy(footer.uuid, job->ids.disk, sizeof(footer.uuid));
	if (!strake_vhd_footer_format(&footer, bytes, error) ||
		!copy_raw(job, raw_fd, out_fd, error))
		return false;
	if (lseek(out_fd, (off_t)job->disk_bytes, SEEK_SET) < 0)
		return strake_error_errno(error, errno, "seek in", "VHD file");
	return strake_fd_write_all(out_fd, bytes, sizeof(bytes), "VHD file", error);
}

static bool write_qcow2(const StrakeComposeJob *job, int raw_fd, int out_fd, GError **error)
{
	return strake_qcow2_write(raw_fd, out_fd, job->c->jobs, error);
}

static const struct {
	const char *name;
	const char *suffix;
	FormatFunc write;
} formats[] = {
	{"qcow2", "qcow2", write_qcow2}, {"vhd", "vhd", write_vhd},
	{"raw", "raw", NULL}, // last: the work file itself becomes it
};

static bool wants(const StrakeImageDef *def, const char *name)
{
	if (def->outputs == NULL)
		return strcmp(name, "vhd") != 0;
	return g_strv_contains((const char *const *)def->outputs, name);
}

static void add_string(JsonBuilder *b, const char *name, const char *value)
{
	json_builder_set_member_name(b, name);
	json_builder_add_string_value(b, value);
}

static void add_number(JsonBuilder *b, const char *name, uint64_t value)
{
	json_builder_set_member_name(b, name);
	json_builder_add_int_value(b, (gint64)value);
}

static bool describe(JsonBuilder *b, const char *path, const char *format, GError **error)
{
	g_auto(strake_fd) fd = open(path, O_RDONLY | O_CLOEXEC);
	g_autofree char *base = g_path_get_basename(path);
	g_autofree char *sha256 = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return strake_error_errno(error, errno, "open", path);
	sha256 = strake_digest_fd(STRAKE_DIGEST_SHA256, fd, path, error);
	if (sha256 == NULL)
		return false;
	json_builder_begin_object(b);
	add_string(b, "format", format);
	add_string(b, "file", base);
	add_number(b, "bytes", (uint64_t)st.st_size);
	add_string(b, "sha256", sha256);
	json_builder_end_object(b);
	return true;
}

static bool write_format(
	const StrakeComposeJob *job, size_t i, const char *raw, const char *final, GError **error)
{
	g_autofree char *aside = g_strconcat(final, ".new", NULL);
	g_auto(strake_fd) raw_fd = -1;
	g_auto(strake_fd) out_fd = -1;

	if (formats[i].write != NULL) {
		raw_fd = open(raw, O_RDONLY | O_CLOEXEC);
		if (raw_fd < 0)
			return strake_error_errno(error, errno, "open", raw);
		out_fd = open(aside, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		if (out_fd < 0)
			return strake_error_errno(error, errno, "create", aside);
		if (!formats[i].write(job, raw_fd, out_fd, error)) {
			unlink(aside);
			return false;
		}
	} else if (rename(raw, aside) < 0) {
		return strake_error_errno(error, errno, "move", raw);
	}
	if (rename(aside, final) < 0)
		return strake_error_errno(error, errno, "rename", aside);
	return true;
}

static void add_packages(JsonBuilder *b, const StrakeCompose *c)
{
	json_builder_set_member_name(b, "packages");
	json_builder_begin_array(b);
	for (const char *const *line = c->packages; line != NULL && *line != NULL; line++) {
		g_auto(GStrv) words = g_strsplit(*line, " ", 3);

		if (g_strv_length(words) != 3)
			continue;
		json_builder_begin_object(b);
		add_string(b, "nevra", words[0]);
		add_string(b, "sha256", words[1]);
		add_number(b, "bytes", g_ascii_strtoull(words[2], NULL, 10));
		json_builder_end_object(b);
	}
	json_builder_end_array(b);
}

static void begin_manifest(JsonBuilder *b, const StrakeComposeJob *job)
{
	json_builder_begin_object(b);
	add_string(b, "name", job->c->def->name);
	add_string(b, "inputs-sha256", job->c->seed);
	add_number(b, "date", (uint64_t)job->c->time_s);
	if (job->kernel != NULL) {
		add_string(b, "kernel", job->kernel);
		add_string(b, "kernel-command-line", job->cmdline);
		add_number(b, "files", job->n_files);
		add_number(b, "root-bytes", job->content_bytes);
		add_number(b, "uki-bytes", job->uki_bytes);
		add_number(b, "initrd-bytes", job->initrd_bytes);
		add_number(b, "disk-bytes", job->disk_bytes);
	}
	json_builder_set_member_name(b, "outputs");
	json_builder_begin_array(b);
}

static bool write_manifest(const StrakeComposeJob *job, JsonBuilder *b, GError **error)
{
	g_autoptr(JsonNode) root = json_builder_get_root(b);
	g_autofree char *path =
		g_strdup_printf("%s/%s.manifest.json", job->c->out, job->c->def->name);
	g_autofree char *text = json_to_string(root, TRUE);
	g_autofree char *with_newline = g_strconcat(text, "\n", NULL);

	return strake_file_write_at(
		AT_FDCWD, path, with_newline, strlen(with_newline), 0644, error);
}

static bool move_list(const StrakeComposeJob *job, GError **error)
{
	g_autofree char *from = strake_compose_work_path(job, "files.txt");
	g_autofree char *to = g_strdup_printf("%s/%s.files.txt", job->c->out, job->c->def->name);

	if (rename(from, to) < 0)
		return strake_error_errno(error, errno, "move", from);
	return true;
}

bool strake_compose_outputs(StrakeComposeJob *job, GError **error)
{
	g_autofree char *raw = strake_compose_work_path(job, "disk.raw");
	g_autoptr(JsonBuilder) b = json_builder_new();

	begin_manifest(b, job);
	for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
		g_autofree char *final = g_strdup_printf(
			"%s/%s.%s", job->c->out, job->c->def->name, formats[i].suffix);

		if (!wants(job->c->def, formats[i].name))
			continue;
		if (!write_format(job, i, raw, final, error) ||
			!describe(b, final, formats[i].name, error))
			return false;
	}
	json_builder_end_array(b);
	add_packages(b, job->c);
	json_builder_end_object(b);
	unlink(raw);
	return move_list(job, error) && write_manifest(job, b, error);
}

// -- containers

static bool write_oci_inside(void *data, int out_fd, GError **error)
{
	const StrakeComposeJob *job = data;
	const StrakeImageDef *def = job->c->def;
	const StrakeOciConfig config = {
		.architecture = "amd64",
		.entrypoint = (const char *const *)def->entrypoint,
		.command = (const char *const *)def->command,
		.environment = (const char *const *)def->environment,
		.user = def->entrypoint_user,
		.created_s = job->c->time_s,
	};
	g_autofree char *reference = g_strdup_printf("strake/%s:latest", def->name);
	g_auto(strake_fd) dir_fd = -1;
	StrakeOciResult result = {0};

	if (!strake_path_open_dir(AT_FDCWD, job->c->out, &dir_fd, error) ||
		!strake_oci_write(
			job->root_fd, dir_fd, def->name, reference, &config, &result, error))
		return false;
	return strake_fd_write_all(out_fd, result.manifest_sha256, 64, "answer", error);
}

static bool describe_oci(const StrakeComposeJob *job, JsonBuilder *b, GError **error)
{
	const StrakeSandbox sandbox = {0};
	g_autofree char *archive = g_strdup_printf("%s/%s.oci.tar", job->c->out, job->c->def->name);
	g_autoptr(GBytes) answer = NULL;
	g_autofree char *digest = NULL;

	if (!strake_sandbox_call(&sandbox, write_oci_inside, (void *)job, &answer, error) ||
		!describe(b, archive, "oci-archive", error))
		return false;
	digest = g_strndup(g_bytes_get_data(answer, NULL), g_bytes_get_size(answer));
	json_builder_end_array(b);
	add_string(b, "oci-manifest-sha256", digest);
	return true;
}

static bool list_inside(void *data, int out_fd, GError **error)
{
	const StrakeComposeJob *job = data;
	g_autoptr(StrakeTree) tree = strake_tree_scan(job->root_fd, job->c->time_s, error);

	(void)out_fd;
	return tree != NULL && strake_compose_list(job, tree, error);
}

bool strake_compose_oci(StrakeComposeJob *job, GError **error)
{
	const StrakeSandbox sandbox = {0};
	char **outputs = job->c->def->outputs;
	g_autoptr(JsonBuilder) b = json_builder_new();

	if (outputs != NULL && *outputs == NULL)
		return true;
	begin_manifest(b, job);
	if (!strake_sandbox_call(&sandbox, list_inside, job, NULL, error) ||
		!describe_oci(job, b, error))
		return false;
	add_packages(b, job->c);
	json_builder_end_object(b);
	return move_list(job, error) && write_manifest(job, b, error);
}
