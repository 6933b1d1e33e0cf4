// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The checks, as one script each that prints "name=value" lines, and the rows that judge them.
#include "image/check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/progress.h"
#include "image/machine.h"
#include "image/serve.h"
#include "image/tamper.h"

enum { DEFAULT_TIMEOUT_S = 600, REFUSAL_TIMEOUT_S = 180, EMULATION_ATTEMPTS = 4 };
enum { BOOT_PHASES = 5, SECURE_PHASES = 2 }; // steps of the progress bar

// The floors of this release line.
static const struct {
	const char *name;
	const char *floor;
} floors[] = {
	{"kernel", "6.18"},
	{"glibc", "2.42"},
	{"systemd", "258"},
	{"openssl", "3.5"},
	{"python", "3.14"},
	{"rpm", "6.0"},
};

// Versions come from the running programs, not from package names, where the image has them.
static const char state_script[] =
	"set -u\n"
	"echo state=$(systemctl is-system-running --wait)\n"
	"echo failed=$(systemctl list-units --failed --plain --no-legend | cut -d' ' -f1 | tr "
	"'\\n' ' ')\n"
	"echo selinux=$(cat /sys/fs/selinux/enforce 2>/dev/null || echo none)\n"
	"echo context=$(id -Z 2>/dev/null)\n"
	"echo denials=$(journalctl -b -o cat --no-pager 2>/dev/null | grep -c 'avc:  *denied')\n"
	"journalctl -b -o cat --no-pager 2>/dev/null | grep 'avc:  *denied' | "
	"sed 's/.*avc:/avc:/; s/pid=[0-9]* //; s/ino=[0-9]* //' | sort -u | head -20 | sed "
	"'s/^/denial=/'\n"
	"echo password=$(grep '^root:' /etc/shadow | cut -d: -f2)\n"
	"echo memory=$(free -m | awk '/^Mem/ { print $3 }')\n"
	"echo seconds=$(cut -d' ' -f1 /proc/uptime)\n"
	"echo boot=$(cat /proc/sys/kernel/random/boot_id)\n"
	"echo kernel=$(uname -r)\n"
	"echo systemd=$(systemctl --version | head -1 | cut -d' ' -f2)\n"
	"echo glibc=$(/lib64/ld-linux-x86-64.so.2 --version 2>/dev/null | "
	"sed -n '1s/.*version \\([0-9.]*[0-9]\\).*/\\1/p')\n"
	"echo rpm=$(rpm --version 2>/dev/null | grep -o '[0-9.]*$')\n"
	"echo openssl=$(rpm -q --qf '%{VERSION}\\n' --whatprovides 'libcrypto.so.3()(64bit)' "
	"2>/dev/null | head -1)\n"
	"echo root=$(df -BM --output=size,used / | tail -1 | tr -d M)\n"
	"echo secureboot=$(od -An -t u1 -j 4 -N 1 "
	"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c 2>/dev/null)\n";

static void row_free(gpointer data)
{
	StrakeCheckRow *row = data;

	g_free(row->name);
	g_free(row->value);
	g_free(row->wanted);
	g_free(row);
}

static void add_row(
	GPtrArray *rows, const char *name, const char *value, const char *wanted, bool ok)
{
	StrakeCheckRow *row = g_new0(StrakeCheckRow, 1);

	row->name = g_strdup(name);
	row->value = g_strdup(value != NULL && *value != '\0' ? value : "-");
	row->wanted = g_strdup(wanted);
	row->ok = ok;
	g_ptr_array_add(rows, row);
}

static void add_equal(GPtrArray *rows, const char *name, const char *value, const char *wanted)
{
	add_row(rows, name, value, wanted, g_strcmp0(value, wanted) == 0);
}

int strake_check_version(const char *a, const char *b)
{
	for (;;) {
		char *a_end = NULL;
		char *b_end = NULL;
		guint64 x = g_ascii_strtoull(a, &a_end, 10);
		guint64 y = g_ascii_strtoull(b, &b_end, 10);

		if (x != y)
			return x < y ? -1 : 1;
		if (a_end == a || b_end == b || *a_end != '.' || *b_end != '.')
			return (*a_end == '.') - (*b_end == '.');
		a = a_end + 1;
		b = b_end + 1;
	}
}

static GHashTable *parse_lines(const char *text)
{
	GHashTable *out = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		char *equals = strchr(*line, '=');
		char *name;
		char *value;
		const char *before;

		if (equals == NULL)
			continue;
		name = g_strndup(*line, (size_t)(equals - *line));
		before = g_hash_table_lookup(out, name);
		value = before != NULL ? g_strconcat(before, "\n", equals + 1, NULL)
				       : g_strdup(equals + 1);
		g_hash_table_replace(out, name, g_strstrip(value));
	}
	return out;
}

static void judge_state(GPtrArray *rows, GHashTable *v, const char *when)
{
	g_autofree char *state = g_strconcat("system state", when, NULL);
	g_autofree char *failed = g_strconcat("failed units", when, NULL);
	g_autofree char *denials = g_strconcat("SELinux denials", when, NULL);
	const char *list = g_hash_table_lookup(v, "failed");
	const char *text = g_hash_table_lookup(v, "denial");

	add_equal(rows, state, g_hash_table_lookup(v, "state"), "running");
	add_row(rows, failed, list != NULL && *list != '\0' ? list : "none", "none",
		list == NULL || *list == '\0');
	add_row(rows, denials, text != NULL ? text : g_hash_table_lookup(v, "denials"), "0",
		g_strcmp0(g_hash_table_lookup(v, "denials"), "0") == 0);
}

static void judge_first_boot(GPtrArray *rows, GHashTable *v)
{
	const char *password = g_hash_table_lookup(v, "password");

	judge_state(rows, v, "");
	add_row(rows, "SELinux",
		g_strcmp0(g_hash_table_lookup(v, "selinux"), "1") == 0 ? "enforcing"
								       : "not enforcing",
		"enforcing", g_strcmp0(g_hash_table_lookup(v, "selinux"), "1") == 0);
	add_row(rows, "ssh login with a generated key", "yes", "yes", true);
	add_row(rows, "root password",
		password != NULL && strchr("!*", *password) != NULL ? "locked" : "NOT LOCKED",
		"locked", password != NULL && *password != '\0' && strchr("!*", *password) != NULL);
	add_row(rows, "guest seconds to here", g_hash_table_lookup(v, "seconds"), NULL, true);
	add_row(rows, "guest memory used (MiB)", g_hash_table_lookup(v, "memory"), NULL, true);
	add_row(rows, "root size, used (MiB)", g_hash_table_lookup(v, "root"), NULL, true);
}

static void judge_versions(GPtrArray *rows, GHashTable *v, bool no_floors)
{
	for (size_t i = 0; i < G_N_ELEMENTS(floors); i++) {
		const char *have = g_hash_table_lookup(v, floors[i].name);
		g_autofree char *wanted = g_strconcat(">= ", floors[i].floor, NULL);
		bool known = have != NULL && *have != '\0';

		// What is neither installed nor offered by a repository is shown, not judged.
		add_row(rows, floors[i].name, known ? have : "not in the image",
			no_floors ? NULL : wanted,
			no_floors || !known || strake_check_version(have, floors[i].floor) >= 0);
	}
}

static GHashTable *ask(StrakeMachine *m, const char *script, unsigned timeout_s, GError **error)
{
	g_autofree char *text = strake_machine_ssh(m, script, timeout_s, error);

	return text != NULL ? parse_lines(text) : NULL;
}

static void check_dnf(
	GPtrArray *rows, StrakeMachine *m, const StrakeCheckOptions *o, unsigned timeout_s)
{
	const char *package = o->package != NULL ? o->package : "nginx";
	g_autoptr(GError) failed = NULL;
	g_autoptr(StrakeServe) serve = strake_serve_start(o->repository, &failed);
	g_autofree char *install = NULL;
	g_autofree char *said = NULL;
	g_autofree char *page = NULL;
	g_autofree char *wanted = g_strconcat("dnf install ", package, NULL);

	if (serve == NULL) {
		add_row(rows, wanted, failed->message, "done", false);
		return;
	}
	install = g_strdup_printf(
		"set -e\necho http://10.0.2.2:%u > /etc/dnf/vars/strake_baseurl\n"
		"dnf -y install %s >/tmp/dnf.log 2>&1 || { tail -15 /tmp/dnf.log >&2; exit 1; }\n"
		"systemctl enable --now %s >&2\n"
		"echo python=$(dnf -q repoquery --qf '%%{version}\\n' --latest-limit=1 python3 "
		"2>/dev/null | tail -1)\n",
		strake_serve_port(serve), package, package);
	said = strake_machine_ssh(m, install, timeout_s, &failed);
	add_row(rows, wanted, said != NULL ? "done" : failed->message, "done", said != NULL);
	if (said == NULL)
		return;
	if (strstr(said, "python=") != NULL) {
		g_autoptr(GHashTable) v = parse_lines(said);
		const char *python = g_hash_table_lookup(v, "python");
		if (python != NULL && *python != '\0')
			add_row(rows, "python in the repository", python,
				o->no_floors ? NULL : ">= 3.14",
				o->no_floors || strake_check_version(python, "3.14") >= 0);
	}
	page = strake_machine_ssh(m, "curl -fsS http://127.0.0.1/ | head -c 2000\n", 60, &failed);
	add_row(rows, "page served by it",
		page != NULL && strstr(page, "<html") != NULL ? "yes"
		: failed != NULL                              ? failed->message
							      : "no page",
		"yes", page != NULL && strstr(page, "<html") != NULL);
}

// Waits for a login to a boot other than @old_boot.
static bool wait_for_reboot(
	StrakeMachine *m, const char *old_boot, unsigned timeout_s, GError **error)
{
	gint64 end = g_get_monotonic_time() + (gint64)timeout_s * G_USEC_PER_SEC;

	while (g_get_monotonic_time() < end) {
		g_autofree char *boot = NULL;

		strake_machine_forget_ssh(m);
		if (!strake_machine_wait_ssh(m, timeout_s, error))
			return false;
		boot = strake_machine_ssh(m, "cat /proc/sys/kernel/random/boot_id\n", 30, NULL);
		if (boot != NULL && g_strcmp0(g_strchomp(boot), old_boot) != 0)
			return true;
		g_usleep(G_USEC_PER_SEC);
	}
	return strake_error_set(error, STRAKE_ERROR_FAILED, "the machine did not go down");
}

static void check_reboot(
	GPtrArray *rows, StrakeMachine *m, const char *old_boot, unsigned timeout_s)
{
	g_autoptr(GError) failed = NULL;
	g_autoptr(GHashTable) v = NULL;

	g_free(strake_machine_ssh(m, "systemctl reboot\n", 30, NULL));
	if (wait_for_reboot(m, old_boot, timeout_s, &failed))
		v = ask(m, state_script, timeout_s, &failed);
	add_row(rows, "reboot", v != NULL ? "done" : failed->message, "done", v != NULL);
	if (v != NULL)
		judge_state(rows, v, " after reboot");
}

static void power_off(StrakeMachine *m)
{
	g_free(strake_machine_ssh(m, "systemctl poweroff\n", 30, NULL));
	if (!strake_machine_wait(m, 90, NULL))
		strake_warn("the machine did not power off in time");
}

static void copy_console(const StrakeMachine *m, const char *path)
{
	g_autofree char *text = strake_machine_console(m);

	if (path != NULL && !g_file_set_contents(path, text, -1, NULL))
		strake_warn("cannot write the console log '%s'", path);
}

// Starts a machine and logs in; again when the emulator, not the image, was at fault.
static StrakeMachine *start_and_log_in(const StrakeMachineOptions *options,
	const char *console_copy, unsigned timeout_s, GError **error)
{
	for (unsigned attempt = 1;; attempt++) {
		g_autoptr(GError) failed = NULL;
		g_autoptr(StrakeMachine) m = strake_machine_start(options, error);

		if (m == NULL)
			return NULL;
		if (strake_machine_wait_ssh(m, timeout_s, &failed))
			return g_steal_pointer(&m);
		copy_console(m, console_copy);
		if (attempt == EMULATION_ATTEMPTS || !strake_machine_emulation_fault(m)) {
			g_propagate_error(error, g_steal_pointer(&failed));
			return NULL;
		}
		strake_warn("the emulator broke the guest's kernel (int3); starting it again");
	}
}

static bool check_plain(GPtrArray *rows, const StrakeCheckOptions *o, unsigned timeout_s,
	StrakeProgress *progress, GError **error)
{
	const StrakeMachineOptions options = {
		.disk = o->disk, .work = o->work, .progress = progress};
	g_autoptr(StrakeMachine) m = NULL;
	g_autoptr(GHashTable) v = NULL;

	strake_progress_add(progress, 0, "until ssh answers");
	m = start_and_log_in(&options, o->console_copy, timeout_s, error);
	if (m == NULL)
		return false;
	strake_progress_add(progress, 1, "state of the system");
	v = ask(m, state_script, timeout_s, error);
	if (v == NULL)
		return false;
	judge_first_boot(rows, v);
	judge_versions(rows, v, o->no_floors);
	strake_progress_add(progress, 1, "dnf install");
	if (o->repository != NULL && !o->once)
		check_dnf(rows, m, o, timeout_s);
	strake_progress_add(progress, 1, "reboot");
	if (!o->once)
		check_reboot(rows, m, g_hash_table_lookup(v, "boot"), timeout_s);
	copy_console(m, o->console_copy);
	strake_progress_add(progress, 1, "power off");
	power_off(m);
	strake_progress_add(progress, 1, NULL);
	return true;
}

// The signed image boots with Secure Boot enforced.
static bool check_signed(GPtrArray *rows, const StrakeCheckOptions *o, const char *work,
	unsigned timeout_s, StrakeProgress *progress, GError **error)
{
	const StrakeMachineOptions options = {
		.disk = o->disk, .work = work, .secure_boot = o->secure_boot, .progress = progress};
	g_autoptr(StrakeMachine) m = start_and_log_in(&options, NULL, timeout_s, error);
	g_autoptr(GHashTable) v = NULL;

	if (m == NULL)
		return false;
	v = ask(m, state_script, timeout_s, error);
	if (v == NULL)
		return false;
	add_row(rows, "Secure Boot, signed image", "boots", "boots", true);
	add_row(rows, "Secure Boot enforced by the firmware",
		g_strcmp0(g_hash_table_lookup(v, "secureboot"), "1") == 0 ? "yes" : "no", "yes",
		g_strcmp0(g_hash_table_lookup(v, "secureboot"), "1") == 0);
	power_off(m);
	return true;
}

// The same image without the signature is refused by the firmware.
static bool check_unsigned(
	GPtrArray *rows, const StrakeCheckOptions *o, const char *work, GError **error)
{
	g_autofree char *disk = g_build_filename(work, "unsigned.raw", NULL);
	const StrakeMachineOptions options = {
		.disk = disk, .work = work, .secure_boot = o->secure_boot};
	g_autoptr(StrakeMachine) m = NULL;
	gint64 end = g_get_monotonic_time() + (gint64)REFUSAL_TIMEOUT_S * G_USEC_PER_SEC;
	const char *verdict = "neither refused nor booted in time";

	if (!strake_tamper_unsign(o->disk, disk, error))
		return false;
	m = strake_machine_start(&options, error);
	if (m == NULL)
		return false;
	while (g_get_monotonic_time() < end && strake_machine_is_running(m)) {
		g_autofree char *console = strake_machine_console(m);

		if (strstr(console, "Access Denied") != NULL ||
			strstr(console, "Security Violation") != NULL) {
			verdict = "refused";
			break;
		}
		if (strstr(console, "login:") != NULL) {
			verdict = "BOOTED";
			break;
		}
		g_usleep(G_USEC_PER_SEC / 2);
	}
	add_row(rows, "Secure Boot, unsigned image", verdict, "refused",
		strcmp(verdict, "refused") == 0);
	return true;
}

static bool check_secure_boot(GPtrArray *rows, const StrakeCheckOptions *o, unsigned timeout_s,
	StrakeProgress *progress, GError **error)
{
	g_autoptr(StrakeTmpdir) with = strake_tmpdir_new(o->work, error);
	g_autoptr(StrakeTmpdir) without = with != NULL ? strake_tmpdir_new(o->work, error) : NULL;

	strake_progress_add(progress, 0, "Secure Boot, signed");
	if (without == NULL || !check_signed(rows, o, with->path, timeout_s, progress, error))
		return false;
	strake_progress_add(progress, 1, "Secure Boot, unsigned");
	if (!check_unsigned(rows, o, without->path, error))
		return false;
	strake_progress_add(progress, 1, NULL);
	return true;
}

GPtrArray *strake_check_run(const StrakeCheckOptions *o, GError **error)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(row_free);
	unsigned timeout_s = o->timeout_s != 0 ? o->timeout_s : DEFAULT_TIMEOUT_S;
	gint64 begin = g_get_monotonic_time();
	g_autoptr(StrakeProgress) progress = NULL;
	g_autofree char *wall = NULL;
	g_autofree char *cpu = NULL;
	struct rusage usage = {0};

	progress = strake_progress_new(
		"boot", BOOT_PHASES + (o->secure_boot != NULL ? SECURE_PHASES : 0), false);
	if (!check_plain(rows, o, timeout_s, progress, error))
		return NULL;
	if (o->secure_boot != NULL && !check_secure_boot(rows, o, timeout_s, progress, error))
		return NULL;
	wall = g_strdup_printf("%.0f", (double)(g_get_monotonic_time() - begin) / G_USEC_PER_SEC);
	getrusage(RUSAGE_CHILDREN, &usage);
	cpu = g_strdup_printf("%ld", (long)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec));
	add_row(rows, "host seconds", wall, NULL, true);
	add_row(rows, "host CPU seconds", cpu, NULL, true);
	return g_steal_pointer(&rows);
}

bool strake_check_passed(const GPtrArray *rows)
{
	for (guint i = 0; i < rows->len; i++)
		if (!((const StrakeCheckRow *)rows->pdata[i])->ok)
			return false;
	return true;
}

char *strake_check_table(const GPtrArray *rows)
{
	g_autoptr(GString) out = g_string_new(NULL);
	size_t width = 0;

	for (guint i = 0; i < rows->len; i++)
		width = MAX(width, strlen(((const StrakeCheckRow *)rows->pdata[i])->name));
	for (guint i = 0; i < rows->len; i++) {
		const StrakeCheckRow *row = rows->pdata[i];

		g_string_append_printf(out, "%-6s %-*s  %s",
			row->wanted == NULL ? ""
			: row->ok           ? "ok"
					    : "FAILED",
			(int)width, row->name, row->value);
		if (row->wanted != NULL && (!row->ok || g_str_has_prefix(row->wanted, ">=")))
			g_string_append_printf(out, "  (wanted %s)", row->wanted);
		g_string_append_c(out, '\n');
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}
