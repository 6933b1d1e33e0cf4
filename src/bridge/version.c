// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Maps Debian versions to RPM versions. The order of RPM versions itself is rpm's.
#include "bridge/version.h"

#include <string.h>

#include "base/error.h"
#include "format/deb_version.h"

/*
 * 1.0+x is after 1.0 and before 1.0.1 in both orders when "+" is "^". A dot before "~" or at the
 * end, as bounds have it ("<< 1.3.5."), counts in Debian's order and not in RPM's: it becomes what
 * is after every 1.3.5^x and before 1.3.5.1.
 */
static char *map_part(const char *text)
{
	g_autoptr(GString) out = g_string_new(NULL);

	for (const char *at = text; *at != '\0'; at++) {
		bool last = at[1] == '\0' || at[1] == '~';

		if (*at == '+')
			g_string_append_c(out, '^');
		else if (*at == '.' && last && at > text)
			g_string_append(out, "^zzzz");
		else
			g_string_append_c(out, *at == '-' || *at == ':' ? '.' : *at);
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}

/* A bound such as "<< 2.53.0-." or "<= 3.0-z" is above every revision that begins with a digit. */
static char *map_bound_release(const char *revision)
{
	g_autofree char *mapped = NULL;

	if (revision == NULL)
		return g_strdup("0");
	mapped = map_part(revision);
	if (strcmp(revision, ".") == 0)
		return g_strdup("99999999");
	if (*revision == '.' || *revision == '+' || g_ascii_isalpha(*revision))
		return g_strconcat("99999999", mapped, NULL);
	return g_steal_pointer(&mapped);
}

StrakeBridgeVersion *strake_bridge_version(const char *deb_version, GError **error)
{
	g_autoptr(StrakeDebVersion) parts = strake_deb_version_parse(deb_version, error);
	g_autoptr(StrakeBridgeVersion) version = NULL;
	guint64 epoch = 0;

	if (parts == NULL)
		return NULL;
	if (parts->epoch != NULL &&
		!g_ascii_string_to_unsigned(parts->epoch, 10, 1, G_MAXINT32, &epoch, NULL)) {
		strake_error_set(error, STRAKE_ERROR_INVALID,
			"version '%s': its epoch is out of range", deb_version);
		return NULL;
	}
	version = g_new0(StrakeBridgeVersion, 1);
	version->epoch = parts->epoch != NULL ? (int64_t)epoch : -1;
	version->version = map_part(parts->upstream);
	version->release = parts->revision != NULL ? map_part(parts->revision) : g_strdup("0");
	version->bound_release = map_bound_release(parts->revision);
	return g_steal_pointer(&version);
}

void strake_bridge_version_free(StrakeBridgeVersion *version)
{
	if (version == NULL)
		return;
	g_free(version->version);
	g_free(version->release);
	g_free(version->bound_release);
	g_free(version);
}

char *strake_bridge_bound(const char *deb_version, GError **error)
{
	g_autoptr(StrakeBridgeVersion) version = strake_bridge_version(deb_version, error);

	if (version == NULL)
		return NULL;
	if (version->epoch > 0)
		return g_strdup_printf("%" G_GINT64_FORMAT ":%s-%s", version->epoch,
			version->version, version->bound_release);
	return g_strdup_printf("%s-%s", version->version, version->bound_release);
}
