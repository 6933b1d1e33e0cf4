// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// GUID partition tables: bytes from a list of partitions, and the list from bytes. No disk is
// opened here; sectors are 512 bytes.
//
// Format: UEFI specification 2.10, chapter 5.
//     disk := protective-MBR(1) header(1) entries(32) ... entries(32) header(1)
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	STRAKE_GPT_SECTOR = 512,
	STRAKE_GPT_MAX_PARTITIONS = 128,
	STRAKE_GPT_HEAD_BYTES = 34 * 512, // protective MBR, header and entries
	STRAKE_GPT_TAIL_BYTES = 33 * 512, // entries and header at the end
};

#define STRAKE_GPT_TYPE_ESP "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
#define STRAKE_GPT_TYPE_LINUX "0fc63daf-8483-4772-8e79-3d69d8477de4"
#define STRAKE_GPT_TYPE_ROOT_X86_64 "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"
#define STRAKE_GPT_TYPE_ROOT_ARM64 "b921b045-1df0-41c3-af44-4c6f280d3fae"

enum { STRAKE_GPT_FLAG_GROW = 59 }; // bit: systemd may grow the file system in it

typedef struct {
	char type[37]; // GUIDs as text, lower case
	char uuid[37];
	char name[37];         // ASCII label, at most 36 characters
	uint64_t first_sector; // both inclusive
	uint64_t last_sector;
	uint64_t flags;
} StrakeGptPartition;

/**
 * strake_gpt_format: the table's two copies.
 * @disk_sectors: size of the whole disk; partitions must lie in 34 ... disk_sectors - 34, be in
 *   rising order and not overlap
 * @out_head: STRAKE_GPT_HEAD_BYTES for the start, @out_tail: STRAKE_GPT_TAIL_BYTES for the end
 * Errors: INVALID naming the partition.
 */
bool strake_gpt_format(const char *disk_uuid, uint64_t disk_sectors,
	const StrakeGptPartition *partitions, size_t n_partitions, GBytes **out_head,
	GBytes **out_tail, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_gpt_parse: the partitions in use, from the first 34 sectors or more of a disk.
 * Returns a GArray of StrakeGptPartition; NULL with TRUNCATED, INVALID or INTEGRITY.
 */
GArray *strake_gpt_parse(GBytes *head, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_gpt_uuid_from_digest: a version 8 UUID made of the first half of a SHA-256 in hex. */
void strake_gpt_uuid_from_digest(const char *sha256, char out[37]);
