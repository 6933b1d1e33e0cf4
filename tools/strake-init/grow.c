// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// GPT read and edited in place, then two kernel calls: resize the partition, resize the file
// system.
#include "grow.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/blkpg.h>
#include <sys/ioctl.h>

enum {
	SECTOR = 512,
	ENTRY_BYTES = 128,
	ENTRIES = 128,
	ENTRIES_BYTES = ENTRY_BYTES * ENTRIES,
	ALIGN_SECTORS = 2048,
	EXT4_BLOCK = 4096,
};

#define FLAG_GROW (1ull << 59)
#define EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t)

static unsigned char header[SECTOR];
static unsigned char entries[ENTRIES_BYTES];

static uint64_t get(const unsigned char *at, unsigned bytes)
{
	uint64_t v = 0;

	while (bytes-- > 0)
		v = v << 8 | at[bytes];
	return v;
}

static void put(unsigned char *at, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (unsigned char)(v >> (8 * i));
}

static uint32_t crc32(const unsigned char *data, size_t size)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < size; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static uint64_t read_number(const char *dir, const char *name, const char *file)
{
	char path[256];
	char text[32];
	uint64_t n = 0;

	str_join(path, sizeof(path), dir, name, file);
	if (file_read(path, text, sizeof(text)) <= 0)
		return 0;
	for (const char *p = text; *p >= '0' && *p <= '9'; p++)
		n = n * 10 + (uint64_t)(*p - '0');
	return n;
}

// "/sys/class/block/vda2" links to ".../block/vda/vda2": the folder above names the disk.
static StrakeErrno find_disk(const char *partition, char *out, size_t size)
{
	char path[256];
	char target[512];
	StrakeErrno n;
	char *end;
	char *begin;

	str_join(path, sizeof(path), "/sys/class/block/", partition, "");
	n = sys_readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return n;
	target[n] = '\0';
	for (end = target + n; end > target && *end != '/'; end--)
		;
	*end = '\0';
	for (begin = end; begin > target && *begin != '/'; begin--)
		;
	str_join(out, size, *begin == '/' ? begin + 1 : begin, "", "");
	return 0;
}

static StrakeErrno read_table(int fd)
{
	uint32_t crc;

	if (sys_pread(fd, header, SECTOR, SECTOR) != SECTOR ||
		sys_pread(fd, entries, ENTRIES_BYTES, 2 * SECTOR) != ENTRIES_BYTES)
		return -EIO;
	crc = (uint32_t)get(header + 16, 4);
	put(header + 16, 0, 4);
	if (get(header, 8) != 0x5452415020494645 /* "EFI PART" */ || get(header + 12, 4) != 92 ||
		get(header + 72, 8) != 2 || get(header + 80, 4) != ENTRIES ||
		get(header + 84, 4) != ENTRY_BYTES || crc32(header, 92) != crc ||
		crc32(entries, ENTRIES_BYTES) != get(header + 88, 4))
		return -EINVAL;
	return 0;
}

static StrakeErrno write_copy(int fd, uint64_t own, uint64_t other, uint64_t entries_at)
{
	put(header + 24, own, 8);
	put(header + 32, other, 8);
	put(header + 72, entries_at, 8);
	put(header + 88, crc32(entries, ENTRIES_BYTES), 4);
	put(header + 16, 0, 4);
	put(header + 16, crc32(header, 92), 4);
	if (sys_pwrite(fd, entries, ENTRIES_BYTES, entries_at * SECTOR) != ENTRIES_BYTES ||
		sys_pwrite(fd, header, SECTOR, own * SECTOR) != SECTOR)
		return -EIO;
	return sys_fsync(fd);
}

static bool is_last(uint64_t number, uint64_t first)
{
	for (unsigned i = 0; i < ENTRIES; i++)
		if (i + 1 != number && get(entries + i * ENTRY_BYTES, 8) != 0 &&
			get(entries + i * ENTRY_BYTES + 32, 8) > first)
			return false;
	return true;
}

static StrakeErrno grow_on(int fd, uint64_t number, uint64_t disk_sectors)
{
	unsigned char *entry = entries + (number - 1) * ENTRY_BYTES;
	uint64_t first;
	uint64_t last;
	struct blkpg_partition resize = {0};
	struct blkpg_ioctl_arg argument = {
		.op = BLKPG_RESIZE_PARTITION, .datalen = sizeof(resize), .data = &resize};
	StrakeErrno r = read_table(fd);

	if (r < 0)
		return r;
	first = get(entry + 32, 8);
	last = (disk_sectors - 33) / ALIGN_SECTORS * ALIGN_SECTORS - 1;
	if ((get(entry + 48, 8) & FLAG_GROW) == 0 || !is_last(number, first) ||
		last < get(entry + 40, 8) + ALIGN_SECTORS)
		return 0;
	put(entry + 40, last, 8);
	put(header + 48, disk_sectors - 34, 8);
	r = write_copy(fd, disk_sectors - 1, 1, disk_sectors - 33);
	if (r >= 0)
		r = write_copy(fd, 1, disk_sectors - 1, 2);
	if (r < 0)
		return r;
	resize.start = (long long)(first * SECTOR);
	resize.length = (long long)((last - first + 1) * SECTOR);
	resize.pno = (int)number;
	r = sys_ioctl(fd, BLKPG, &argument);
	return r < 0 ? r : 1;
}

StrakeErrno grow_partition(const char *name)
{
	uint64_t number = read_number("/sys/class/block/", name, "/partition");
	char disk[128];
	char device[160];
	uint64_t sectors;
	StrakeErrno r;
	StrakeErrno fd;

	if (number == 0 || number > ENTRIES)
		return 0;
	r = find_disk(name, disk, sizeof(disk));
	if (r < 0)
		return r;
	sectors = read_number("/sys/class/block/", disk, "/size");
	if (sectors < (uint64_t)ALIGN_SECTORS * 4 ||
		read_number("/sys/class/block/", disk, "/queue/logical_block_size") != SECTOR)
		return 0;
	str_join(device, sizeof(device), "/dev/", disk, "");
	fd = sys_open(device, O_RDWR, 0);
	if (fd < 0)
		return fd;
	r = grow_on((int)fd, number, sectors);
	sys_close((int)fd);
	return r;
}

// The first three fields of a GUID are little-endian in the table, and its text is not.
static bool same_uuid(const unsigned char *raw, const char *text)
{
	static const unsigned char order[16] = {
		3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	static const char digits[] = "0123456789abcdef";

	for (unsigned i = 0; i < 16; i++) {
		unsigned char byte = raw[order[i]];

		if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
			return false;
		if ((*text | 0x20) != (digits[byte >> 4] | 0x20))
			return false;
		text++;
		if ((*text | 0x20) != (digits[byte & 15] | 0x20))
			return false;
		text++;
	}
	return *text == '\0';
}

bool partition_has_uuid(const char *name, const char *uuid)
{
	uint64_t number = read_number("/sys/class/block/", name, "/partition");
	char disk[128];
	char device[160];
	StrakeErrno fd;
	bool same;

	if (number == 0 || number > ENTRIES || find_disk(name, disk, sizeof(disk)) < 0)
		return false;
	str_join(device, sizeof(device), "/dev/", disk, "");
	fd = sys_open(device, O_RDONLY, 0);
	if (fd < 0)
		return false;
	same = read_table((int)fd) == 0 &&
	       same_uuid(entries + (number - 1) * ENTRY_BYTES + 16, uuid);
	sys_close((int)fd);
	return same;
}

StrakeErrno grow_filesystem(const char *path, const char *name)
{
	uint64_t blocks = read_number("/sys/class/block/", name, "/size") * SECTOR / EXT4_BLOCK;
	StrakeErrno fd = sys_open(path, O_RDONLY | O_DIRECTORY, 0);
	StrakeErrno r;

	if (fd < 0)
		return fd;
	r = sys_ioctl((int)fd, EXT4_IOC_RESIZE_FS, &blocks);
	sys_close((int)fd);
	return r;
}
