// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// A counter, some threads, and the error of the lowest failed index.
#include "base/parallel.h"

#include "base/cancel.h"
#include "base/error.h"

typedef struct {
	size_t count;
	size_t next;
	StrakeParallelFunc func;
	void *data;
	GMutex lock;
	GError *error;
	size_t error_index;
} Batch;

static bool next_item(Batch *batch, size_t *out_index)
{
	bool more;

	g_mutex_lock(&batch->lock);
	more = batch->error == NULL && batch->next < batch->count && !strake_cancel_requested();
	if (more)
		*out_index = batch->next++;
	g_mutex_unlock(&batch->lock);
	return more;
}

static void keep_error(Batch *batch, size_t index, GError *error)
{
	g_mutex_lock(&batch->lock);
	if (batch->error == NULL || index < batch->error_index) {
		g_clear_error(&batch->error);
		batch->error = error;
		batch->error_index = index;
	} else {
		g_error_free(error);
	}
	g_mutex_unlock(&batch->lock);
}

static gpointer worker(gpointer data)
{
	Batch *batch = data;
	size_t index;

	while (next_item(batch, &index)) {
		GError *error = NULL;
		if (!batch->func(index, batch->data, &error))
			keep_error(batch, index, error);
	}
	return NULL;
}

bool strake_parallel_for(
	size_t count, unsigned jobs, StrakeParallelFunc func, void *data, GError **error)
{
	Batch batch = {.count = count, .func = func, .data = data};
	unsigned wanted = jobs > 0 ? jobs : g_get_num_processors();
	unsigned threads = (unsigned)MIN((size_t)wanted, count);
	g_autofree GThread **others = g_new0(GThread *, threads + 1);

	g_mutex_init(&batch.lock);
	for (unsigned i = 1; i < threads; i++)
		others[i] = g_thread_new("strake-worker", worker, &batch);
	worker(&batch);
	for (unsigned i = 1; i < threads; i++)
		g_thread_join(others[i]);
	g_mutex_clear(&batch.lock);
	if (batch.error != NULL) {
		g_propagate_error(error, batch.error);
		return false;
	}
	return strake_cancel_check(error);
}
