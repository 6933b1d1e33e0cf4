// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What all transfers share, and single small files.
#include <string.h>

#include "base/cancel.h"
#include "base/error.h"
#include "upstream/download.h"
#include "upstream/download_private.h"

static gpointer init_curl(gpointer data)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
	return NULL;
}

static int on_progress(
	void *data, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
	return strake_cancel_requested() ? 1 : 0;
}

CURL *strake_download_easy_new(const StrakeAptConfig *config, const char *uri, char *error_buffer)
{
	static GOnce once = G_ONCE_INIT;
	bool https = g_str_has_prefix(uri, "https:");
	const char *proxy = https ? config->https_proxy : config->http_proxy;
	CURL *easy;

	g_once(&once, init_curl, NULL);
	easy = curl_easy_init();
	*error_buffer = '\0';
	curl_easy_setopt(easy, CURLOPT_URL, uri);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_buffer);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(easy, CURLOPT_MAXREDIRS, 5L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR,
		g_str_has_prefix(uri, "file:") ? "file" : "http,https");
	curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, https ? "https" : "http,https");
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)config->timeout_s);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)config->timeout_s);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "strake/" STRAKE_VERSION);
	curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
	if (proxy != NULL)
		curl_easy_setopt(easy, CURLOPT_PROXY, proxy);
	return easy;
}

StrakeDownloadVerdict strake_download_judge(CURL *easy, CURLcode code)
{
	long status = 0;

	switch (code) {
	case CURLE_OK:
		return STRAKE_DOWNLOAD_DONE;
	case CURLE_FILE_COULDNT_READ_FILE:
	case CURLE_REMOTE_FILE_NOT_FOUND:
		return STRAKE_DOWNLOAD_MISSING;
	case CURLE_RANGE_ERROR:
	case CURLE_BAD_DOWNLOAD_RESUME:
		return STRAKE_DOWNLOAD_BAD_RANGE;
	case CURLE_HTTP_RETURNED_ERROR:
		curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
		if (status == 404 || status == 410)
			return STRAKE_DOWNLOAD_MISSING;
		if (status == 416)
			return STRAKE_DOWNLOAD_BAD_RANGE;
		return status >= 500 || status == 408 || status == 429 ? STRAKE_DOWNLOAD_AGAIN
								       : STRAKE_DOWNLOAD_FAILED;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_WEIRD_SERVER_REPLY:
		return STRAKE_DOWNLOAD_AGAIN;
	default:
		return STRAKE_DOWNLOAD_FAILED;
	}
}

char *strake_download_why(CURL *easy, CURLcode code, const char *error_buffer)
{
	long status = 0;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_HTTP_RETURNED_ERROR)
		return g_strdup_printf("the server answered %ld", status);
	return g_strdup(*error_buffer != '\0' ? error_buffer : curl_easy_strerror(code));
}

// -- one small file

typedef struct {
	GByteArray *body;
	size_t max_bytes;
	bool too_large;
	StrakeDownloadTag tag;
} Small;

void strake_download_tag_clear(StrakeDownloadTag *tag)
{
	g_clear_pointer(&tag->etag, g_free);
	g_clear_pointer(&tag->last_modified, g_free);
}

static size_t on_body(char *data, size_t one, size_t size, void *user)
{
	Small *small = user;

	if (size > small->max_bytes - small->body->len) {
		small->too_large = true;
		return 0;
	}
	g_byte_array_append(small->body, (const guint8 *)data, (guint)size);
	return size;
}

static void take_header(const char *line, size_t size, const char *name, char **out)
{
	size_t name_size = strlen(name);

	if (size <= name_size || g_ascii_strncasecmp(line, name, name_size) != 0)
		return;
	g_free(*out);
	*out = g_strstrip(g_strndup(line + name_size, size - name_size));
}

static size_t on_header(char *data, size_t one, size_t size, void *user)
{
	Small *small = user;

	take_header(data, size, "ETag:", &small->tag.etag);
	take_header(data, size, "Last-Modified:", &small->tag.last_modified);
	return size;
}

static struct curl_slist *conditions(const StrakeDownloadTag *tag)
{
	g_autofree char *match = g_strconcat("If-None-Match: ", tag->etag, NULL);
	g_autofree char *since = g_strconcat("If-Modified-Since: ", tag->last_modified, NULL);
	struct curl_slist *list = NULL;

	if (tag->etag != NULL)
		list = curl_slist_append(list, match);
	if (tag->last_modified != NULL)
		list = curl_slist_append(list, since);
	return list;
}

static CURLcode attempt(CURL *easy, Small *small)
{
	g_byte_array_set_size(small->body, 0);
	strake_download_tag_clear(&small->tag);
	return curl_easy_perform(easy);
}

static bool small_error(const Small *small, const char *uri, CURL *easy, CURLcode code,
	const char *buffer, GError **error)
{
	g_autofree char *why = strake_download_why(easy, code, buffer);

	if (!strake_cancel_check(error))
		return false;
	if (small->too_large)
		return strake_error_set(error, STRAKE_ERROR_LIMIT,
			"%s: larger than the %zu bytes that are accepted", uri, small->max_bytes);
	return strake_error_set(error,
		strake_download_judge(easy, code) == STRAKE_DOWNLOAD_MISSING
			? STRAKE_ERROR_NOT_FOUND
			: STRAKE_ERROR_FAILED,
		"%s: %s", uri, why);
}

bool strake_download_small(const StrakeAptConfig *config, const char *uri, size_t max_bytes,
	StrakeDownloadTag *tag, GBytes **out, GError **error)
{
	char buffer[CURL_ERROR_SIZE];
	CURL *easy = strake_download_easy_new(config, uri, buffer);
	struct curl_slist *list = conditions(tag);
	Small small = {.body = g_byte_array_new(), .max_bytes = max_bytes};
	long status = 0;
	CURLcode code;
	bool done = false;

	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, &small);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, &small);
	code = attempt(easy, &small);
	for (int i = 0; i < config->retries && !strake_cancel_requested() &&
			strake_download_judge(easy, code) == STRAKE_DOWNLOAD_AGAIN;
		i++) {
		g_usleep((gulong)(250000 << MIN(i, 5)));
		code = attempt(easy, &small);
	}
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	if (code != CURLE_OK) {
		small_error(&small, uri, easy, code, buffer, error);
	} else if (status == 304) {
		*out = NULL;
		done = true;
	} else {
		*out = g_byte_array_free_to_bytes(g_steal_pointer(&small.body));
		strake_download_tag_clear(tag);
		*tag = small.tag;
		small.tag = (StrakeDownloadTag){NULL, NULL};
		done = true;
	}
	curl_slist_free_all(list);
	curl_easy_cleanup(easy);
	strake_download_tag_clear(&small.tag);
	g_clear_pointer(&small.body, g_byte_array_unref);
	return done;
}
