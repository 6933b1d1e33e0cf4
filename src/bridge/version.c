// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Maps Debian versions to RPM versions. The order of RPM versions itself is rpm's.
#include "bridge/version.h"

#include <string.h>

#include "base/error.h"
#include "format/deb_version.h"

static char *map_part(const char *text)
{
	char *out = g_strdup(text);

	for (char *at = out; *at != '\0'; at++) {
		if (*at == '-' || *at == ':')
			*at = '.';
		else if (*at == '+')
			*at = '^'; // 1.0+x is after 1.0 and before 1.0.1 in both orders
	}
	return out;
}

/* A bound such as "<< 2.53.0-." is above every revision that begins with a digit. */
static char *map_revision(const char *revision)
{
	g_autofree char *mapped = NULL;

	if (revision == NULL)
		return g_strdup("0");
	mapped = map_part(revision);
	if (*revision == '.' || *revision == '+')
		return g_strconcat("99999999", strcmp(revision, ".") == 0 ? "" : mapped, NULL);
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
	version->release = map_revision(parts->revision);
	return g_steal_pointer(&version);
}

void strake_bridge_version_free(StrakeBridgeVersion *version)
{
	if (version == NULL)
		return;
	g_free(version->version);
	g_free(version->release);
	g_free(version);
}

char *strake_bridge_bound(const char *deb_version, GError **error)
{
	g_autoptr(StrakeBridgeVersion) version = strake_bridge_version(deb_version, error);

	if (version == NULL)
		return NULL;
	if (version->epoch > 0)
		return g_strdup_printf("%" G_GINT64_FORMAT ":%s-%s", version->epoch,
			version->version, version->release);
	return g_strdup_printf("%s-%s", version->version, version->release);
}
