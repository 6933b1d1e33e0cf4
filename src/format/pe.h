// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Portable Executables as UEFI loads them (PE32+): reading the headers, adding sections to a
// program such as systemd's stub, and the digest that Authenticode signs. Relocations, imports and
// resources are not looked at.
//
// Format: Microsoft "PE Format"; the digest and the signature: "Windows Authenticode Portable
// Executable Signature Format" 1.0.
//     file := DOS-header stub "PE\0\0" COFF-header optional-header section-header* pad section*
//             certificate-table?
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	STRAKE_PE_MAX_SECTIONS = 96,
	STRAKE_PE_SECTION_READ_DATA = 0x40000040, // initialised data, readable
};

typedef struct {
	char name[9];
	uint32_t virtual_size;
	uint32_t virtual_address;
	uint32_t raw_size;
	uint32_t raw_offset;
	uint32_t flags;
} StrakePeSection;

typedef struct {
	uint16_t machine; // 0x8664 x86-64, 0xaa64 arm64
	uint16_t n_sections;
	StrakePeSection sections[STRAKE_PE_MAX_SECTIONS];
	uint32_t section_alignment;
	uint32_t file_alignment;
	uint32_t image_size;   // in memory
	uint32_t headers_size; // in the file
	uint32_t certificates_offset;
	uint32_t certificates_size; // 0: not signed
	// Where things stand in the file, for writers.
	size_t coff_offset;
	size_t optional_offset;
	size_t checksum_offset;
	size_t certificates_entry_offset; // data directory 4
	size_t section_table_offset;
} StrakePe;

/** strake_pe_parse: headers of @file, all ranges checked against its size. @name: for errors.
 * Errors: TRUNCATED, INVALID (not PE32+, broken table), LIMIT (too many sections). */
bool strake_pe_parse(
	GBytes *file, const char *name, StrakePe *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_pe_find: the section called @name, or NULL. */
const StrakePeSection *strake_pe_find(const StrakePe *pe, const char *name);

typedef struct {
	const char *name; // ".linux", at most 8 bytes
	GBytes *data;     // borrowed
} StrakePeNewSection;

/**
 * strake_pe_add_sections: @file with @sections behind its own, in the order given; addresses
 * follow each other without gaps other than alignment, as boot stubs expect. The checksum is
 * set. @file must not be signed.
 * Errors: as parse; INVALID when the header has no room for the table or a name exists already.
 */
GBytes *strake_pe_add_sections(GBytes *file, const char *name, const StrakePeNewSection *sections,
	size_t n_sections, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_pe_digest: the Authenticode SHA-256 of @file: everything but the checksum, the
 * certificate directory entry and the certificate table; an unaligned end counts as padded to 8.
 */
bool strake_pe_digest(GBytes *file, const char *name, uint8_t out_sha256[32],
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_pe_attach: @file with @signature (PKCS #7 SignedData, DER) as its only certificate table
 * entry. An older table is replaced.
 */
GBytes *strake_pe_attach(GBytes *file, const char *name, GBytes *signature,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
