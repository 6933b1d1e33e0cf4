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
#include "image/compose_private.h"
#include "image/formats.h"
#include "image/oci.h"

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

static bool describe(
	JsonBuilder *b, const char *path, const char *format, const char *sha256, GError **error)
{
	g_autofree char *base = g_path_get_basename(path);
	struct stat st;

	if (stat(path, &st) < 0)
		return strake_error_errno(error, errno, "examine", path);
	json_builder_begin_object(b);
	add_string(b, "format", format);
	add_string(b, "file", base);
	add_number(b, "bytes", (uint64_t)st.st_size);
	add_string(b, "sha256", sha256);
	json_builder_end_object(b);
	return true;
}

static bool describe_file(JsonBuilder *b, const char *path, const char *format, GError **error)
{
	g_auto(strake_fd) fd = open(path, O_RDONLY | O_CLOEXEC);
	g_autofree char *sha256 = NULL;

	if (fd < 0)
		return strake_error_errno(error, errno, "open", path);
	sha256 = strake_digest_fd(STRAKE_DIGEST_SHA256, fd, path, error);
	return sha256 != NULL && describe(b, path, format, sha256, error);
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

static char *output_path(const StrakeComposeJob *job, const char *suffix)
{
	return g_strdup_printf("%s/%s.%s", job->c->out, job->c->def->name, suffix);
}

// An empty file beside the output @format, or -1 when that is not wanted.
static bool open_aside(const StrakeComposeJob *job, const char *format, int *out_fd, GError **error)
{
	g_autofree char *final = output_path(job, format);
	g_autofree char *aside = g_strconcat(final, ".new", NULL);

	if (!wants(job->c->def, format))
		return true;
	*out_fd = open(aside, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	return *out_fd >= 0 || strake_error_errno(error, errno, "create", aside);
}

static bool write_formats(
	const StrakeComposeJob *job, const char *raw, StrakeFormatDigests *digests, GError **error)
{
	g_auto(strake_fd) raw_fd = open(raw, O_RDONLY | O_CLOEXEC);
	g_auto(strake_fd) qcow2_fd = -1;
	g_auto(strake_fd) vhd_fd = -1;
	StrakeFormats formats = {
		.time_s = job->c->time_s, .vhd_uuid = job->ids.disk, .jobs = job->c->jobs};

	if (raw_fd < 0)
		return strake_error_errno(error, errno, "open", raw);
	if (!open_aside(job, "qcow2", &qcow2_fd, error) || !open_aside(job, "vhd", &vhd_fd, error))
		return false;
	formats.raw_fd = raw_fd;
	formats.qcow2_fd = qcow2_fd;
	formats.vhd_fd = vhd_fd;
	return strake_formats_write(&formats, digests, error);
}

// The names that outputs have while they are written.
static void remove_aside(const StrakeComposeJob *job)
{
	static const char *const suffixes[] = {"qcow2.new", "vhd.new"};

	for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
		g_autofree char *path = output_path(job, suffixes[i]);

		unlink(path);
	}
}

static bool publish(const StrakeComposeJob *job, const char *raw, const char *format,
	const char *sha256, JsonBuilder *b, GError **error)
{
	g_autofree char *final = output_path(job, format);
	g_autofree char *aside = g_strconcat(final, ".new", NULL);
	const char *from = strcmp(format, "raw") == 0 ? raw : aside;

	if (!wants(job->c->def, format))
		return true;
	if (rename(from, final) < 0)
		return strake_error_errno(error, errno, "rename", from);
	return describe(b, final, format, sha256, error);
}

bool strake_compose_outputs(StrakeComposeJob *job, GError **error)
{
	g_autofree char *raw = strake_compose_work_path(job, "disk.raw");
	g_autoptr(JsonBuilder) b = json_builder_new();
	StrakeFormatDigests digests = {0};

	if (!write_formats(job, raw, &digests, error)) {
		remove_aside(job);
		return false;
	}
	begin_manifest(b, job);
	if (!publish(job, raw, "qcow2", digests.qcow2, b, error) ||
		!publish(job, raw, "vhd", digests.vhd, b, error) ||
		!publish(job, raw, "raw", digests.raw, b, error))
		return false;
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
		!describe_file(b, archive, "oci-archive", error))
		return false;
	digest = g_strndup(g_bytes_get_data(answer, NULL), g_bytes_get_size(answer));
	json_builder_end_array(b);
	add_string(b, "oci-manifest-sha256", digest);
	return true;
}

static bool list_inside(void *data, int out_fd, GError **error)
{
	const StrakeComposeJob *job = data;
	g_autoptr(StrakeTree) tree =
		strake_tree_scan(job->root_fd, job->c->time_s, job->c->keep_s, error);

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
