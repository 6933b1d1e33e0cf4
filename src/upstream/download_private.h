// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Options that all transfers share. For download*.c only.
#pragma once

#include <curl/curl.h>

#include "upstream/apt_config.h"

/** strake_download_easy_new: a handle for @uri with proxies, time limits and protocols set. */
CURL *strake_download_easy_new(const StrakeAptConfig *config, const char *uri, char *error_buffer);

/** What to do after a transfer. */
typedef enum {
	STRAKE_DOWNLOAD_DONE,
	STRAKE_DOWNLOAD_MISSING,   // the server does not have it
	STRAKE_DOWNLOAD_AGAIN,     // worth another attempt
	STRAKE_DOWNLOAD_BAD_RANGE, // worth another attempt from the start
	STRAKE_DOWNLOAD_FAILED,
} StrakeDownloadVerdict;

StrakeDownloadVerdict strake_download_judge(CURL *easy, CURLcode code);
/** strake_download_why: words for a failed transfer; free with g_free. */
char *strake_download_why(CURL *easy, CURLcode code, const char *error_buffer);
