// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What the place of a file says about it: documentation, language, base directories.
#include <string.h>

#include "bridge/conversion.h"

// Directories of the base file system (package strake-filesystem and everyone's common ground).
// Sorted: looked up by bisection.
static const char *const base_dirs[] = {
	"/bin",
	"/boot",
	"/dev",
	"/etc",
	"/etc/default",
	"/etc/opt",
	"/etc/pki",
	"/etc/profile.d",
	"/etc/skel",
	"/home",
	"/lib",
	"/lib64",
	"/media",
	"/mnt",
	"/opt",
	"/proc",
	"/root",
	"/run",
	"/run/lock",
	"/sbin",
	"/srv",
	"/sys",
	"/tmp",
	"/usr",
	"/usr/bin",
	"/usr/games",
	"/usr/include",
	"/usr/lib",
	"/usr/lib/aarch64-linux-gnu",
	"/usr/lib/modules",
	"/usr/lib/systemd",
	"/usr/lib/systemd/system",
	"/usr/lib/systemd/user",
	"/usr/lib/sysusers.d",
	"/usr/lib/tmpfiles.d",
	"/usr/lib/x86_64-linux-gnu",
	"/usr/lib64",
	"/usr/libexec",
	"/usr/local",
	"/usr/sbin",
	"/usr/share",
	"/usr/share/dict",
	"/usr/share/doc",
	"/usr/share/info",
	"/usr/share/locale",
	"/usr/share/man",
	"/usr/share/misc",
	"/usr/src",
	"/var",
	"/var/backups",
	"/var/cache",
	"/var/lib",
	"/var/lib/misc",
	"/var/local",
	"/var/lock",
	"/var/log",
	"/var/mail",
	"/var/opt",
	"/var/run",
	"/var/spool",
	"/var/spool/mail",
	"/var/tmp",
};

static bool in_sorted(const char *const *list, size_t count, const char *text)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(text, list[middle]);

		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

bool strake_bridge_is_base_dir(const char *path)
{
	return in_sorted(base_dirs, G_N_ELEMENTS(base_dirs), path) ||
	       g_str_has_prefix(path, "/usr/share/man/") ||
	       g_str_has_prefix(path, "/usr/share/locale/") ||
	       g_str_has_prefix(path, "/usr/local/");
}

uint32_t strake_bridge_file_flags(const char *path)
{
	static const char docs[] = "/usr/share/doc/";

	// A link in the place of the folder leads to that of the package which holds the text for
	// both.
	if (g_str_has_prefix(path, docs))
		return g_str_has_suffix(path, "/copyright") ||
				       strchr(path + strlen(docs), '/') == NULL
			       ? STRAKE_RPMFILE_LICENSE
			       : STRAKE_RPMFILE_DOC;
	if (g_str_has_prefix(path, "/usr/share/man/") || g_str_has_prefix(path, "/usr/share/info/"))
		return STRAKE_RPMFILE_DOC;
	return 0;
}

char *strake_bridge_file_lang(const char *path)
{
	static const char locale[] = "/usr/share/locale/", man[] = "/usr/share/man/";
	const char *at;
	size_t size;

	if (g_str_has_prefix(path, locale))
		at = path + strlen(locale);
	else if (g_str_has_prefix(path, man) && !g_str_has_prefix(path + strlen(man), "man"))
		at = path + strlen(man);
	else
		return NULL;
	size = strcspn(at, "/_.");
	// the rule of rpm's find-lang: the language without the territory
	if (size == 0 || size > 16 || strchr(at, '/') == NULL ||
		(size == 1 && (*at == 'C' || *at == 'l')) || strncmp(at, "locale.alias", 12) == 0)
		return NULL;
	return g_strndup(at, size);
}

bool strake_bridge_is_changelog(const char *path)
{
	static const char *const names[] = {"changelog", "changelog.gz", "changelog.Debian",
		"changelog.Debian.gz", "NEWS.Debian.gz", "changelog.Debian.amd64.gz",
		"changelog.Debian.arm64.gz", "changelog.html.gz"};
	const char *base = strrchr(path, '/') + 1;

	if (!g_str_has_prefix(path, "/usr/share/doc/"))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (strcmp(base, names[i]) == 0)
			return true;
	return false;
}

bool strake_bridge_wants_content(const char *path)
{
	return (g_str_has_prefix(path, "/usr/share/doc/") &&
		       g_str_has_suffix(path, "/copyright")) ||
	       (g_str_has_prefix(path, "/usr/lib/sysusers.d/") &&
		       g_str_has_suffix(path, ".conf")) ||
	       (g_str_has_prefix(path, "/usr/") && g_str_has_suffix(path, ".pc") &&
		       strstr(path, "/pkgconfig/") != NULL);
}
