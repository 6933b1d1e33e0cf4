// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// User and group id maps: identity for root, subordinate ranges or a single id for others.
#include "base/sandbox_map_private.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/run.h"
#include "base/sandbox.h"

enum { MAP_MAX_BYTES = 64 * 1024, SUBID_MAX_BYTES = 1024 * 1024, RANGE_MIN = 1000 };

StrakeIdRange strake_sandbox_find_range(const char *text, const char *user, uint32_t id)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autofree char *id_text = g_strdup_printf("%u", id);

	for (char **line = lines; *line != NULL; line++) {
		g_auto(GStrv) parts = g_strsplit(*line, ":", -1);
		guint64 start = 0;
		guint64 count = 0;

		if (g_strv_length(parts) != 3 || ((user == NULL || strcmp(parts[0], user) != 0) &&
							 strcmp(parts[0], id_text) != 0))
			continue;
		if (g_ascii_string_to_unsigned(parts[1], 10, 1, UINT32_MAX - 1, &start, NULL) &&
			g_ascii_string_to_unsigned(
				g_strchomp(parts[2]), 10, RANGE_MIN, UINT32_MAX, &count, NULL) &&
			start + count <= UINT32_MAX)
			return (StrakeIdRange){(uint32_t)start, (uint32_t)count};
	}
	return (StrakeIdRange){0};
}

static StrakeIdRange own_range(const char *file)
{
	g_autoptr(GBytes) bytes = strake_file_read_at(AT_FDCWD, file, SUBID_MAX_BYTES, NULL);
	g_autofree char *text = NULL;
	struct passwd pw;
	struct passwd *found = NULL;
	char buffer[4096];
	gsize size = 0;
	const char *data;

	if (bytes == NULL)
		return (StrakeIdRange){0};
	data = g_bytes_get_data(bytes, &size);
	text = g_strndup(data != NULL ? data : "", size);
	getpwuid_r(getuid(), &pw, buffer, sizeof(buffer), &found);
	return strake_sandbox_find_range(text, found != NULL ? pw.pw_name : NULL, getuid());
}

bool strake_sandbox_has_owners(void)
{
	g_autofree char *uidmap = NULL;
	g_autofree char *gidmap = NULL;

	if (geteuid() == 0)
		return true;
	uidmap = g_find_program_in_path("newuidmap");
	gidmap = g_find_program_in_path("newgidmap");
	return uidmap != NULL && gidmap != NULL && own_range("/etc/subuid").count > 0 &&
	       own_range("/etc/subgid").count > 0;
}

static bool write_proc(pid_t child, const char *name, const char *text, GError **error)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/%s", (int)child, name);
	g_auto(strake_fd) fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return strake_error_errno(error, errno, "open", path);
	return strake_fd_write_all(fd, text, strlen(text), path, error);
}

// Our own ids, each to itself: we may be inside a name space that does not hold all of them.
static char *identity_map(const char *own_map_path, GError **error)
{
	g_autoptr(GString) map = g_string_new(NULL);
	g_autofree char *own = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents(own_map_path, &own, NULL, error))
		return NULL;
	lines = g_strsplit(own, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		unsigned inside, outside, count;

		if (sscanf(*line, "%u %u %u", &inside, &outside, &count) == 3)
			g_string_append_printf(map, "%u %u %u\n", inside, inside, count);
	}
	return g_string_free(g_steal_pointer(&map), FALSE);
}

static bool map_as_root(pid_t child, GError **error)
{
	static const char *const names[] = {"uid_map", "gid_map"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *own = g_strdup_printf("/proc/self/%s", names[i]);
		g_autofree char *map = identity_map(own, error);

		if (map == NULL || !write_proc(child, names[i], map, error))
			return false;
	}
	return true;
}

static bool map_range(
	const char *tool, pid_t child, uint32_t self, StrakeIdRange range, GError **error)
{
	g_autofree char *pid = g_strdup_printf("%d", (int)child);
	g_autofree char *own = g_strdup_printf("%u", self);
	g_autofree char *start = g_strdup_printf("%u", range.start);
	g_autofree char *count = g_strdup_printf("%u", range.count);
	const char *argv[] = {tool, pid, "0", own, "1", "1", start, count, NULL};

	return strake_run_argv(argv, error);
}

static bool map_single(pid_t child, GError **error)
{
	g_autofree char *uid = g_strdup_printf("0 %u 1\n", geteuid());
	g_autofree char *gid = g_strdup_printf("0 %u 1\n", getegid());

	return write_proc(child, "uid_map", uid, error) &&
	       write_proc(child, "setgroups", "deny", error) &&
	       write_proc(child, "gid_map", gid, error);
}

bool strake_sandbox_map_ids(pid_t child, bool needs_owners, GError **error)
{
	if (geteuid() == 0)
		return map_as_root(child, error);
	if (strake_sandbox_has_owners())
		return map_range("newuidmap", child, geteuid(), own_range("/etc/subuid"), error) &&
		       map_range("newgidmap", child, getegid(), own_range("/etc/subgid"), error);
	if (needs_owners)
		return strake_error_set(error, STRAKE_ERROR_FAILED,
			"files of several owners are to be written, but user id %u has no range of "
			"ids for it: install the package uidmap and, as root, run 'usermod "
			"--add-subuids 100000-165535 --add-subgids 100000-165535 %s'; or run this "
			"as root",
			getuid(), g_get_user_name());
	return map_single(child, error);
}
