// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The EFI partition is freshly made, so its one large file lies in one piece: programs are found
// by their headers at sector starts, without reading the FAT.
#include "image/tamper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "format/gpt.h"
#include "format/pe.h"

static bool find_esp(
	const uint8_t *disk, size_t size, uint64_t *out_begin, uint64_t *out_end, GError **error)
{
	g_autoptr(GBytes) head = g_bytes_new_static(disk, MIN(size, STRAKE_GPT_HEAD_BYTES));
	g_autoptr(GArray) partitions = strake_gpt_parse(head, error);

	if (partitions == NULL)
		return false;
	for (guint i = 0; i < partitions->len; i++) {
		const StrakeGptPartition *p = &g_array_index(partitions, StrakeGptPartition, i);
		if (strcmp(p->type, STRAKE_GPT_TYPE_ESP) != 0 ||
			p->last_sector >= size / STRAKE_GPT_SECTOR)
			continue;
		*out_begin = p->first_sector * STRAKE_GPT_SECTOR;
		*out_end = (p->last_sector + 1) * STRAKE_GPT_SECTOR;
		return true;
	}
	return strake_error_set(
		error, STRAKE_ERROR_NOT_FOUND, "the disk has no EFI system partition");
}

static unsigned unsign_programs(uint8_t *disk, uint64_t begin, uint64_t end)
{
	unsigned found = 0;

	for (uint64_t at = begin; at + 4096 < end; at += STRAKE_GPT_SECTOR) {
		g_autoptr(GBytes) rest = NULL;
		StrakePe pe;

		if (disk[at] != 'M' || disk[at + 1] != 'Z')
			continue;
		rest = g_bytes_new_static(disk + at, end - at);
		// The kernel inside the program has headers too, but no signature of ours.
		if (!strake_pe_parse(rest, "program", &pe, NULL) || pe.certificates_size == 0)
			continue;
		memset(disk + at + pe.certificates_entry_offset, 0, 8);
		found++;
	}
	return found;
}

bool strake_tamper_unsign(const char *from, const char *to, GError **error)
{
	g_auto(strake_fd) in = open(from, O_RDONLY | O_CLOEXEC);
	g_auto(strake_fd) out = -1;
	uint64_t begin = 0;
	uint64_t end = 0;
	unsigned found = 0;
	struct stat st;
	uint8_t *disk;
	bool ok;

	if (in < 0 || fstat(in, &st) < 0)
		return strake_error_errno(error, errno, "open", from);
	out = open(to, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (out < 0)
		return strake_error_errno(error, errno, "create", to);
	if (!strake_fd_copy(in, out, from, error))
		return false;
	disk = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, out, 0);
	if (disk == MAP_FAILED)
		return strake_error_errno(error, errno, "map", to);
	ok = find_esp(disk, (size_t)st.st_size, &begin, &end, error);
	if (ok)
		found = unsign_programs(disk, begin, end);
	munmap(disk, (size_t)st.st_size);
	if (ok && found == 0)
		return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"'%s': no signed program in the EFI partition", from);
	return ok;
}
