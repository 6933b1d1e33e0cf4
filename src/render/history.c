// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Commits of two repositories as one list, newest first.
#include "render/history.h"

#include <string.h>

#include "base/error.h"
#include "base/progress.h"
#include "format/specsources.h"

// -- what a spec says

void strake_spec_version_free(StrakeSpecVersion *version)
{
	if (version == NULL)
		return;
	g_free(version->epoch_version);
	g_free(version->extra);
	g_free(version);
}

static char *expand_complete(const StrakeMacros *macros, StrakeSpecSpan value)
{
	bool complete = false;
	g_autofree char *text = strake_macros_expand(macros, value.at, value.size, &complete);

	g_strstrip(text);
	return complete && *text != '\0' ? g_steal_pointer(&text) : NULL;
}

// The options of "%autorelease -p -b 3 -e x -s y", in braces or not.
static void read_autorelease(StrakeSpecVersion *version, const char *value)
{
	const char *at = strstr(value, "autorelease");
	g_auto(GStrv) words = NULL;
	const char *e = NULL;
	const char *s = NULL;
	g_autofree char *options = NULL;

	if (at == NULL)
		return;
	options = g_strdup(at + strlen("autorelease"));
	g_strdelimit(options, "\t}", ' ');
	words = g_strsplit(options, " ", -1);
	for (char **word = words; *word != NULL; word++) {
		char **next = word + 1;
		while (*next != NULL && **next == '\0')
			next++;
		if (strcmp(*word, "-p") == 0)
			version->prerelease = true;
		else if (strcmp(*word, "-b") == 0 && *next != NULL)
			version->base = (unsigned)g_ascii_strtoull(*next, NULL, 10);
		else if (strcmp(*word, "-e") == 0)
			e = *next;
		else if (strcmp(*word, "-s") == 0)
			s = *next;
	}
	if (e != NULL || s != NULL)
		version->extra = g_strconcat(e != NULL ? "." : "", e != NULL ? e : "",
			s != NULL ? "." : "", s != NULL ? s : "", NULL);
}

StrakeSpecVersion *strake_spec_version(const StrakeSpec *spec, StrakeMacros *macros)
{
	StrakeSpecVersion *out = g_new0(StrakeSpecVersion, 1);
	g_autoptr(GArray) sections = strake_spec_sections(spec, false);
	g_autoptr(GArray) tags = strake_spec_tags(spec, sections, false);
	g_autofree char *epoch = NULL;
	g_autofree char *version = NULL;
	bool has_epoch = false;

	g_array_unref(strake_spec_files(spec, macros)); // for the definitions that it reads
	for (guint i = 0; i < tags->len; i++) {
		const StrakeSpecTag *tag = &g_array_index(tags, StrakeSpecTag, i);
		if (g_array_index(sections, StrakeSpecSection, tag->section).name.size > 0)
			break; // the preamble is over
		if (version == NULL && strake_spec_span_is_nocase(tag->name, "version")) {
			version = expand_complete(macros, tag->value);
		} else if (!has_epoch && strake_spec_span_is_nocase(tag->name, "epoch")) {
			has_epoch = true;
			epoch = expand_complete(macros, tag->value);
		} else if (strake_spec_span_is_nocase(tag->name, "release")) {
			g_autofree char *value = strake_spec_span_dup(tag->value);
			if (out->extra == NULL)
				read_autorelease(out, value);
		}
	}
	if (version != NULL && (!has_epoch || epoch != NULL))
		out->epoch_version = g_strdup_printf(
			"%s%s%s", has_epoch ? epoch : "", has_epoch ? ":" : "", version);
	return out;
}

// -- upstream's half

typedef struct {
	GHashTable *versions;                         // GBytes * -> StrakeSpecVersion
	const StrakeGitPackageCommit *with_changelog; // the first one seen
} Versions;

static const StrakeSpecVersion *version_of(Versions *versions, GBytes *bytes)
{
	StrakeSpecVersion *version = g_hash_table_lookup(versions->versions, bytes);
	g_autoptr(StrakeSpec) spec = NULL;
	g_autoptr(StrakeMacros) macros = NULL;

	if (version != NULL)
		return version;
	spec = strake_spec_parse(bytes, NULL);
	if (spec == NULL)
		return NULL;
	macros = strake_macros_new();
	version = strake_spec_version(spec, macros);
	g_hash_table_insert(versions->versions, g_bytes_ref(bytes), version);
	return version;
}

static const char *epoch_version_of(Versions *versions, const StrakeGitPackageCommit *commit)
{
	const StrakeSpecVersion *version =
		commit->spec != NULL ? version_of(versions, commit->spec) : NULL;

	return version != NULL ? version->epoch_version : NULL;
}

// Behind a commit that brings a `changelog` file no entry is made any more, and behind a change of
// version no release counts.
static bool goes_on(const StrakeGitPackageCommit *commit, void *data)
{
	Versions *versions = data;
	const char *now, *then;

	if (versions->with_changelog == NULL) {
		if (commit->changelog != NULL)
			versions->with_changelog = commit;
		return true;
	}
	now = epoch_version_of(versions, commit);
	then = epoch_version_of(versions, versions->with_changelog);
	return now == NULL || then == NULL || strcmp(now, then) == 0;
}

// -- both

typedef struct {
	GArray *commits;    // of StrakeAutospecCommit, newest first
	GPtrArray *strings; // owned texts that they borrow
	Versions versions;
} Sequence;

static void sequence_clear(Sequence *s)
{
	g_clear_pointer(&s->commits, g_array_unref);
	g_clear_pointer(&s->strings, g_ptr_array_unref);
	g_clear_pointer(&s->versions.versions, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Sequence, sequence_clear)

static void set_version(StrakeAutospecCommit *commit, const StrakeSpecVersion *version)
{
	if (version == NULL)
		return;
	commit->epoch_version = version->epoch_version;
	commit->prerelease = version->prerelease;
	commit->base = version->base;
	commit->extra = version->extra;
}

static const char *keep_text(Sequence *s, char *take)
{
	g_ptr_array_add(s->strings, take);
	return take;
}

static void add_synthetic(Sequence *s, const char *author, int64_t time_s, const char *message,
	const StrakeSpecVersion *version)
{
	StrakeAutospecCommit commit = {
		.message = message, .author = author, .time_s = time_s, .has_spec = true};

	set_version(&commit, version);
	g_array_append_val(s->commits, commit);
}

// @version: of the spec that the tree below the change has
static void add_change(
	Sequence *s, const StrakeProjectChange *change, const StrakeSpecVersion *version)
{
	const char *message = keep_text(
		s, g_strdup_printf("%s\n\nProject commit: %s", change->message, change->commit));

	add_synthetic(s, change->author, change->time_s, message, version);
}

static void add_upstream(Sequence *s, const StrakeGitPackageCommit *from)
{
	StrakeAutospecCommit commit = {.message = from->message,
		.author = from->author,
		.time_s = from->time_s,
		.has_spec = from->has_spec,
		.unimportant = from->changed && from->unimportant};

	if (from->changelog != NULL) {
		size_t size;
		const char *text = g_bytes_get_data(from->changelog, &size);
		char *kept = g_strndup(text, size);
		commit.changelog = keep_text(s, g_strchomp(kept));
	}
	if (from->spec != NULL)
		set_version(&commit, version_of(&s->versions, from->spec));
	g_array_append_val(s->commits, commit);
}

unsigned strake_history_n_changes(const StrakeWorkspace *ws, const StrakePick *pick)
{
	const GPtrArray *changes =
		strake_project_history_changes(ws->history, pick->component->name);

	return (changes != NULL ? changes->len : 0) + (pick->dirty ? 1 : 0);
}

static bool is_on_top(const StrakePick *pick, const StrakeProjectChange *change)
{
	return change->upstream_commit == NULL || pick->commit == NULL ||
	       strcmp(change->upstream_commit, pick->commit) == 0;
}

static int64_t newest_time(const GPtrArray *changes, const GPtrArray *upstream)
{
	int64_t newest = 0;

	if (upstream != NULL && upstream->len > 0)
		newest = ((const StrakeGitPackageCommit *)upstream->pdata[0])->time_s;
	for (guint i = 0; changes != NULL && i < changes->len; i++)
		newest = MAX(newest, ((const StrakeProjectChange *)changes->pdata[i])->time_s);
	return newest;
}

static void add_top(Sequence *s, const StrakeWorkspace *ws, const StrakePick *pick,
	const GPtrArray *changes, const GPtrArray *upstream, const StrakeSpecVersion *edited)
{
	const char *mail = strake_project_info(ws->project)->default_author_email;
	const StrakeSpecVersion *below = NULL;
	bool newest = true;

	if (upstream != NULL && upstream->len > 0 &&
		((const StrakeGitPackageCommit *)upstream->pdata[0])->spec != NULL)
		below = version_of(
			&s->versions, ((const StrakeGitPackageCommit *)upstream->pdata[0])->spec);
	if (below == NULL)
		below = edited;
	if (pick->dirty) {
		const char *author = keep_text(s,
			g_strdup_printf("Strake <%s>", mail != NULL ? mail : "nobody@localhost"));
		add_synthetic(
			s, author, newest_time(changes, upstream), STRAKE_HISTORY_DIRTY, edited);
		newest = false;
	}
	for (guint i = changes != NULL ? changes->len : 0; i > 0; i--) {
		const StrakeProjectChange *change = changes->pdata[i - 1];
		if (!is_on_top(pick, change))
			continue;
		add_change(s, change, newest ? edited : below);
		newest = false;
	}
}

static void add_below(Sequence *s, const StrakeWorkspace *ws, const StrakePick *pick,
	const GPtrArray *changes, const GPtrArray *upstream)
{
	const StrakeProjectLock *head =
		strake_project_history_head(ws->history, pick->component->name);
	const char *import = head != NULL ? head->import_commit : NULL;
	g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
	bool imported = true;
	unsigned n_orphans = 0;

	for (guint i = 0; i < upstream->len; i++) {
		const StrakeGitPackageCommit *commit = upstream->pdata[i];
		for (guint j = changes != NULL ? changes->len : 0; imported && j > 0; j--) {
			const StrakeProjectChange *change = changes->pdata[j - 1];
			if (!is_on_top(pick, change) &&
				strcmp(change->upstream_commit, commit->id) == 0)
				add_change(s, change,
					commit->spec != NULL
						? version_of(&s->versions, commit->spec)
						: NULL);
		}
		if (imported)
			g_hash_table_add(known, commit->id);
		imported = imported && (import == NULL || strcmp(import, commit->id) != 0);
		add_upstream(s, commit);
	}
	for (guint i = 0; changes != NULL && i < changes->len; i++) {
		const StrakeProjectChange *change = changes->pdata[i];
		n_orphans += !is_on_top(pick, change) &&
			     !g_hash_table_contains(known, change->upstream_commit);
	}
	if (n_orphans > 0 && s->versions.with_changelog == NULL)
		strake_warn(
			"component '%s': %u commits of the project were made on upstream "
			"commits that are not in its history; they are left out of the changelog",
			pick->component->name, n_orphans);
}

static void sequence_init(Sequence *s)
{
	s->commits = g_array_new(FALSE, TRUE, sizeof(StrakeAutospecCommit));
	s->strings = g_ptr_array_new_with_free_func(g_free);
	s->versions.versions = g_hash_table_new_full(g_direct_hash, g_direct_equal,
		(GDestroyNotify)g_bytes_unref, (GDestroyNotify)strake_spec_version_free);
}

// Commits of the package's repository, newest first.
static GPtrArray *read_upstream(Sequence *s, StrakeWorkspace *ws, StrakePick *pick, GError **error)
{
	g_autofree char *name = strake_pick_spec_name(pick);
	StrakeGit *git = strake_pick_git(ws, pick, error);
	GPtrArray *commits;

	if (git == NULL)
		return NULL;
	commits = strake_git_package_history(git, pick->commit, name,
		strake_autospec_is_unimportant, goes_on, &s->versions, error);
	if (commits == NULL)
		g_prefix_error(error, "component '%s': ", pick->component->name);
	return commits;
}

static void compute(const Sequence *s, StrakeAutospec *out)
{
	strake_autospec_compute(
		(const StrakeAutospecCommit *)(void *)s->commits->data, s->commits->len, out);
}

bool strake_history_autospec(StrakeWorkspace *ws, StrakePick *pick, const StrakeSpec *spec,
	StrakeMacros *macros, StrakeAutospec *out, GError **error)
{
	g_autoptr(StrakeSpecVersion) edited = strake_spec_version(spec, macros);
	const GPtrArray *changes =
		strake_project_history_changes(ws->history, pick->component->name);
	g_autoptr(GPtrArray) upstream = NULL;
	g_auto(Sequence) s = {0};

	sequence_init(&s);
	if (!pick->local) {
		upstream = read_upstream(&s, ws, pick, error);
		if (upstream == NULL)
			return false;
	}
	add_top(&s, ws, pick, changes, upstream, edited);
	if (upstream != NULL)
		add_below(&s, ws, pick, changes, upstream);
	else
		add_synthetic(&s, "azldev <azldev@localhost>", 0, "Initial sources", edited);
	compute(&s, out);
	return true;
}

char *strake_history_upstream_release(StrakeWorkspace *ws, StrakePick *pick, GError **error)
{
	g_autoptr(GPtrArray) upstream = NULL;
	g_auto(Sequence) s = {0};
	g_auto(StrakeAutospec) autospec = {0};
	const StrakeAutospecCommit *top;

	sequence_init(&s);
	upstream = read_upstream(&s, ws, pick, error);
	if (upstream == NULL)
		return NULL;
	for (guint i = 0; i < upstream->len; i++)
		add_upstream(&s, upstream->pdata[i]);
	compute(&s, &autospec);
	top = &g_array_index(s.commits, StrakeAutospecCommit, 0);
	return g_strdup_printf("%s%u%s", top->prerelease ? "0." : "",
		autospec.release_number + MAX(top->base, 1u) - 1,
		top->extra != NULL ? top->extra : "");
}
