// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Any bytes through the ELF reader.
#include "format/elf_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeElf) elf = strake_elf_parse(data, size, "libx.so", size % 2 == 0, &error);

	g_assert_true((elf != NULL) == (error == NULL));
	return 0;
}
