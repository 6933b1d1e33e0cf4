// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// QEMU's command line, and talk with the machine over its console file and ssh.
#include "image/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/run.h"
#include "format/efi_vars.h"

enum { FIRMWARE_MAX_BYTES = 64 << 20, CONSOLE_MAX_BYTES = 64 << 20, POLL_MS = 500 };
enum { CONNECT_MIN_S = 2, CONNECT_MAX_S = 20 };

struct StrakeMachine {
	GSubprocess *qemu;
	char *work;
	char *key_path;
	char *console_path;
	unsigned ssh_port;
	StrakeProgress *progress; // borrowed
};

typedef struct {
	const char *code;
	const char *variables;
} Firmware;

// Debian, Fedora, Arch, openSUSE; the first pair that exists is taken.
static const Firmware plain_firmware[] = {
	{"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"},
	{"/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"},
	{"/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"},
	{"/usr/share/qemu/ovmf-x86_64-4m-code.bin", "/usr/share/qemu/ovmf-x86_64-4m-vars.bin"},
	{NULL, NULL},
};
static const Firmware secure_firmware[] = {
	{"/usr/share/OVMF/OVMF_CODE_4M.secboot.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"},
	{"/usr/share/edk2/ovmf/OVMF_CODE.secboot.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"},
	{"/usr/share/edk2/x64/OVMF_CODE.secboot.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"},
	{NULL, NULL},
};

static const Firmware *find_firmware(bool secure, GError **error)
{
	const Firmware *list = secure ? secure_firmware : plain_firmware;

	for (; list->code != NULL; list++)
		if (access(list->code, R_OK) == 0 && access(list->variables, R_OK) == 0)
			return list;
	strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
		"no UEFI firmware%s for QEMU found; install the package ovmf",
		secure ? " with Secure Boot" : "");
	return NULL;
}

// A machine may have /dev/kvm without a processor that can use it.
static bool can_use_kvm(void)
{
	g_autofree char *text = NULL;
	int fd;

	if (!g_file_get_contents("/proc/cpuinfo", &text, NULL, NULL) ||
		(strstr(text, " vmx ") == NULL && strstr(text, " svm ") == NULL))
		return false;
	fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static bool write_variables(
	const StrakeMachineOptions *o, const char *from, const char *to, GError **error)
{
	g_autoptr(GBytes) store = strake_file_read_at(AT_FDCWD, from, FIRMWARE_MAX_BYTES, error);

	if (store == NULL)
		return false;
	if (o->secure_boot != NULL) {
		const StrakeEfiCertificate certificate = {
			.der = g_bytes_get_data(o->secure_boot, NULL),
			.size = g_bytes_get_size(o->secure_boot),
		};
		GBytes *enrolled = strake_efi_vars_enrol(store, &certificate, error);
		if (enrolled == NULL)
			return false;
		g_bytes_unref(store);
		store = enrolled;
	}
	return strake_file_write_at(
		AT_FDCWD, to, g_bytes_get_data(store, NULL), g_bytes_get_size(store), 0600, error);
}

static bool make_overlay(const StrakeMachineOptions *o, const char *path, GError **error)
{
	g_autofree char *absolute = g_canonicalize_filename(o->disk, NULL);
	g_autofree char *size = NULL;
	uint64_t bytes = o->disk_bytes != 0 ? o->disk_bytes : 2ull << 30;
	struct stat st;
	const char *argv[] = {"qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b",
		absolute, path, NULL, NULL};

	if (stat(o->disk, &st) < 0)
		return strake_error_errno(error, errno, "open disk image", o->disk);
	size = g_strdup_printf("%" G_GUINT64_FORMAT, MAX(bytes, (uint64_t)st.st_size));
	argv[10] = size;
	return strake_run_argv(argv, error);
}

static bool make_key(StrakeMachine *m, char **out_public, GError **error)
{
	g_autofree char *public_path = g_strconcat(m->key_path, ".pub", NULL);
	const char *argv[] = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "strake-boot",
		"-f", m->key_path, NULL};

	return strake_run_argv(argv, error) &&
	       g_file_get_contents(public_path, out_public, NULL, error);
}

// Free now; QEMU fails with a clear message in the unlikely case that it is taken in between.
static bool find_port(unsigned *out, GError **error)
{
	g_autoptr(GSocketListener) listener = g_socket_listener_new();
	g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
	g_autoptr(GSocketAddress) any = g_inet_socket_address_new(loopback, 0);
	g_autoptr(GSocketAddress) bound = NULL;

	if (!g_socket_listener_add_address(listener, any, G_SOCKET_TYPE_STREAM,
		    G_SOCKET_PROTOCOL_TCP, NULL, &bound, error))
		return false;
	*out = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
	g_socket_listener_close(listener);
	return true;
}

static void add(GPtrArray *argv, const char *word)
{
	g_ptr_array_add(argv, g_strdup(word));
}

static void add_printf(GPtrArray *argv, const char *option, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
static void add_printf(GPtrArray *argv, const char *option, const char *format, ...)
{
	va_list args;

	add(argv, option);
	va_start(args, format);
	g_ptr_array_add(argv, g_strdup_vprintf(format, args));
	va_end(args);
}

static GPtrArray *make_argv(StrakeMachine *m, const StrakeMachineOptions *o,
	const Firmware *firmware, const char *public_key)
{
	GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
	bool kvm = can_use_kvm();
	g_autofree char *key = g_base64_encode((const guchar *)public_key, strlen(public_key));

	add(argv, "qemu-system-x86_64");
	add(argv, "-nodefaults");
	add(argv, "-no-user-config");
	add_printf(argv, "-machine", "q35%s", o->secure_boot != NULL ? ",smm=on" : "");
	if (o->secure_boot != NULL)
		add_printf(argv, "-global", "driver=cfi.pflash01,property=secure,value=on");
	add_printf(argv, "-accel", "%s", kvm ? "kvm" : "tcg,thread=multi");
	// QEMU 7.2's CMPXCHG16B sometimes leaves wrong flags, and the allocator of Linux 6.12 dies
	// of it; without the instruction the kernel takes a lock instead.
	add_printf(argv, "-cpu", "%s", kvm ? "host" : "max,-cx16");
	add_printf(argv, "-smp", "%u", o->cpus != 0 ? o->cpus : 2);
	add_printf(argv, "-m", "%u", o->memory_mib != 0 ? o->memory_mib : 1024);
	add_printf(argv, "-display", "none");
	if (o->interactive)
		add_printf(argv, "-serial", "mon:stdio");
	else
		add_printf(argv, "-serial", "file:%s", m->console_path);
	add_printf(argv, "-drive", "if=pflash,format=raw,readonly=on,file=%s", firmware->code);
	add_printf(argv, "-drive", "if=pflash,format=raw,file=%s/vars.fd", m->work);
	add_printf(
		argv, "-drive", "if=virtio,format=qcow2,cache=unsafe,file=%s/disk.qcow2", m->work);
	add_printf(argv, "-device", "virtio-rng-pci");
	add_printf(argv, "-netdev", "user,id=n0,hostfwd=tcp:127.0.0.1:%u-:22", m->ssh_port);
	add_printf(argv, "-device", "virtio-net-pci,netdev=n0");
	add_printf(argv, "-smbios",
		"type=11,value=io.systemd.credential.binary:ssh.authorized_keys.root=%s", key);
	if (o->extra_cmdline != NULL)
		add_printf(argv, "-smbios", "type=11,value=io.systemd.stub.kernel-cmdline-extra=%s",
			o->extra_cmdline);
	g_ptr_array_add(argv, NULL);
	return argv;
}

// A machine must not outlive us, however we end.
static void die_with_parent(gpointer data)
{
	(void)data;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

StrakeMachine *strake_machine_start(const StrakeMachineOptions *o, GError **error)
{
	const Firmware *firmware = find_firmware(o->secure_boot != NULL, error);
	g_autoptr(StrakeMachine) m = g_new0(StrakeMachine, 1);
	g_autofree char *variables = NULL;
	g_autofree char *overlay = NULL;
	g_autofree char *public_key = NULL;
	g_autoptr(GPtrArray) argv = NULL;
	g_autoptr(GSubprocessLauncher) launcher = NULL;

	m->work = g_strdup(o->work);
	m->progress = o->progress;
	m->key_path = g_build_filename(o->work, "key", NULL);
	m->console_path = g_build_filename(o->work, "console.log", NULL);
	unlink(m->key_path); // of an earlier machine in the same place; ssh-keygen would ask
	variables = g_build_filename(o->work, "vars.fd", NULL);
	overlay = g_build_filename(o->work, "disk.qcow2", NULL);
	if (firmware == NULL || !write_variables(o, firmware->variables, variables, error) ||
		!make_overlay(o, overlay, error) || !make_key(m, &public_key, error) ||
		!find_port(&m->ssh_port, error))
		return NULL;
	argv = make_argv(m, o, firmware, g_strchomp(public_key));
	launcher = g_subprocess_launcher_new(
		o->interactive ? G_SUBPROCESS_FLAGS_STDIN_INHERIT : G_SUBPROCESS_FLAGS_NONE);
	g_subprocess_launcher_set_child_setup(launcher, die_with_parent, NULL, NULL);
	m->qemu = g_subprocess_launcher_spawnv(launcher, (const char *const *)argv->pdata, error);
	if (m->qemu == NULL) {
		g_prefix_error(error, "start QEMU (package qemu-system-x86): ");
		return NULL;
	}
	return g_steal_pointer(&m);
}

void strake_machine_free(StrakeMachine *m)
{
	if (m == NULL)
		return;
	if (m->qemu != NULL) {
		g_subprocess_force_exit(m->qemu);
		g_subprocess_wait(m->qemu, NULL, NULL);
		g_object_unref(m->qemu);
	}
	g_free(m->work);
	g_free(m->key_path);
	g_free(m->console_path);
	g_free(m);
}

unsigned strake_machine_ssh_port(const StrakeMachine *m)
{
	return m->ssh_port;
}

const char *strake_machine_key_path(const StrakeMachine *m)
{
	return m->key_path;
}

static char *text_of(GBytes *bytes)
{
	size_t size = 0;
	const char *data = bytes != NULL ? g_bytes_get_data(bytes, &size) : NULL;

	return size > 0 ? g_utf8_make_valid(data, (gssize)size) : g_strdup("");
}

char *strake_machine_console(const StrakeMachine *m)
{
	g_autoptr(GBytes) bytes =
		strake_file_read_at(AT_FDCWD, m->console_path, CONSOLE_MAX_BYTES, NULL);

	return text_of(bytes);
}

// GSubprocess learns of the end only in a main loop; the process table knows at once.
bool strake_machine_is_running(StrakeMachine *m)
{
	const char *id = g_subprocess_get_identifier(m->qemu);
	g_autofree char *path = id != NULL ? g_strdup_printf("/proc/%s/stat", id) : NULL;
	g_autofree char *text = NULL;
	const char *state;

	if (path == NULL || !g_file_get_contents(path, &text, NULL, NULL))
		return false;
	state = strrchr(text, ')');
	return state != NULL && strncmp(state, ") Z", 3) != 0;
}

static char *console_end(const StrakeMachine *m)
{
	g_autofree char *text = strake_machine_console(m);
	size_t n = strlen(text);
	char *end = g_strdup(n > 1500 ? text + n - 1500 : text);

	// Escape sequences of the console must not reach the reader's terminal.
	for (char *p = end; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' && *p != '\n')
			*p = ' ';
	return g_strstrip(end);
}

static void pause_for_poll(const StrakeMachine *m)
{
	if (m->progress != NULL)
		strake_progress_add(m->progress, 0, NULL);
	g_usleep(POLL_MS * 1000);
}

bool strake_machine_wait(StrakeMachine *m, unsigned timeout_s, GError **error)
{
	for (gint64 end = g_get_monotonic_time() + (gint64)timeout_s * G_USEC_PER_SEC;
		strake_machine_is_running(m); pause_for_poll(m)) {
		if (!strake_cancel_check(error))
			return false;
		if (timeout_s > 0 && g_get_monotonic_time() > end)
			return strake_error_set(error, STRAKE_ERROR_FAILED,
				"the machine did not end within %u s", timeout_s);
	}
	return true;
}

// One login serves all scripts of a boot: under emulation each further one would cost the machine
// seconds. The connection in the background ends with the machine.
static char *run_ssh(StrakeMachine *m, const char *script, unsigned timeout_s, unsigned connect_s,
	GError **error)
{
	g_autofree char *port = g_strdup_printf("%u", m->ssh_port);
	g_autofree char *limit = g_strdup_printf("%u", timeout_s);
	g_autofree char *connect = g_strdup_printf("ConnectTimeout=%u", connect_s);
	g_autofree char *control = g_strdup_printf("ControlPath=%s/ssh", m->work);
	g_autoptr(GBytes) input = g_bytes_new(script, strlen(script));
	g_autoptr(GBytes) out = NULL;
	const char *argv[] = {"timeout", limit, "ssh", "-q", "-F", "/dev/null", "-i", m->key_path,
		"-p", port, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
		"-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", connect, "-o", control,
		"-o", "ControlMaster=auto", "-o", "ControlPersist=yes", "-o",
		"ServerAliveInterval=20", "-l", "root", "127.0.0.1", "/bin/sh", "-s", NULL};
	const StrakeRun run = {.argv = argv, .input = input};

	if (!strake_run(&run, &out, error))
		return NULL;
	return text_of(out);
}

char *strake_machine_ssh(StrakeMachine *m, const char *script, unsigned timeout_s, GError **error)
{
	return run_ssh(m, script, timeout_s, CONNECT_MAX_S, error);
}

void strake_machine_forget_ssh(StrakeMachine *m)
{
	g_autofree char *control = g_build_filename(m->work, "ssh", NULL);

	unlink(control);
}

bool strake_machine_wait_ssh(StrakeMachine *m, unsigned timeout_s, GError **error)
{
	gint64 end = g_get_monotonic_time() + (gint64)timeout_s * G_USEC_PER_SEC;

	// QEMU takes the connection before the guest can, and then asks the guest less and less
	// often: short attempts find it sooner, longer ones do for a guest that is slow to answer.
	for (unsigned connect_s = CONNECT_MIN_S;; connect_s = MIN(connect_s + 1, CONNECT_MAX_S)) {
		g_autofree char *answer = run_ssh(m, "echo ready\n", 30, connect_s, NULL);
		g_autofree char *console = strake_machine_console(m);
		bool panic = strstr(console, "Kernel panic - not syncing") != NULL;
		bool late = g_get_monotonic_time() > end;
		bool running = strake_machine_is_running(m);

		if (answer != NULL && strcmp(answer, "ready\n") == 0)
			return true;
		if (!strake_cancel_check(error))
			return false;
		if (late || panic || !running) {
			g_autofree char *said = console_end(m);
			return strake_error_set(error, STRAKE_ERROR_FAILED,
				"%s; the console ends with:\n%s",
				panic     ? "the kernel panicked"
				: running ? "no ssh login in time"
					  : "the machine ended",
				said);
		}
		pause_for_poll(m);
	}
}

bool strake_machine_emulation_fault(const StrakeMachine *m)
{
	g_autofree char *console = strake_machine_console(m);

	return !can_use_kvm() && strstr(console, "Oops: int3") != NULL;
}
