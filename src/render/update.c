// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Resolving in parallel, writing once; and the words for what a fingerprint's parts say.
#include "render/update.h"

#include <string.h>

#include "base/error.h"
#include "base/parallel.h"
#include "base/progress.h"

typedef struct {
	StrakeWorkspace *ws;
	const StrakeUpdateOptions *options;
	GPtrArray *out;
	StrakeComponentLock *locks; // by index; name NULL: leave as it is
	StrakeFingerprint **fingerprints;
	StrakeProgress *progress;
	GMutex lock; // of @progress
} Run;

static void updated_free(void *data)
{
	StrakeUpdated *u = data;

	g_free(u->name);
	g_free(u->old_commit);
	g_free(u->new_commit);
	g_free(u->error);
	g_free(u);
}

// A branch without a snapshot moves; a pin and a snapshot do not.
static bool may_move(const StrakeComponent *c)
{
	return c->spec.upstream_commit == NULL && c->spec.upstream_distro.snapshot == NULL;
}

static bool update_one(Run *run, size_t index, StrakeUpdated *u, GError **error)
{
	g_autoptr(StrakePick) pick = strake_pick(run->ws, u->name, STRAKE_PICK_COMPONENT, error);
	StrakeComponentLock *lock = &run->locks[index];
	const StrakeComponentLock *old;
	g_autofree char *asked = NULL;
	StrakeFingerprintInputs inputs = {.release_ver = run->ws->release_ver};

	if (pick == NULL)
		return false;
	old = pick->lock;
	asked = strake_component_resolution_hash(run->ws->project, pick->component);
	if (old != NULL)
		u->old_commit = g_strdup(old->upstream_commit);
	if (!pick->local) {
		bool same = old != NULL && old->upstream_commit != NULL &&
			    g_strcmp0(old->resolution_input_hash, asked) == 0;
		u->new_commit =
			same && !may_move(pick->component)
				? g_strdup(old->upstream_commit)
				: strake_pick_resolve(run->ws, pick, !run->ws->offline, error);
		if (u->new_commit == NULL)
			return false;
	}
	lock->manual_bump = (old != NULL ? old->manual_bump : 0) + (run->options->bump ? 1 : 0);
	inputs.upstream_commit = u->new_commit;
	inputs.manual_bump = lock->manual_bump;
	run->fingerprints[index] = strake_component_fingerprint(pick->component, &inputs, error);
	if (run->fingerprints[index] == NULL)
		return false;
	if (old != NULL && g_strcmp0(u->old_commit, u->new_commit) == 0 &&
		g_strcmp0(old->resolution_input_hash, asked) == 0 &&
		g_strcmp0(old->input_fingerprint, run->fingerprints[index]->sha256) == 0)
		return true;
	u->status = old != NULL ? STRAKE_UPDATE_CHANGED : STRAKE_UPDATE_ADDED;
	lock->import_commit = g_strdup(
		old != NULL && old->import_commit != NULL ? old->import_commit : u->new_commit);
	lock->resolution_input_hash = g_steal_pointer(&asked);
	lock->name = u->name;
	return true;
}

static bool update_item(size_t index, void *data, GError **error)
{
	Run *run = data;
	StrakeUpdated *u = run->out->pdata[index];
	g_autoptr(GError) local = NULL;

	if (!update_one(run, index, u, &local)) {
		u->status = STRAKE_UPDATE_FAILED;
		u->error = g_strdup(local->message);
		if (g_error_matches(local, STRAKE_ERROR, STRAKE_ERROR_CANCELLED)) {
			g_propagate_error(error, g_steal_pointer(&local));
			return false;
		}
	}
	if (run->progress != NULL) {
		g_mutex_lock(&run->lock);
		strake_progress_add(run->progress, 1, u->name);
		g_mutex_unlock(&run->lock);
	}
	return true;
}

static void note_orphans(Run *run)
{
	g_auto(GStrv) locked = strake_locks_names(run->ws->locks);

	for (char **name = locked; *name != NULL; name++) {
		StrakeUpdated *u;
		if (strake_project_has_component(run->ws->project, *name))
			continue;
		u = g_new0(StrakeUpdated, 1);
		u->name = g_strdup(*name);
		u->status = STRAKE_UPDATE_REMOVED;
		u->old_commit = g_strdup(strake_locks_get(run->ws->locks, *name)->upstream_commit);
		g_ptr_array_add(run->out, u);
	}
}

static bool store(Run *run, size_t n, GError **error)
{
	for (guint i = 0; i < run->out->len; i++)
		if (((const StrakeUpdated *)run->out->pdata[i])->status == STRAKE_UPDATE_FAILED)
			return true; // reported by its row
	for (guint i = 0; i < run->out->len; i++) {
		StrakeUpdated *u = run->out->pdata[i];
		if (u->status == STRAKE_UPDATE_REMOVED)
			strake_locks_remove(run->ws->locks, u->name);
		if (i >= n || run->locks[i].name == NULL)
			continue;
		StrakeComponentLock lock = run->locks[i];
		lock.upstream_commit = u->new_commit;
		lock.input_fingerprint = run->fingerprints[i]->sha256;
		lock.inputs = run->fingerprints[i]->parts;
		strake_locks_set(run->ws->locks, &lock);
	}
	return strake_locks_store(run->ws->locks, error);
}

GPtrArray *strake_update_locks(
	StrakeWorkspace *ws, char *const *names, const StrakeUpdateOptions *options, GError **error)
{
	g_autoptr(GPtrArray) out = g_ptr_array_new_with_free_func(updated_free);
	Run run = {.ws = ws, .options = options, .out = out};
	size_t n = 0;
	bool ok;

	for (; names[n] != NULL; n++) {
		StrakeUpdated *u = g_new0(StrakeUpdated, 1);
		u->name = g_strdup(names[n]);
		g_ptr_array_add(out, u);
	}
	g_mutex_init(&run.lock);
	run.locks = g_new0(StrakeComponentLock, n + 1);
	run.fingerprints = g_new0(StrakeFingerprint *, n + 1);
	if (n > 1)
		run.progress = strake_progress_new("update", n, false);
	ok = strake_parallel_for(n, options->jobs, update_item, &run, error);
	g_clear_pointer(&run.progress, strake_progress_end);
	if (ok && options->all)
		note_orphans(&run);
	if (ok && !options->check_only)
		ok = store(&run, n, error);
	for (size_t i = 0; i < n; i++) {
		g_free(run.locks[i].import_commit);
		g_free(run.locks[i].resolution_input_hash);
		strake_fingerprint_free(run.fingerprints[i]);
	}
	g_free(run.locks);
	g_free(run.fingerprints);
	g_mutex_clear(&run.lock);
	return ok ? g_steal_pointer(&out) : NULL;
}

// -- in words

static const char *const kind_words[] = {"was added", "was removed", "changed"};

// "overlays[0002]" is 2; 0 when @label is no element of @list.
static unsigned index_in(const char *label, const char *list)
{
	size_t size = strlen(list);

	if (strncmp(label, list, size) != 0 || label[size] != '[')
		return 0;
	return (unsigned)g_ascii_strtoull(label + size + 1, NULL, 10);
}

static char *overlay_words(
	const StrakeWorkspace *ws, const StrakeComponent *c, unsigned number, const char *what)
{
	const StrakeOverlay *o = number <= c->overlays->len ? c->overlays->pdata[number - 1] : NULL;

	if (o == NULL)
		return g_strdup_printf("overlay %u %s", number, what);
	return g_strdup_printf("overlay %u %s: %s at %s:%u", number, what,
		strake_overlay_type_name(o->type),
		strake_project_relative(ws->project, o->origin.file), o->origin.line);
}

static char *words_of(
	const StrakeWorkspace *ws, const StrakePick *pick, const StrakeFingerprintChange *change)
{
	const StrakeComponent *c = pick->component;
	const char *what = kind_words[change->kind];
	unsigned number = index_in(change->label, "overlays");

	if (number > 0)
		return overlay_words(ws, c, number, what);
	number = index_in(change->label, "source-files");
	if (number > 0 && c->source_files != NULL && number <= c->source_files->len)
		return g_strdup_printf("source file %u %s: %s", number, what,
			((const StrakeSourceFile *)c->source_files->pdata[number - 1])->filename);
	if (strcmp(change->label, "upstream commit") == 0)
		return g_strdup_printf("the upstream commit %s: %.12s, locked was %.12s", what,
			pick->commit != NULL ? pick->commit : "none",
			pick->lock->upstream_commit != NULL ? pick->lock->upstream_commit : "none");
	if (strcmp(change->label, "spec files") == 0)
		return g_strdup_printf("a file beside the local spec %s", what);
	if (strcmp(change->label, "release version") == 0)
		return g_strdup_printf(
			"the release version of the default distro %s: %s", what, ws->release_ver);
	return g_strdup_printf("'%s' %s", change->label, what);
}

GPtrArray *strake_explain(StrakeWorkspace *ws, const char *name, GError **error)
{
	g_autoptr(StrakePick) pick = strake_pick(ws, name, STRAKE_PICK_FINGERPRINT, error);
	g_autoptr(GPtrArray) out = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) changes = NULL;

	if (pick == NULL)
		return NULL;
	if (pick->lock == NULL) {
		g_ptr_array_add(out, g_strdup("it has no lock yet (strake component update)"));
		return g_steal_pointer(&out);
	}
	if (pick->lock->inputs->len == 0) {
		// azldev's digest cannot be taken apart.
		if (g_strcmp0(pick->commit, pick->lock->upstream_commit) != 0)
			g_ptr_array_add(
				out, g_strdup_printf(
					     "the upstream commit changed: %.12s, locked was %.12s",
					     pick->commit != NULL ? pick->commit : "none",
					     pick->lock->upstream_commit != NULL
						     ? pick->lock->upstream_commit
						     : "none"));
		if (pick->dirty)
			g_ptr_array_add(out, g_strdup("its lock is not as committed"));
		return g_steal_pointer(&out);
	}
	changes = strake_fingerprint_compare(pick->lock->inputs, pick->fingerprint);
	for (guint i = 0; i < changes->len; i++)
		g_ptr_array_add(out, words_of(ws, pick, changes->pdata[i]));
	return g_steal_pointer(&out);
}
