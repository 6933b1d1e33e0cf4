// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Three processes: A makes the name spaces and waits, B is process 1 inside, mounts and reaps, C
// does the work. When one of them dies the kernel ends those below it.
#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/pump_private.h"
#include "base/sandbox_map_private.h"
#include "base/sandbox_mount_private.h"

enum { STDERR_KEEP_BYTES = 16 * 1024, REPORT_FOREIGN = 255, STATUS_REPORTED = 125 };

typedef struct {
	const StrakeSandbox *sandbox;
	StrakeSandboxFunc func; // NULL: run @run
	void *data;
	const StrakeRun *run;
	int in, out, err; // the work's ends, -1: /dev/null, for @err of a function: ours
	int report;       // where an error goes: one byte of code, then text
	int ready, go;    // id map hand-shake
} Job;

// Ends this process; the parent finds @problem on the report pipe.
static void G_GNUC_NORETURN die(const Job *job, GError *problem)
{
	uint8_t code = problem->domain == STRAKE_ERROR ? (uint8_t)problem->code : REPORT_FOREIGN;

	if (!strake_fd_write_all(job->report, &code, 1, "report", NULL) ||
		!strake_fd_write_all(
			job->report, problem->message, strlen(problem->message), "report", NULL))
		_exit(STATUS_REPORTED + 1);
	_exit(STATUS_REPORTED);
}

static void G_GNUC_NORETURN die_errno(const Job *job, int err, const char *verb, const char *name)
{
	GError *problem = NULL;

	strake_error_errno(&problem, err, verb, name);
	die(job, problem);
}

static void set_environment(const Job *job)
{
	const char *const *lists[] = {job->sandbox->env, job->run != NULL ? job->run->env : NULL};

	clearenv();
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("LANG", "C.UTF-8", 1);
	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
		for (const char *const *pair = lists[i]; pair != NULL && *pair != NULL; pair++) {
			const char *equals = strchr(*pair, '=');
			g_autofree char *name = NULL;

			if (equals == NULL)
				continue;
			name = g_strndup(*pair, (size_t)(equals - *pair));
			setenv(name, equals + 1, 1);
		}
}

static void loopback_up(void)
{
	struct ifreq request = {.ifr_flags = IFF_UP | IFF_RUNNING};
	g_auto(strake_fd) fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	// Best effort: a program that needs it says so itself.
	strcpy(request.ifr_name, "lo");
	if (fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		g_debug("sandbox: no loopback: %s", g_strerror(errno));
}

// Descriptor @fd becomes standard stream @number; -1: /dev/null.
static void set_stream(const Job *job, int fd, int number)
{
	int opened = fd;

	if (fd < 0)
		opened = open("/dev/null", number == 0 ? O_RDONLY : O_WRONLY);
	if (opened < 0 || dup2(opened, number) < 0)
		die_errno(job, errno, "sandbox: open", "/dev/null");
}

static void G_GNUC_NORETURN work_program(const Job *job)
{
	const char *name = job->run->argv[0];
	int log = job->run->log_fd;

	set_stream(job, job->in, 0);
	set_stream(job, log > 0 ? log : job->out, 1);
	set_stream(job, log > 0 ? log : job->err, 2);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	execvp(name, (char *const *)job->run->argv);
	die_errno(job, errno, "run", name);
}

static void G_GNUC_NORETURN work(const Job *job)
{
	const char *cwd =
		job->run != NULL && job->run->cwd != NULL ? job->run->cwd : job->sandbox->cwd;
	GError *problem = NULL;

	if (cwd != NULL && chdir(cwd) < 0)
		die_errno(job, errno, "sandbox: change to", cwd);
	set_environment(job);
	if (job->func == NULL)
		work_program(job);
	if (!job->func(job->data, job->out, &problem))
		die(job, problem);
	fflush(NULL);
	_exit(0);
}

static int exit_code_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Process 1 inside.
static void G_GNUC_NORETURN process_one(const Job *job)
{
	GError *problem = NULL;
	pid_t worker;
	pid_t got;
	int status;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	umask(022);
	if (sethostname("strake", strlen("strake")) < 0)
		die_errno(job, errno, "sandbox: set", "host name");
	if (!job->sandbox->network)
		loopback_up();
	if (!strake_sandbox_mount(job->sandbox, &problem))
		die(job, problem);
	worker = fork();
	if (worker < 0)
		die_errno(job, errno, "sandbox: fork", "worker");
	if (worker == 0)
		work(job);
	for (;;) {
		got = waitpid(-1, &status, 0);
		if (got == worker)
			_exit(exit_code_of(status));
		if (got < 0 && errno != EINTR)
			_exit(STATUS_REPORTED + 1);
	}
}

static void enter_user_space(const Job *job)
{
	char byte = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWUSER) < 0)
		die_errno(job, errno,
			"sandbox: this system does not allow user name spaces (see "
			"user.max_user_namespaces and kernel.unprivileged_userns_clone); make",
			"user name space");
	if (write(job->ready, &byte, 1) != 1 || read(job->go, &byte, 1) != 1)
		_exit(STATUS_REPORTED + 1); // the parent has the reason
	// A single-id map forbids setgroups; there is no other group to keep or drop then.
	if (setgroups(0, NULL) < 0 && errno != EPERM)
		die_errno(job, errno, "sandbox: drop", "groups");
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		die_errno(job, errno, "sandbox: become", "root inside");
	// A change of user ids clears both.
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 1);
}

static void G_GNUC_NORETURN make_spaces(const Job *job)
{
	int flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
	int status = 0;
	pid_t one;
	pid_t got;

	enter_user_space(job);
	if (unshare(flags | (job->sandbox->network ? 0 : CLONE_NEWNET)) < 0)
		die_errno(job, errno, "sandbox: make", "name spaces");
	one = fork();
	if (one < 0)
		die_errno(job, errno, "sandbox: fork", "process 1");
	if (one == 0)
		process_one(job);
	do
		got = waitpid(one, &status, 0);
	while (got < 0 && errno == EINTR);
	_exit(exit_code_of(status));
}

// The end that the child keeps is in [1] for pipes it writes and in [0] for those it reads.
typedef struct {
	int in[2], out[2], err[2], report[2], ready[2], go[2];
} Pipes;

static void pipes_clear(Pipes *pipes)
{
	int *all = (int *)pipes;

	for (size_t i = 0; i < sizeof(*pipes) / sizeof(int); i++)
		strake_fd_clear(&all[i]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pipes, pipes_clear)

static bool pipes_make(Pipes *pipes, bool in, bool out, bool err, GError **error)
{
	int *wanted[] = {pipes->report, pipes->ready, pipes->go, in ? pipes->in : NULL,
		out ? pipes->out : NULL, err ? pipes->err : NULL};

	for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++)
		if (wanted[i] != NULL && pipe2(wanted[i], O_CLOEXEC) < 0)
			return strake_error_errno(error, errno, "make", "pipe");
	return true;
}

static void pipes_keep_parent(Pipes *pipes)
{
	strake_fd_clear(&pipes->in[0]);
	strake_fd_clear(&pipes->out[1]);
	strake_fd_clear(&pipes->err[1]);
	strake_fd_clear(&pipes->report[1]);
	strake_fd_clear(&pipes->ready[1]);
	strake_fd_clear(&pipes->go[0]);
}

static void pipes_keep_child(Pipes *pipes)
{
	strake_fd_clear(&pipes->in[1]);
	strake_fd_clear(&pipes->out[0]);
	strake_fd_clear(&pipes->err[0]);
	strake_fd_clear(&pipes->report[0]);
	strake_fd_clear(&pipes->ready[0]);
	strake_fd_clear(&pipes->go[1]);
}

// Once the child has its user name space: maps its ids and lets it go on.
static bool map_child(const StrakeSandbox *sandbox, Pipes *pipes, pid_t child, GError **error)
{
	char byte = 0;
	ssize_t n;

	do
		n = read(pipes->ready[0], &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		return true; // it died; its report says why
	if (!strake_sandbox_map_ids(child, sandbox->needs_owners, error)) {
		g_prefix_error(error, "sandbox: map user ids: ");
		return false;
	}
	return strake_fd_write_all(pipes->go[1], &byte, 1, "sandbox", error);
}

static bool judge(
	const Job *job, int status, const GByteArray *report, const GByteArray *err, GError **error)
{
	int code = exit_code_of(status);
	uint8_t reported;
	g_autofree char *text = NULL;

	if (report->len > 1) {
		reported = report->data[0];
		text = g_strndup((const char *)report->data + 1, report->len - 1);
		return strake_error_set(error,
			reported == REPORT_FOREIGN ? STRAKE_ERROR_FAILED
						   : (StrakeErrorCode)reported,
			"%s", text);
	}
	if (job->run != NULL && job->run->exit_status != NULL && code <= 128) {
		*job->run->exit_status = code;
		return true;
	}
	if (code == 0)
		return true;
	if (job->run == NULL)
		return strake_error_set(error, STRAKE_ERROR_FAILED,
			"the work in the sandbox ended with status %d", code);
	// Status 128+N of process 1 stands for signal N.
	return strake_run_status_error(
		job->run->argv[0], code > 128 ? code - 128 : code << 8, err, error);
}

static bool start(Job *job, Pipes *pipes, pid_t *out_child, GError **error)
{
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child < 0)
		return strake_error_errno(error, errno, "fork", "sandbox");
	if (child == 0) {
		pipes_keep_child(pipes);
		job->in = pipes->in[0];
		if (job->run != NULL && job->run->input_fd > 0)
			job->in = job->run->input_fd;
		job->out = pipes->out[1];
		job->err = pipes->err[1];
		job->report = pipes->report[1];
		job->ready = pipes->ready[1];
		job->go = pipes->go[0];
		make_spaces(job);
	}
	pipes_keep_parent(pipes);
	*out_child = child;
	return true;
}

struct StrakeSandboxWork {
	Job job;
	Pipes pipes;
	pid_t child; // -1: waited for
};

// Kills what is left of it.
void strake_sandbox_work_free(StrakeSandboxWork *work)
{
	if (work == NULL)
		return;
	if (work->child >= 0) {
		kill(work->child, SIGKILL);
		(void)waitpid(work->child, NULL, 0);
	}
	pipes_clear(&work->pipes);
	g_free(work);
}

static StrakeSandboxWork *start_job(const Job *job, bool input, bool output, GError **error)
{
	g_autoptr(StrakeSandboxWork) work = g_new0(StrakeSandboxWork, 1);

	memset(&work->pipes, 0xff, sizeof(work->pipes)); // all -1
	work->job = *job;
	work->child = -1;
	if (!strake_cancel_check(error) ||
		!pipes_make(&work->pipes, input, output, job->run != NULL, error) ||
		!start(&work->job, &work->pipes, &work->child, error) ||
		!map_child(job->sandbox, &work->pipes, work->child, error))
		return NULL;
	return g_steal_pointer(&work);
}

static bool finish_job(StrakeSandboxWork *work, GBytes *input, GBytes **out_bytes, GError **error)
{
	g_autoptr(GByteArray) out = g_byte_array_new();
	g_autoptr(GByteArray) err = g_byte_array_new();
	g_autoptr(GByteArray) report = g_byte_array_new();
	StrakePumpOut outs[] = {
		{.fd = work->pipes.out[0], .bytes = out},
		{.fd = work->pipes.err[0], .bytes = err, .keep = STDERR_KEEP_BYTES},
		{.fd = work->pipes.report[0], .bytes = report},
	};
	pid_t child = work->child;
	int status = 0;

	if (!strake_pump(strake_fd_steal(&work->pipes.in[1]), input, outs, G_N_ELEMENTS(outs),
		    child, error))
		return false;
	work->child = -1;
	if (!strake_wait_child(child, "sandbox", &status, error) || !strake_cancel_check(error) ||
		!judge(&work->job, status, report, err, error))
		return false;
	if (out_bytes != NULL)
		*out_bytes = g_byte_array_free_to_bytes(g_steal_pointer(&out));
	return true;
}

StrakeSandboxWork *strake_sandbox_start(
	const StrakeSandbox *sandbox, StrakeSandboxFunc func, void *data, GError **error)
{
	const Job job = {.sandbox = sandbox, .func = func, .data = data};

	return start_job(&job, false, true, error);
}

int strake_sandbox_work_fd(const StrakeSandboxWork *work)
{
	return work->pipes.out[0];
}

bool strake_sandbox_finish(StrakeSandboxWork *work, GError **error)
{
	return finish_job(work, NULL, NULL, error);
}

bool strake_sandbox_call(const StrakeSandbox *sandbox, StrakeSandboxFunc func, void *data,
	GBytes **out_bytes, GError **error)
{
	g_autoptr(StrakeSandboxWork) work = strake_sandbox_start(sandbox, func, data, error);

	return work != NULL && finish_job(work, NULL, out_bytes, error);
}

bool strake_sandbox_run(
	const StrakeSandbox *sandbox, const StrakeRun *run, GBytes **out_stdout, GError **error)
{
	const Job job = {.sandbox = sandbox, .run = run};
	g_autoptr(StrakeSandboxWork) work =
		start_job(&job, run->input != NULL, out_stdout != NULL, error);

	return work != NULL && finish_job(work, run->input, out_stdout, error);
}

static bool do_nothing(void *data, int out_fd, GError **error)
{
	(void)data;
	(void)out_fd;
	(void)error;
	return true;
}

// The kernel leaves a directory in @work that only root inside may enter.
static bool remove_work(void *data, int out_fd, GError **error)
{
	(void)out_fd;
	return strake_path_remove_tree(AT_FDCWD, data, error);
}

bool strake_sandbox_has_overlay(const char *dir)
{
	static const StrakeSandbox plain = {0};

	static const char *const names[] = {"lower", "upper", "work", "target"};
	g_autoptr(StrakeTmpdir) tmp = strake_tmpdir_new(dir, NULL);
	char *paths[4] = {NULL};
	StrakeSandboxOverlay overlay;
	StrakeSandbox sandbox = {.overlay = &overlay};
	bool ok = tmp != NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(names) && ok; i++) {
		paths[i] = g_build_filename(tmp->path, names[i], NULL);
		ok = mkdir(paths[i], 0755) == 0;
	}
	overlay = (StrakeSandboxOverlay){paths[0], paths[1], paths[2], paths[3]};
	ok = ok && strake_sandbox_call(&sandbox, do_nothing, NULL, NULL, NULL) &&
	     strake_sandbox_call(&plain, remove_work, paths[2], NULL, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		g_free(paths[i]);
	return ok;
}
