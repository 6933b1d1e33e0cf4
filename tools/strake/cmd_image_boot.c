// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// strake image boot: an image in QEMU, to look at or to check.
#include <errno.h>
#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "cli/json.h"
#include "commands.h"
#include "image/check.h"
#include "image/machine.h"
#include "project/project.h"
#include "repo/keys.h"

typedef struct {
	gboolean ssh;
	gboolean check;
	gboolean once;
	gboolean secure_boot;
	gboolean json;
	char *out;
	char *disk;
	char *keys;
	char *repository;
	char *package;
	char *upstream;
	char *console;
	char *append;
	int memory;
	int timeout;
} BootOpts;

static const StrakeOpt boot_opts[] = {
	{0, "ssh", STRAKE_OPT_FLAG, offsetof(BootOpts, ssh), NULL,
		"log in by ssh as soon as that works; power off at the end"},
	{0, "check", STRAKE_OPT_FLAG, offsetof(BootOpts, check), NULL,
		"check the system, install a package, reboot, and print a table"},
	{0, "once", STRAKE_OPT_FLAG, offsetof(BootOpts, once), NULL,
		"with --check: one boot only, without installing and rebooting"},
	{0, "secure-boot", STRAKE_OPT_FLAG, offsetof(BootOpts, secure_boot), NULL,
		"enrol the project's key; with --check also boot an unsigned copy, in vain"},
	{0, "json", STRAKE_OPT_FLAG, offsetof(BootOpts, json), NULL, "print the table as JSON"},
	{'o', "out", STRAKE_OPT_STRING, offsetof(BootOpts, out), "DIR",
		"where image build put the outputs"},
	{0, "disk", STRAKE_OPT_STRING, offsetof(BootOpts, disk), "FILE",
		"boot this raw disk; NAME is then only a name"},
	{0, "keys", STRAKE_OPT_STRING, offsetof(BootOpts, keys), "DIR", "the project's keys"},
	{0, "repo", STRAKE_OPT_STRING, offsetof(BootOpts, repository), "DIR",
		"repository for dnf: the folder that holds x86_64 (out/repo)"},
	{0, "package", STRAKE_OPT_STRING, offsetof(BootOpts, package), "NAME",
		"the package that --check installs and asks for a page (nginx)"},
	{0, "upstream", STRAKE_OPT_STRING, offsetof(BootOpts, upstream), "NAME",
		"upstream of the packages in the image (the project's default); the floors of "
		"versions are those of the default's release line"},
	{0, "console", STRAKE_OPT_STRING, offsetof(BootOpts, console), "FILE",
		"keep what the serial console printed"},
	{0, "append", STRAKE_OPT_STRING, offsetof(BootOpts, append), "TEXT",
		"kernel parameters to add"},
	{'m', "memory", STRAKE_OPT_INT, offsetof(BootOpts, memory), "MIB",
		"memory of the machine (1024)"},
	{0, "timeout", STRAKE_OPT_INT, offsetof(BootOpts, timeout), "SECONDS",
		"how long one boot may take (600)"},
	{0},
};

static GBytes *certificate_der(const char *keys_dir, GError **error)
{
	g_autoptr(StrakeKeys) keys = strake_keys_open(keys_dir, NULL, error);
	g_autoptr(GBytes) pem = NULL;
	uint8_t *der = NULL;
	GBytes *out;
	BIO *bio;
	X509 *x509;
	int size;

	if (keys == NULL || !strake_keys_secure_boot(keys, NULL, &pem, NULL, NULL, error))
		return NULL;
	bio = BIO_new_mem_buf(g_bytes_get_data(pem, NULL), (int)g_bytes_get_size(pem));
	x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	BIO_free(bio);
	size = x509 != NULL ? i2d_X509(x509, &der) : 0;
	X509_free(x509);
	if (size <= 0) {
		strake_error_set(error, STRAKE_ERROR_INVALID,
			"the Secure Boot certificate of the project is not readable");
		return NULL;
	}
	out = g_bytes_new(der, (size_t)size);
	OPENSSL_free(der);
	return out;
}

static void print_json(const GPtrArray *rows)
{
	g_autoptr(JsonBuilder) b = json_builder_new();

	json_builder_begin_array(b);
	for (guint i = 0; i < rows->len; i++) {
		const StrakeCheckRow *row = rows->pdata[i];

		json_builder_begin_object(b);
		json_builder_set_member_name(b, "name");
		json_builder_add_string_value(b, row->name);
		json_builder_set_member_name(b, "value");
		json_builder_add_string_value(b, row->value);
		if (row->wanted != NULL) {
			json_builder_set_member_name(b, "wanted");
			json_builder_add_string_value(b, row->wanted);
		}
		json_builder_set_member_name(b, "ok");
		json_builder_add_boolean_value(b, row->ok);
		json_builder_end_object(b);
	}
	json_builder_end_array(b);
	strake_json_print(b);
}

static bool run_check(const StrakeCheckOptions *options, bool json, GError **error)
{
	g_autoptr(GPtrArray) rows = strake_check_run(options, error);

	if (rows == NULL)
		return false;
	if (json) {
		print_json(rows);
	} else {
		g_autofree char *table = strake_check_table(rows);
		fputs(table, stdout);
	}
	if (!strake_check_passed(rows)) {
		g_set_error_literal(error, STRAKE_ERROR, STRAKE_ERROR_REPORTED, "checks failed");
		return false;
	}
	return true;
}

static bool run_ssh(StrakeMachine *machine, unsigned timeout_s, GError **error)
{
	g_autofree char *port = g_strdup_printf("%u", strake_machine_ssh_port(machine));
	const char *argv[] = {"ssh", "-q", "-F", "/dev/null", "-i",
		strake_machine_key_path(machine), "-p", port, "-o", "StrictHostKeyChecking=no",
		"-o", "UserKnownHostsFile=/dev/null", "-l", "root", "127.0.0.1", NULL};
	g_autoptr(GSubprocess) ssh = NULL;

	if (!strake_machine_wait_ssh(machine, timeout_s, error))
		return false;
	ssh = g_subprocess_newv(argv, G_SUBPROCESS_FLAGS_STDIN_INHERIT, error);
	return ssh != NULL && g_subprocess_wait(ssh, NULL, error);
}

static bool run_machine(const BootOpts *opts, const char *disk, const char *work,
	GBytes *certificate, GError **error)
{
	const StrakeMachineOptions options = {
		.disk = disk,
		.work = work,
		.memory_mib = opts->memory > 0 ? (unsigned)opts->memory : 0,
		.secure_boot = certificate,
		.extra_cmdline = opts->append,
		.interactive = !opts->ssh,
	};
	g_autoptr(StrakeMachine) machine = strake_machine_start(&options, error);

	if (machine == NULL)
		return false;
	if (opts->ssh)
		return run_ssh(machine, opts->timeout > 0 ? (unsigned)opts->timeout : 600, error);
	strake_say("ssh -i %s -p %u root@127.0.0.1; Ctrl-A X ends the machine",
		strake_machine_key_path(machine), strake_machine_ssh_port(machine));
	return strake_machine_wait(machine, 0, error);
}

// Whether the image's packages come from another upstream than the release line's.
static bool is_other_line(
	const StrakeProject *project, const char *upstream, bool *out, GError **error)
{
	const StrakeUpstream *line = strake_project_upstream(project, NULL, error);
	const StrakeUpstream *own =
		line != NULL ? strake_project_upstream(project, upstream, error) : NULL;

	*out = own != line;
	return own != NULL;
}

static bool run_boot(const StrakeGlobals *globals, const void *data, char **args, GError **error)
{
	const BootOpts *opts = data;
	g_autoptr(StrakeProject) project = NULL;
	g_autoptr(StrakeTmpdir) work = NULL;
	g_autoptr(GBytes) certificate = NULL;
	g_autofree char *disk = g_strdup(opts->disk);
	g_autofree char *repository = g_strdup(opts->repository);
	bool no_floors = false;

	if (disk == NULL || opts->upstream != NULL) {
		project = strake_project_load(globals->project_dir, NULL, error);
		if (project == NULL ||
			(opts->upstream != NULL &&
				!is_other_line(project, opts->upstream, &no_floors, error)))
			return false;
	}
	if (disk == NULL) {
		g_autofree char *file = g_strconcat(args[0], ".raw", NULL);

		if (strake_project_image(project, args[0], error) == NULL)
			return false;
		disk = opts->out != NULL ? g_build_filename(opts->out, file, NULL)
					 : g_build_filename(strake_project_output_dir(project),
						   "images", file, NULL);
		if (repository == NULL)
			repository =
				g_build_filename(strake_project_output_dir(project), "repo", NULL);
	}
	if (access(disk, R_OK) < 0)
		return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"'%s' is not there; run: strake image build %s", disk, args[0]);
	if (repository != NULL && !g_file_test(repository, G_FILE_TEST_IS_DIR))
		g_clear_pointer(&repository, g_free);
	if (opts->secure_boot && (certificate = certificate_der(opts->keys, error)) == NULL)
		return false;
	work = strake_tmpdir_new(NULL, error);
	if (work == NULL)
		return false;
	if (opts->check) {
		const StrakeCheckOptions options = {
			.disk = disk,
			.work = work->path,
			.repository = repository,
			.once = opts->once,
			.package = opts->package,
			.secure_boot = certificate,
			.no_floors = no_floors,
			.console_copy = opts->console,
			.timeout_s = opts->timeout > 0 ? (unsigned)opts->timeout : 0,
		};
		return run_check(&options, opts->json, error);
	}
	return run_machine(opts, disk, work->path, certificate, error);
}

const StrakeCmd strake_cmd_image_boot = {
	.name = "image boot",
	.args = "NAME",
	.summary = "start an image in QEMU, with a console, with ssh, or to check it",
	.details =
		"The disk is not changed: the machine writes to an overlay that is thrown away. An "
		"ssh key is made for each boot and given to the machine as a systemd credential. "
		"The processor is emulated unless the host has vmx or svm and /dev/kvm. --check "
		"fails when a unit failed, SELinux denied anything, a version is below its floor, "
		"or dnf cannot install from the project's repository.",
	.min_args = 1,
	.max_args = 1,
	.opts = boot_opts,
	.opts_size = sizeof(BootOpts),
	.run = run_boot,
};
