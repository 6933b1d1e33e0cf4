// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The signature and the dates of a Release.
#include "upstream/deb_verify.h"

#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "upstream/gpgv.h"

enum { TEXT_MAX_BYTES = 64 << 20 };

bool strake_deb_verify_status(const char *status, const char *name, GError **error)
{
	return strake_gpgv_judge(status, name,
		"install a newer debian-archive-keyring or set the upstream's keyring", error);
}

GBytes *strake_deb_verify_signature(
	GBytes *inrelease, const char *keyring, const char *name, GError **error)
{
	g_autoptr(StrakeTmpdir) dir = NULL;
	g_autoptr(GBytes) status = NULL;
	static const char *const words[] = {"--output", "text", "--", "InRelease", NULL};
	g_autofree char *status_text = NULL;
	size_t size = 0;
	const char *data = g_bytes_get_data(inrelease, &size);

	if (!strake_deb_clearsign_check(data, size, name, error))
		return NULL;
	dir = strake_tmpdir_new(NULL, error);
	if (dir == NULL)
		return NULL;
	if (!strake_file_write_at(dir->fd, "InRelease", data, size, 0600, error))
		return NULL;
	status = strake_gpgv_run(dir, keyring, words, error);
	if (status == NULL)
		return NULL;
	status_text = g_strndup(g_bytes_get_data(status, NULL), g_bytes_get_size(status));
	if (!strake_deb_verify_status(status_text, name, error))
		return NULL;
	return strake_file_read_at(dir->fd, "text", TEXT_MAX_BYTES, error);
}

// -- dates

static char *day(int64_t seconds)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);

	return time != NULL ? g_date_time_format(time, "%Y-%m-%d") : g_strdup("?");
}

// When the Release ends by its own words and by apt's limits; INT64_MAX: never.
static int64_t end_of_validity(const StrakeDebRelease *release, const StrakeAptConfig *config)
{
	int64_t end = release->valid_until != NULL ? release->valid_until_s : G_MAXINT64;

	if (config->max_valid_s > 0)
		end = MIN(end, release->date_s + config->max_valid_s);
	if (config->min_valid_s > 0 && end != G_MAXINT64)
		end = MAX(end, release->date_s + config->min_valid_s);
	return end;
}

bool strake_deb_verify_dates(const StrakeDebRelease *release, const StrakeAptConfig *config,
	int64_t now_s, const char *name, char **out_note, GError **error)
{
	int64_t end = end_of_validity(release, config);
	g_autofree char *from_day = day(release->date_s);
	g_autofree char *end_day = end != G_MAXINT64 ? day(end) : NULL;

	if (config->check_date && release->date_s > now_s + config->future_s)
		return strake_error_set(error, STRAKE_ERROR_INTEGRITY,
			"%s: its date (%s) is in the future; check the clock of this machine", name,
			release->date);
	if (now_s > end && config->check_valid_until)
		return strake_error_set(error, STRAKE_ERROR_INTEGRITY,
			"%s: expired on %s: the mirror is stale; use another, or tell apt that "
			"this "
			"one is meant to be (Acquire::Check-Valid-Until \"false\";)",
			name, end_day);
	*out_note = now_s > end ? g_strdup_printf("index of %s, expired on %s; apt is set not to "
						  "mind",
					  from_day, end_day)
				: NULL;
	return true;
}
