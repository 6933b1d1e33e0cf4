// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Many transfers at once with curl's multi interface: a step machine around one list of items.
#include "upstream/download.h"

#include <sys/statvfs.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/progress.h"
#include "upstream/download_private.h"

enum {
	PARALLEL = 6,
	POLL_MS = 200,
	BACKOFF_US = 250000, // doubled with each attempt
	BACKOFF_DOUBLINGS = 5,
	PROGRESS_BYTES = 1 << 16,
};

struct Batch;

typedef struct {
	struct Batch *batch;
	const StrakeDownload *item;
	guint index;
	CURL *easy;
	StrakeDownloadObject object;
	uint64_t resumed_from; // bytes of it before this attempt
	uint64_t expected; // bytes that the progress bar was told of, when only the server knows
	bool answered;     // the first bytes of this attempt came
	int attempts;
	gint64 not_before_us; // monotonic; for the pause before another attempt
	GError *error;        // from a callback
	char error_buffer[CURL_ERROR_SIZE];
} Transfer;

typedef struct Batch {
	StrakeStore *store;
	const StrakeAptConfig *config;
	const StrakeDownload *items;
	size_t n_items;
	size_t next; // first item that was not started
	CURLM *multi;
	GPtrArray *active; // of Transfer
	StrakeProgress *progress;
	GArray *missing; // borrowed, or NULL
} Batch;

static void step(Batch *batch, uint64_t bytes, const char *name)
{
	if (batch->progress != NULL && bytes > 0)
		strake_progress_add(batch->progress, bytes, name);
}

static void transfer_free(Transfer *t)
{
	if (t->easy != NULL) {
		curl_multi_remove_handle(t->batch->multi, t->easy);
		curl_easy_cleanup(t->easy);
	}
	strake_download_object_clear(&t->object);
	g_clear_error(&t->error);
	g_free(t);
}

static bool restart(Transfer *t, GError **error)
{
	t->resumed_from = 0;
	return strake_download_object_restart(&t->object, error);
}

// A size that the index does not say is learnt from the answer.
static void expect(Transfer *t)
{
	curl_off_t left = -1;
	uint64_t size;

	curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &left);
	if (!t->item->any_size || left < 0 || t->batch->progress == NULL)
		return;
	size = t->object.have + (uint64_t)left;
	if (size > t->expected) {
		strake_progress_expect(t->batch->progress, size - t->expected);
		t->expected = size;
	}
}

// The server's answer to a range is 206; anything else that comes is the whole file.
static bool check_answer(Transfer *t)
{
	long status = 0;

	t->answered = true;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (t->resumed_from > 0 && status == 200 && !restart(t, &t->error))
		return false;
	expect(t);
	return true;
}

static size_t on_body(char *data, size_t one, size_t size, void *user)
{
	Transfer *t = user;

	if (!t->answered && !check_answer(t))
		return 0;
	if (!strake_download_object_add(&t->object, data, size, &t->error))
		return 0;
	step(t->batch, size, t->item->name);
	return size;
}

static bool start_attempt(Transfer *t, GError **error)
{
	if (t->easy != NULL) {
		curl_multi_remove_handle(t->batch->multi, t->easy);
		curl_easy_cleanup(t->easy);
	}
	t->easy = strake_download_easy_new(t->batch->config, t->item->uri, t->error_buffer);
	t->answered = false;
	t->resumed_from = t->object.have;
	curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	curl_easy_setopt(t->easy, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)t->object.have);
	if (curl_multi_add_handle(t->batch->multi, t->easy) != CURLM_OK)
		return strake_error_set(
			error, STRAKE_ERROR_FAILED, "%s: cannot start the transfer", t->item->uri);
	t->not_before_us = 0;
	return true;
}

static bool again_later(Transfer *t)
{
	if (t->object.have > t->resumed_from + PROGRESS_BYTES)
		t->attempts = 0; // a slow line is not a dead one
	if (t->attempts >= t->batch->config->retries)
		return false;
	t->not_before_us = g_get_monotonic_time() +
			   ((gint64)BACKOFF_US << MIN(t->attempts, BACKOFF_DOUBLINGS));
	t->attempts++;
	return true;
}

// From its start, which can happen only once: there is nothing to resume then.
static void again_at_once(Transfer *t)
{
	t->not_before_us = 1;
}

// -- the end of a transfer

static bool finish_object(Transfer *t, bool *out_again, GError **error)
{
	g_autoptr(GError) local = NULL;
	bool was_resumed = t->resumed_from > 0;

	if (strake_download_object_keep(&t->object, &local))
		return true;
	if (!g_error_matches(local, STRAKE_ERROR, STRAKE_ERROR_INTEGRITY)) {
		g_propagate_error(error, g_steal_pointer(&local));
		return false;
	}
	// Bad bytes must not be resumed by the next run either.
	if (!restart(t, error))
		return false;
	if (was_resumed) {
		again_at_once(t);
		*out_again = true;
		return true;
	}
	g_propagate_error(error, g_steal_pointer(&local));
	return false;
}

static bool attempt_failed(
	Transfer *t, CURLcode code, const char *why, bool *out_again, GError **error)
{
	if (t->error != NULL) {
		if (g_error_matches(t->error, STRAKE_ERROR, STRAKE_ERROR_INTEGRITY) &&
			!restart(t, error))
			return false;
		g_propagate_error(error, g_steal_pointer(&t->error));
		return false;
	}
	switch (strake_download_judge(t->easy, code)) {
	case STRAKE_DOWNLOAD_MISSING:
		if (t->batch->missing != NULL) {
			g_array_append_val(t->batch->missing, t->index);
			return true;
		}
		return strake_error_set(error, STRAKE_ERROR_NOT_FOUND, "%s: %s", t->item->uri, why);
	case STRAKE_DOWNLOAD_BAD_RANGE:
		*out_again = t->resumed_from > 0;
		if (!restart(t, error))
			return false;
		if (*out_again) {
			again_at_once(t);
			return true;
		}
		G_GNUC_FALLTHROUGH;
	case STRAKE_DOWNLOAD_AGAIN:
		if (again_later(t)) {
			*out_again = true;
			return true;
		}
		G_GNUC_FALLTHROUGH;
	default:
		return strake_error_set(error, STRAKE_ERROR_FAILED, "%s: %s (%d attempts)",
			t->item->uri, why, t->attempts + 1);
	}
}

// *@out_again: the transfer goes on after a pause, else it is over.
static bool finish_attempt(Transfer *t, CURLcode code, bool *out_again, GError **error)
{
	g_autofree char *why = NULL;

	*out_again = false;
	if (!strake_cancel_check(error))
		return false;
	if (code == CURLE_OK && t->error == NULL &&
		(t->item->any_size || t->object.have == t->item->size))
		return finish_object(t, out_again, error);
	if (code == CURLE_OK) {
		code = CURLE_PARTIAL_FILE;
		why = g_strdup_printf("the server stopped after %" G_GUINT64_FORMAT
				      " of %" G_GUINT64_FORMAT " bytes",
			t->object.have, t->item->size);
	} else {
		why = strake_download_why(t->easy, code, t->error_buffer);
	}
	return attempt_failed(t, code, why, out_again, error);
}

// -- the batch

static bool start_next(Batch *batch, GError **error)
{
	const StrakeDownload *item = &batch->items[batch->next];
	Transfer *t;
	bool again = false;

	batch->next++;
	if (strake_download_is_stored(batch->store, item))
		return true;
	t = g_new0(Transfer, 1);
	t->batch = batch;
	t->item = item;
	t->index = (guint)(batch->next - 1);
	g_ptr_array_add(batch->active, t);
	if (!strake_download_object_begin(&t->object, batch->store, item, error))
		return false;
	step(batch, t->object.have, item->name);
	if (!strake_download_object_is_complete(&t->object))
		return start_attempt(t, error);
	t->resumed_from = t->object.have;
	if (!finish_object(t, &again, error))
		return false;
	if (!again)
		g_ptr_array_remove_fast(batch->active, t);
	return true;
}

static bool fill(Batch *batch, GError **error)
{
	gint64 now = g_get_monotonic_time();

	for (guint i = 0; i < batch->active->len; i++) {
		Transfer *t = g_ptr_array_index(batch->active, i);

		if (t->not_before_us != 0 && t->not_before_us <= now && !start_attempt(t, error))
			return false;
	}
	while (batch->active->len < PARALLEL && batch->next < batch->n_items)
		if (!start_next(batch, error))
			return false;
	return true;
}

static bool collect(Batch *batch, GError **error)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(batch->multi, &left)) != NULL) {
		Transfer *t = NULL;
		bool again;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
		if (!finish_attempt(t, message->data.result, &again, error))
			return false;
		if (!again)
			g_ptr_array_remove_fast(batch->active, t);
	}
	return true;
}

static bool run(Batch *batch, GError **error)
{
	int running;

	for (;;) {
		if (!strake_cancel_check(error) || !fill(batch, error))
			return false;
		if (batch->active->len == 0 && batch->next == batch->n_items)
			return true;
		if (curl_multi_perform(batch->multi, &running) != CURLM_OK)
			return strake_error_set(
				error, STRAKE_ERROR_FAILED, "the transfers cannot go on");
		if (!collect(batch, error))
			return false;
		if (batch->active->len == 0 ||
			(batch->active->len < PARALLEL && batch->next < batch->n_items))
			continue;
		curl_multi_poll(batch->multi, NULL, 0, POLL_MS, NULL);
	}
}

// Says so before the first byte when the disk cannot hold what is missing.
static bool check_space(StrakeStore *store, uint64_t wanted, GError **error)
{
	struct statvfs fs;
	uint64_t free_bytes;
	g_autofree char *wanted_text = strake_size_text(wanted);
	g_autofree char *free_text = NULL;

	if (fstatvfs(strake_store_dir_fd(store), &fs) < 0)
		return true;
	free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (wanted <= free_bytes)
		return true;
	free_text = strake_size_text(free_bytes);
	return strake_error_set(error, STRAKE_ERROR_NO_SPACE,
		"the download needs %s in the store '%s', where %s are free", wanted_text,
		strake_store_path(store), free_text);
}

bool strake_download_all(StrakeStore *store, const StrakeAptConfig *config,
	const StrakeDownload *items, size_t n_items, const char *title, GArray *out_missing,
	GError **error)
{
	Batch batch = {.store = store,
		.config = config,
		.items = items,
		.n_items = n_items,
		.missing = out_missing};
	uint64_t total = 0;
	uint64_t wanted = 0;
	bool any = false;
	bool done;

	for (size_t i = 0; i < n_items; i++) {
		uint64_t partial;

		if (strake_download_is_stored(store, &items[i]))
			continue;
		any = true;
		if (items[i].any_size)
			continue;
		partial = strake_download_partial_size(store, &items[i]);
		total += items[i].size;
		wanted += items[i].size - MIN(partial, items[i].size);
	}
	if (!check_space(store, wanted, error))
		return false;
	batch.multi = curl_multi_init();
	batch.active = g_ptr_array_new_with_free_func((GDestroyNotify)transfer_free);
	batch.progress = any ? strake_progress_new(title, total, true) : NULL;
	curl_multi_setopt(batch.multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)PARALLEL);
	done = run(&batch, error);
	g_ptr_array_unref(batch.active);
	curl_multi_cleanup(batch.multi);
	g_clear_pointer(&batch.progress, strake_progress_end);
	return done;
}
