// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The few system calls and string helpers that the early-boot program needs. No libc: the program
// is the only thing in the initial RAM disk, so it is one small static file without a loader.
// Fallible functions return 0 or a count, or -errno (StrakeErrno).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef long StrakeErrno; // 0 or positive: done; negative: -errno

long strake_syscall(long number, long a, long b, long c, long d, long e, long f);

StrakeErrno sys_open(const char *path, int flags, int mode);
StrakeErrno sys_openat(int dir_fd, const char *path, int flags, int mode);
StrakeErrno sys_close(int fd);
StrakeErrno sys_read(int fd, void *data, size_t size);
StrakeErrno sys_write(int fd, const void *data, size_t size);
StrakeErrno sys_pread(int fd, void *data, size_t size, uint64_t offset);
StrakeErrno sys_pwrite(int fd, const void *data, size_t size, uint64_t offset);
StrakeErrno sys_fsync(int fd);
StrakeErrno sys_ioctl(int fd, unsigned long request, void *argument);
StrakeErrno sys_readlink(const char *path, char *out, size_t size);
StrakeErrno sys_getdents(int fd, void *data, size_t size);
StrakeErrno sys_mkdir(const char *path, int mode);
StrakeErrno sys_mount(const char *source, const char *target, const char *type, unsigned long flags,
	const char *data);
StrakeErrno sys_chdir(const char *path);
StrakeErrno sys_chroot(const char *path);
StrakeErrno sys_unlinkat(int dir_fd, const char *path, int flags);
StrakeErrno sys_dup2(int from, int to);
StrakeErrno sys_execve(const char *path, char *const argv[], char *const envp[]);
StrakeErrno sys_finit_module(int fd, const char *params, int flags);
StrakeErrno sys_sleep_ms(unsigned ms);
uint64_t sys_uptime_ms(void);
void sys_sync(void);
StrakeErrno sys_reboot(unsigned command);
void sys_exit(int status) __attribute__((noreturn));
/** sys_device_of: the device number of @fd's file system, for staying on one file system. */
StrakeErrno sys_device_of(int fd, uint64_t *out_device, bool *out_is_dir);

size_t str_len(const char *text);
bool str_equal(const char *a, const char *b);
bool str_starts(const char *text, const char *prefix);
/** str_glob: shell pattern with '*', '?' and '[...]' over the whole of @text. */
bool str_glob(const char *pattern, const char *text);
/** str_join: writes a, b and c one after the other into @out; cuts at @size. */
void str_join(char *out, size_t size, const char *a, const char *b, const char *c);
/** file_read: the whole of a small file, NUL-terminated; returns its length or -errno. */
StrakeErrno file_read(const char *path, char *out, size_t size);
/** log_line: one line on the kernel log, as an error, so that it appears on every console, with
 * "quiet" too. */
void log_line(const char *a, const char *b, const char *c, long number);
