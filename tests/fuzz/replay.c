// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Runs a fuzz target over files and folders given as arguments, so that every corpus is a test.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>

#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = strake_file_read_at(AT_FDCWD, path, 1 << 28, &error);

	if (bytes == NULL) {
		fprintf(stderr, "%s\n", error->message);
		return 1;
	}
	LLVMFuzzerTestOneInput(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	return 0;
}

static int replay_path(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;
	int failed = 0;

	if (dir == NULL)
		return replay_file(path);
	while ((name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *below = g_build_filename(path, name, NULL);
		failed |= replay_path(below);
	}
	return failed;
}

int main(int argc, char **argv)
{
	int failed = argc < 2;

	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
	for (int i = 1; i < argc; i++)
		failed |= replay_path(argv[i]);
	return failed;
}
