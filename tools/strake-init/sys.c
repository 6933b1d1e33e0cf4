// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// System calls by number (x86-64 and aarch64) and the string helpers of sys.h.
#include "sys.h"

#include <fcntl.h>
#include <linux/stat.h>
#include <linux/time_types.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
long strake_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}
#elif defined(__aarch64__)
long strake_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}
#else
#error "strake-init knows the system call instruction of x86-64 and aarch64 only"
#endif

#define CALL(number, ...) CALL_(number, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define CALL_(number, a, b, c, d, e, f, ...)                                                       \
	strake_syscall(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

StrakeErrno sys_openat(int dir_fd, const char *path, int flags, int mode)
{
	return CALL(SYS_openat, dir_fd, path, flags | O_CLOEXEC, mode);
}

StrakeErrno sys_open(const char *path, int flags, int mode)
{
	return sys_openat(AT_FDCWD, path, flags, mode);
}

StrakeErrno sys_close(int fd)
{
	return CALL(SYS_close, fd);
}

StrakeErrno sys_read(int fd, void *data, size_t size)
{
	return CALL(SYS_read, fd, data, size);
}

StrakeErrno sys_write(int fd, const void *data, size_t size)
{
	return CALL(SYS_write, fd, data, size);
}

StrakeErrno sys_pread(int fd, void *data, size_t size, uint64_t offset)
{
	return CALL(SYS_pread64, fd, data, size, offset);
}

StrakeErrno sys_pwrite(int fd, const void *data, size_t size, uint64_t offset)
{
	return CALL(SYS_pwrite64, fd, data, size, offset);
}

StrakeErrno sys_fsync(int fd)
{
	return CALL(SYS_fsync, fd);
}

StrakeErrno sys_ioctl(int fd, unsigned long request, void *argument)
{
	return CALL(SYS_ioctl, fd, request, argument);
}

StrakeErrno sys_readlink(const char *path, char *out, size_t size)
{
	return CALL(SYS_readlinkat, AT_FDCWD, path, out, size);
}

StrakeErrno sys_getdents(int fd, void *data, size_t size)
{
	return CALL(SYS_getdents64, fd, data, size);
}

StrakeErrno sys_mkdir(const char *path, int mode)
{
	return CALL(SYS_mkdirat, AT_FDCWD, path, mode);
}

StrakeErrno sys_mount(const char *source, const char *target, const char *type, unsigned long flags,
	const char *data)
{
	return CALL(SYS_mount, source, target, type, flags, data);
}

StrakeErrno sys_chdir(const char *path)
{
	return CALL(SYS_chdir, path);
}

StrakeErrno sys_chroot(const char *path)
{
	return CALL(SYS_chroot, path);
}

StrakeErrno sys_unlinkat(int dir_fd, const char *path, int flags)
{
	return CALL(SYS_unlinkat, dir_fd, path, flags);
}

StrakeErrno sys_dup2(int from, int to)
{
	return CALL(SYS_dup3, from, to, 0);
}

StrakeErrno sys_execve(const char *path, char *const argv[], char *const envp[])
{
	return CALL(SYS_execve, path, argv, envp);
}

StrakeErrno sys_finit_module(int fd, const char *params, int flags)
{
	return CALL(SYS_finit_module, fd, params, flags);
}

StrakeErrno sys_sleep_ms(unsigned ms)
{
	struct __kernel_timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	return CALL(SYS_nanosleep, &t, 0);
}

uint64_t sys_uptime_ms(void)
{
	struct __kernel_timespec t = {0};

	CALL(SYS_clock_gettime, 1 /* CLOCK_MONOTONIC */, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void sys_sync(void)
{
	CALL(SYS_sync, 0);
}

StrakeErrno sys_reboot(unsigned command)
{
	return CALL(SYS_reboot, 0xfee1dead, 0x28121969, command, 0);
}

void sys_exit(int status)
{
	for (;;)
		CALL(SYS_exit_group, status);
}

StrakeErrno sys_device_of(int fd, uint64_t *out_device, bool *out_is_dir)
{
	struct statx st = {0};
	StrakeErrno r = CALL(SYS_statx, fd, "", 0x1000 /* AT_EMPTY_PATH */, STATX_TYPE, &st);

	if (r < 0)
		return r;
	*out_device = (uint64_t)st.stx_dev_major << 32 | st.stx_dev_minor;
	*out_is_dir = (st.stx_mode & 0170000) == 0040000;
	return 0;
}

// The compiler may call these by name.
void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);

void *memcpy(void *to, const void *from, size_t size)
{
	char *t = to;
	const char *f = from;

	while (size-- > 0)
		*t++ = *f++;
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	char *t = to;

	while (size-- > 0)
		*t++ = (char)byte;
	return to;
}

size_t str_len(const char *text)
{
	size_t n = 0;

	while (text[n] != '\0')
		n++;
	return n;
}

bool str_equal(const char *a, const char *b)
{
	for (; *a == *b; a++, b++)
		if (*a == '\0')
			return true;
	return false;
}

bool str_starts(const char *text, const char *prefix)
{
	for (; *prefix != '\0'; text++, prefix++)
		if (*text != *prefix)
			return false;
	return true;
}

// One "[a-c0]" class at *@pattern against @c; moves *@pattern behind the class.
static bool match_class(const char **pattern, char c)
{
	const char *p = *pattern + 1;
	bool hit = false;

	for (; *p != '\0' && *p != ']'; p++) {
		if (p[1] == '-' && p[2] != '\0' && p[2] != ']') {
			hit |= *p <= c && c <= p[2];
			p += 2;
		} else {
			hit |= *p == c;
		}
	}
	*pattern = *p == ']' ? p + 1 : p;
	return hit;
}

bool str_glob(const char *pattern, const char *text)
{
	const char *star = NULL; // pattern behind the last '*', and the text it was tried at
	const char *mark = NULL;

	for (;;) {
		bool ok;
		const char *next = pattern;

		if (*pattern == '*') {
			star = ++pattern;
			mark = text;
			continue;
		}
		if (*text == '\0')
			return *pattern == '\0';
		if (*pattern == '[') {
			ok = match_class(&next, *text);
		} else {
			ok = *pattern != '\0' && (*pattern == '?' || *pattern == *text);
			next = pattern + 1;
		}
		if (ok) {
			pattern = next;
			text++;
		} else if (star != NULL) {
			pattern = star;
			text = ++mark;
		} else {
			return false;
		}
	}
}

void str_join(char *out, size_t size, const char *a, const char *b, const char *c)
{
	const char *parts[] = {a, b, c};
	size_t n = 0;

	for (size_t i = 0; i < 3; i++)
		for (const char *p = parts[i]; *p != '\0' && n + 1 < size; p++)
			out[n++] = *p;
	out[n] = '\0';
}

StrakeErrno file_read(const char *path, char *out, size_t size)
{
	StrakeErrno fd = sys_open(path, O_RDONLY, 0);
	size_t n = 0;
	StrakeErrno r = 0;

	if (fd < 0)
		return fd;
	while (n + 1 < size && (r = sys_read((int)fd, out + n, size - 1 - n)) > 0)
		n += (size_t)r;
	sys_close((int)fd);
	out[n] = '\0';
	return r < 0 ? r : (StrakeErrno)n;
}

void log_line(const char *a, const char *b, const char *c, long number)
{
	char line[512] = "";
	char digits[24];
	char *d = digits + sizeof(digits) - 1;
	unsigned long n = number < 0 ? (unsigned long)-number : (unsigned long)number;
	StrakeErrno fd;

	*d = '\0';
	do
		*--d = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	str_join(line, sizeof(line), "<3>strake-init: ", a, b);
	str_join(line + str_len(line), sizeof(line) - str_len(line), c,
		number != 0 ? " (error " : "\n", number != 0 ? d : "");
	if (number != 0)
		str_join(line + str_len(line), sizeof(line) - str_len(line), ")\n", "", "");
	fd = sys_open("/dev/kmsg", O_WRONLY, 0);
	if (fd >= 0) {
		sys_write((int)fd, line, str_len(line));
		sys_close((int)fd);
	} else {
		sys_write(2, line + 3, str_len(line) - 3);
	}
}
