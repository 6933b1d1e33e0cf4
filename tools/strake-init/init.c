// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The first program of a Strake machine: it loads the modules of the disk, finds the root file
// system by its partition UUID, grows it to the disk's size, mounts it and hands over to the init
// in it. It does not check file systems, load the SELinux policy or read configuration: systemd
// does that from the root.
//
// Kernel command line: root=PARTUUID=... | root=PARTLABEL=... | root=/dev/NAME, rootfstype=,
// rootflags=, ro, rw (default), init=, strake.wait=SECONDS (default 60), strake.grow=0 (leave the
// partition as it is), strake.overlay=tmpfs or
// PARTUUID=... (a read-only root below a layer of changes, in memory or on an ext4 partition).
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>

#include "grow.h"
#include "modules.h"
#include "sys.h"

typedef struct {
	const char *root;
	const char *type;
	const char *flags;
	const char *init;
	const char *overlay;
	unsigned wait_s;
	bool read_only;
	bool no_grow;
} Options;

struct dirent64_raw {
	uint64_t inode;
	int64_t offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

static char command_line[8192];
void strake_init_main(long *stack) __attribute__((noreturn, used));

static void fail(const char *what, const char *object, long error) __attribute__((noreturn));
static void fail(const char *what, const char *object, long error)
{
	log_line("cannot boot: ", what, object, error);
	sys_sleep_ms(2000);
	sys_exit(1); // the kernel panics, and follows panic=
}

static unsigned to_number(const char *text, unsigned fallback)
{
	unsigned n = 0;

	if (*text == '\0')
		return fallback;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9' || n > 100000)
			return fallback;
		n = n * 10 + (unsigned)(*text - '0');
	}
	return n;
}

static void parse_option(char *word, Options *o)
{
	static const struct {
		const char *name;
		size_t offset;
	} texts[] = {
		{"root=", offsetof(Options, root)},
		{"rootfstype=", offsetof(Options, type)},
		{"rootflags=", offsetof(Options, flags)},
		{"init=", offsetof(Options, init)},
		{"strake.overlay=", offsetof(Options, overlay)},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (str_starts(word, texts[i].name))
			*(const char **)((char *)o + texts[i].offset) =
				word + str_len(texts[i].name);
	if (str_equal(word, "ro"))
		o->read_only = true;
	else if (str_equal(word, "rw"))
		o->read_only = false;
	else if (str_equal(word, "strake.grow=0"))
		o->no_grow = true;
	else if (str_starts(word, "strake.wait="))
		o->wait_s = to_number(word + str_len("strake.wait="), o->wait_s);
}

// Splits at blanks; a quoted part ("a b") keeps its blanks and loses its quotes.
static void parse_command_line(Options *o)
{
	char *p = command_line;

	while (*p != '\0') {
		char *word;
		char *out;
		bool quoted = false;
		bool last;

		while (*p == ' ' || *p == '\n')
			p++;
		word = out = p;
		for (; *p != '\0' && (quoted || (*p != ' ' && *p != '\n')); p++) {
			if (*p == '"')
				quoted = !quoted;
			else
				*out++ = *p;
		}
		last = *p == '\0';
		if (!last)
			p++;
		*out = '\0';
		if (*word != '\0')
			parse_option(word, o);
		if (last)
			break;
	}
}

static bool same_ignoring_case(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char x = a[i] >= 'A' && a[i] <= 'Z' ? (char)(a[i] | 0x20) : a[i];
		char y = b[i] >= 'A' && b[i] <= 'Z' ? (char)(b[i] | 0x20) : b[i];
		if (x != y || x == '\0')
			return false;
	}
	return true;
}

// True when the uevent text of a block device has the line KEY@value.
static bool uevent_has(const char *text, const char *key, const char *value)
{
	for (; *text != '\0';) {
		const char *end = text;

		while (*end != '\0' && *end != '\n')
			end++;
		if (str_starts(text, key)) {
			const char *have = text + str_len(key);
			size_t n = (size_t)(end - have);
			if (n == str_len(value) && same_ignoring_case(have, value, n))
				return true;
		}
		text = *end == '\n' ? end + 1 : end;
	}
	return false;
}

static bool find_partition(const char *key, const char *value, char *out, size_t size)
{
	static char entries[32 * 1024];
	StrakeErrno fd = sys_open("/sys/class/block", O_RDONLY | O_DIRECTORY, 0);
	StrakeErrno n;
	bool found = false;

	if (fd < 0)
		return false;
	while (!found && (n = sys_getdents((int)fd, entries, sizeof(entries))) > 0) {
		for (StrakeErrno at = 0; at < n && !found;) {
			const struct dirent64_raw *e = (const void *)(entries + at);
			char path[256];
			char uevent[1024];

			at += e->length;
			str_join(path, sizeof(path), "/sys/class/block/", e->name, "/uevent");
			if (e->name[0] == '.' || file_read(path, uevent, sizeof(uevent)) <= 0)
				continue;
			if (uevent_has(uevent, key, value) ||
				(str_equal(key, "PARTUUID=") &&
					partition_has_uuid(e->name, value))) {
				str_join(out, size, "/dev/", e->name, "");
				found = true;
			}
		}
	}
	sys_close((int)fd);
	return found;
}

static bool find_root(const Options *o, char *out, size_t size)
{
	StrakeErrno fd;

	if (str_starts(o->root, "PARTUUID="))
		return find_partition("PARTUUID=", o->root + 9, out, size);
	if (str_starts(o->root, "PARTLABEL="))
		return find_partition("PARTNAME=", o->root + 10, out, size);
	str_join(out, size, o->root, "", "");
	fd = sys_open(out, O_RDONLY, 0);
	if (fd >= 0)
		sys_close((int)fd);
	return fd >= 0;
}

// Formats: ext4 superblock s_magic at 1024 + 56; erofs magic at 1024; squashfs "hsqs" at 0;
// xfs "XFSB" at 0.
static const char *detect_type(const char *device)
{
	static unsigned char block[2048];
	StrakeErrno fd = sys_open(device, O_RDONLY, 0);
	StrakeErrno n;

	if (fd < 0)
		return "ext4";
	n = sys_pread((int)fd, block, sizeof(block), 0);
	sys_close((int)fd);
	if (n < (StrakeErrno)sizeof(block))
		return "ext4";
	if (block[1024] == 0xe2 && block[1025] == 0xe1 && block[1026] == 0xf5 &&
		block[1027] == 0xe0)
		return "erofs";
	if (block[0] == 'h' && block[1] == 's' && block[2] == 'q' && block[3] == 's')
		return "squashfs";
	if (block[0] == 'X' && block[1] == 'F' && block[2] == 'S' && block[3] == 'B')
		return "xfs";
	return "ext4";
}

// What changes over a read-only root: in memory, or on a partition that grows with the disk.
static void mount_changes(const Options *o)
{
	char device[256];
	StrakeErrno r;

	if (str_equal(o->overlay, "tmpfs")) {
		r = sys_mount("tmpfs", "/upper", "tmpfs", 0, "mode=0755");
	} else {
		if (!str_starts(o->overlay, "PARTUUID=") ||
			!find_partition("PARTUUID=", o->overlay + 9, device, sizeof(device)))
			fail("no disk has the partition for changes, ", o->overlay, 0);
		modules_load_filesystem("ext4");
		r = o->no_grow ? 0 : grow_partition(device + 5);
		if (r < 0)
			log_line("grow the partition ", device, "", r);
		r = sys_mount(device, "/upper", "ext4", 0, NULL);
		if (r >= 0 && !o->no_grow) {
			StrakeErrno grown = grow_filesystem("/upper", device + 5);

			if (grown < 0)
				log_line("grow the file system of ", device, "", grown);
		}
	}
	if (r < 0)
		fail("mount the changes over the root, ", o->overlay, r);
	sys_mkdir("/upper/data", 0755);
	sys_mkdir("/upper/work", 0755);
}

static void mount_root(const Options *o, const char *device)
{
	const char *type = o->type != NULL ? o->type : detect_type(device);
	bool overlay = o->overlay != NULL;
	bool read_only =
		o->read_only || overlay || str_equal(type, "erofs") || str_equal(type, "squashfs");
	const char *target = overlay ? "/lower" : "/sysroot";
	StrakeErrno r;
	bool grown;

	modules_load_filesystem(type);
	r = str_starts(device, "/dev/") && !o->no_grow ? grow_partition(device + 5) : 0;
	grown = r > 0;
	if (r < 0)
		log_line("grow the partition ", device, "", r);
	r = sys_mount(device, target, type, read_only ? MS_RDONLY : 0, o->flags);
	if (r < 0)
		fail("mount ", device, r);
	// A partition that an interrupted boot has grown still has the smaller file system in it;
	// growing to the same size is free, so writable ext4 roots are always asked.
	if (!read_only && !o->no_grow && str_equal(type, "ext4")) {
		r = grow_filesystem(target, device + 5);
		if (r < 0 && grown)
			log_line("grow the file system of ", device, "", r);
	}
	if (!overlay)
		return;
	mount_changes(o);
	modules_load_filesystem("overlay");
	r = sys_mount("overlay", "/sysroot", "overlay", 0,
		"lowerdir=/lower,upperdir=/upper/data,workdir=/upper/work");
	if (r < 0)
		fail("mount the writable layer over ", device, r);
}

// Gives back the memory of the RAM disk. Stays on its file system, so never enters a mount.
static void remove_tree(int dir_fd, uint64_t device, unsigned depth)
{
	char entries[2048];
	StrakeErrno n;

	while (depth < 8 && (n = sys_getdents(dir_fd, entries, sizeof(entries))) > 0) {
		for (StrakeErrno at = 0; at < n;) {
			const struct dirent64_raw *e = (const void *)(entries + at);
			StrakeErrno fd;
			uint64_t here = 0;
			bool is_dir = false;

			at += e->length;
			if (str_equal(e->name, ".") || str_equal(e->name, ".."))
				continue;
			if (e->type != 4 /* DT_DIR */) {
				sys_unlinkat(dir_fd, e->name, 0);
				continue;
			}
			fd = sys_openat(dir_fd, e->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
			if (fd < 0)
				continue;
			if (sys_device_of((int)fd, &here, &is_dir) == 0 && here == device) {
				remove_tree((int)fd, device, depth + 1);
				sys_unlinkat(dir_fd, e->name, 0x200 /* AT_REMOVEDIR */);
			}
			sys_close((int)fd);
		}
	}
}

static void switch_root(void)
{
	static const char *const moved[] = {"/dev", "/proc", "/sys"};
	StrakeErrno old = sys_open("/", O_RDONLY | O_DIRECTORY, 0);
	uint64_t device = 0;
	bool is_dir;
	StrakeErrno r;

	for (size_t i = 0; i < sizeof(moved) / sizeof(moved[0]); i++) {
		char target[64];

		str_join(target, sizeof(target), "/sysroot", moved[i], "");
		r = sys_mount(moved[i], target, NULL, MS_MOVE, NULL);
		if (r < 0)
			fail("move mount to ", target, r);
	}
	sys_chdir("/sysroot");
	if (old >= 0 && sys_device_of((int)old, &device, &is_dir) == 0)
		remove_tree((int)old, device, 0);
	r = sys_mount(".", "/", NULL, MS_MOVE, NULL);
	if (r < 0)
		fail("move the root file system to ", "/", r);
	sys_chroot(".");
	sys_chdir("/");
	if (old >= 0)
		sys_close((int)old);
}

static void mount_kernel_file_systems(void)
{
	StrakeErrno fd;

	sys_mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=0755");
	sys_mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	sys_mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	fd = sys_open("/dev/console", O_RDWR, 0);
	for (int i = 0; fd >= 0 && i < 3; i++)
		if (fd != i)
			sys_dup2((int)fd, i);
}

void strake_init_main(long *stack)
{
	Options o = {.wait_s = 60};
	char **argv = (char **)(stack + 1);
	char **envp = argv + *stack + 1;
	char device[256];
	uint64_t begin = sys_uptime_ms();
	StrakeErrno r;

	mount_kernel_file_systems();
	r = file_read("/proc/cmdline", command_line, sizeof(command_line));
	if (r < 0)
		fail("read ", "/proc/cmdline", r);
	parse_command_line(&o);
	if (o.root == NULL)
		fail("the kernel command line has no root=", "", 0);
	r = modules_load_table();
	if (r < 0 && r != -ENOENT)
		log_line("read ", "/modules", "", r);
	for (;;) {
		unsigned loaded = modules_probe();

		if (find_root(&o, device, sizeof(device)))
			break;
		if (sys_uptime_ms() - begin > (uint64_t)o.wait_s * 1000)
			fail("no disk has the root partition ", o.root, 0);
		if (loaded == 0)
			sys_sleep_ms(20);
	}
	mount_root(&o, device);
	switch_root();
	argv[0] = (char *)(o.init != NULL ? o.init : "/sbin/init");
	r = sys_execve(argv[0], argv, envp);
	fail("execute ", argv[0], r);
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n"
	"\tcall strake_init_main\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n\tmov x29, #0\n\tmov x0, sp\n\tbl strake_init_main\n");
#endif
