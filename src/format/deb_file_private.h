// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What deb_file.c and deb_data.c share.
#pragma once

#include "format/deb_file.h"
#include "format/deb_tar.h"

struct StrakeDebFile {
	char *name;
	GBytes *bytes; // the whole package
	char *package;
	char *version;
	char *architecture;
	GBytes *control_bytes;
	StrakeDebControl *reader;       // over control_bytes, keeps the stanza
	const StrakeDebStanza *control; // in reader
	GHashTable *members;            // char * -> GBytes *
	char **member_names;
	const uint8_t *data; // data.tar, in bytes
	size_t data_size;
	const char *data_member; // "data.tar.xz", static
	const char *data_compression;
};
