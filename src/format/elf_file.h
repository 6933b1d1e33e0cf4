// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// ELF files, as far as dependencies go: what a program or library needs and offers. Every offset
// is checked; a file that is damaged gives what could be read of it or an error, never a crash.
// Format: System V ABI (gABI) chapters 4 and 5; symbol versions: LSB core, chapter 10.7.
// Strings are those of rpm's elfdeps: "libc.so.6(GLIBC_2.34)(64bit)", "rtld(GNU_HASH)".
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
	bool is_64;
	bool is_big_endian;
	uint16_t type;    // 2: executable, 3: shared object
	uint16_t machine; // 62: x86-64, 183: aarch64
	char *soname;     // NULL: none
	char *interpreter;
	GPtrArray *needed;   // of char *: DT_NEEDED
	GPtrArray *provides; // of char *: as elfdeps --provides writes them
	GPtrArray *requires; // of char *: as elfdeps --requires writes them
	GPtrArray *dlopen;   // of char *: JSON of .note.dlopen, as it stands
	bool has_dynamic;
	const char *class_text; // static, for RPM's FILECLASS
} StrakeElf;

/** strake_elf_is: whether @data starts like an ELF file. */
bool strake_elf_is(const void *data, size_t size);

/**
 * strake_elf_parse:
 * @data: the whole file; only headers and dynamic sections are touched, so a mapping serves
 * @base_name: the file's name without directories: a library without a soname is known by it
 * @executable: whether a mode bit lets anyone execute it: programs without it need nothing
 * Errors: INVALID, TRUNCATED.
 */
StrakeElf *strake_elf_parse(const uint8_t *data, size_t size, const char *base_name,
	bool executable, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_elf_free(StrakeElf *elf);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeElf, strake_elf_free)
