// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// One package from .deb to RPM: the parts in their order, a second pass when the first one found
// what the payload should have known, and the joining of header and payload.
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "bridge/conversion.h"

StrakeBridgePlan *strake_bridge_plan_new(void)
{
	StrakeBridgePlan *plan = g_new0(StrakeBridgePlan, 1);

	plan->links = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
	plan->modes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	plan->capture = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return plan;
}

void strake_bridge_plan_free(StrakeBridgePlan *plan)
{
	if (plan == NULL)
		return;
	g_hash_table_unref(plan->links);
	g_hash_table_unref(plan->modes);
	g_hash_table_unref(plan->capture);
	g_clear_pointer(&plan->indexes, g_hash_table_unref);
	g_free(plan);
}

static StrakeConversion *conversion_new(void)
{
	StrakeConversion *c = g_new0(StrakeConversion, 1);

	c->files = g_hash_table_new(g_str_hash, g_str_equal);
	c->paths = strake_script_paths_new();
	c->content = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
	c->dep_names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	c->sysusers = g_ptr_array_new_with_free_func(g_free);
	c->tmpfiles = g_ptr_array_new_with_free_func(g_free);
	c->presets = g_ptr_array_new_with_free_func(g_free);
	c->result = strake_bridge_result_new();
	c->next = strake_bridge_plan_new();
	c->inode = 1;
	return c;
}

static void conversion_free(StrakeConversion *c)
{
	if (c == NULL)
		return;
	g_hash_table_unref(c->files);
	strake_script_paths_free(c->paths);
	g_hash_table_unref(c->content);
	g_hash_table_unref(c->dep_names);
	g_ptr_array_unref(c->sysusers);
	g_ptr_array_unref(c->tmpfiles);
	g_ptr_array_unref(c->presets);
	g_clear_pointer(&c->overlays, g_ptr_array_unref);
	g_clear_pointer(&c->rpm, strake_rpm_package_free);
	g_clear_pointer(&c->result, strake_bridge_result_free);
	g_clear_pointer(&c->next, strake_bridge_plan_free);
	g_free(c->name);
	g_free(c);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeConversion, conversion_free)

void strake_conversion_note(StrakeConversion *c, const char *topic, const char *format, ...)
{
	StrakeBridgeNote *note = g_new0(StrakeBridgeNote, 1);
	va_list args;

	note->topic = g_strdup(topic);
	va_start(args, format);
	note->text = g_strdup_vprintf(format, args);
	va_end(args);
	g_ptr_array_add(c->result->notes, note);
}

void strake_conversion_register(StrakeConversion *c, StrakeRpmFile *file)
{
	g_hash_table_insert(c->files, file->path, file);
}

StrakeRpmFile *strake_conversion_add_text(
	StrakeConversion *c, const char *path, unsigned mode, const char *text, size_t size)
{
	g_autoptr(GBytes) bytes = g_bytes_new(text, size);
	StrakeRpmFile *file;

	if (g_hash_table_contains(c->files, path) || strake_conversion_removes(c, path))
		return NULL;
	file = strake_rpm_package_add_content(c->rpm, path, mode, bytes);
	file->flags = strake_bridge_file_flags(path);
	if (g_str_has_prefix(path, "/etc/") || g_str_has_prefix(path, "/var/"))
		file->flags |= STRAKE_RPMFILE_CONFIG | STRAKE_RPMFILE_NOREPLACE;
	strake_conversion_set_attr(c, file);
	strake_conversion_register(c, file);
	return file;
}

static bool write_to_fd(const void *data, size_t size, void *user, GError **error)
{
	return user == NULL ||
	       strake_fd_write_all(GPOINTER_TO_INT(user), data, size, "payload", error);
}

static bool same_keys(GHashTable *a, GHashTable *b)
{
	GHashTableIter iter;
	gpointer key, value, other;

	if (g_hash_table_size(a) != g_hash_table_size(b))
		return false;
	g_hash_table_iter_init(&iter, a);
	while (g_hash_table_iter_next(&iter, &key, &value))
		if (!g_hash_table_lookup_extended(b, key, NULL, &other))
			return false;
	return true;
}

static bool same_modes(GHashTable *plan, GHashTable *next)
{
	GHashTableIter iter;
	gpointer key, value, before;

	g_hash_table_iter_init(&iter, next);
	while (g_hash_table_iter_next(&iter, &key, &value))
		if (!g_hash_table_lookup_extended(plan, key, NULL, &before) || before != value)
			return false;
	return true;
}

/* Whether another pass would write other bytes. Modes and copies of the pass before hold on. */
static bool needs_pass(const StrakeBridgePlan *plan, const StrakeBridgePlan *next)
{
	return !same_keys(plan->links, next->links) || !same_modes(plan->modes, next->modes) ||
	       g_hash_table_size(next->capture) > 0 ||
	       (plan->indexes == NULL && next->indexes != NULL);
}

static void carry_over(const StrakeBridgePlan *plan, StrakeBridgePlan *next)
{
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, plan->modes);
	while (g_hash_table_iter_next(&iter, &key, &value))
		if (!g_hash_table_contains(next->modes, key))
			g_hash_table_insert(next->modes, g_strdup(key), value);
	g_hash_table_iter_init(&iter, plan->capture);
	while (g_hash_table_iter_next(&iter, &key, &value))
		g_hash_table_add(next->capture, g_strdup(key));
}

static void number_files(StrakeConversion *c)
{
	strake_rpm_package_sort_files(c->rpm);
	for (guint i = 0; i < c->rpm->files->len; i++)
		g_hash_table_insert(c->next->indexes,
			g_strdup(((StrakeRpmFile *)c->rpm->files->pdata[i])->path),
			GUINT_TO_POINTER(i + 1));
}

static void set_times(StrakeConversion *c)
{
	c->rpm->build_time = c->newest;
	for (guint i = 0; i < c->rpm->files->len; i++) {
		StrakeRpmFile *file = c->rpm->files->pdata[i];

		if (file->content != NULL || (S_ISLNK(file->mode) && file->mtime == 0))
			file->mtime = c->newest;
	}
}

static bool setup(StrakeConversion *c, GError **error)
{
	c->deb_name = strake_deb_file_package(c->deb);
	c->name = g_strdup(strake_bridge_renamed(c->bridge, c->deb_name));
	return strake_conversion_load_overlays(c, strake_bridge_inherited(c->bridge), error) &&
	       strake_conversion_identity(c, error);
}

/* One pass: everything but the joining. */
static bool run_pass(
	StrakeConversion *c, StrakeRpmPayload *payload, StrakeRpmPayloadInfo *info, GError **error)
{
	if (!setup(c, error) || !strake_conversion_files(c, payload, error))
		return false;
	strake_conversion_license(c);
	if (!strake_conversion_overlays(c, error) || !strake_conversion_scripts(c, error) ||
		!strake_conversion_depends(c, error) || !strake_conversion_accounts(c, error) ||
		!strake_conversion_check_hits(c, error))
		return false;
	set_times(c);
	if (c->next->indexes != NULL)
		number_files(c);
	if (needs_pass(c->plan, c->next))
		return true;
	return strake_rpm_package_payload(c->rpm, payload, c->inode, error) &&
	       strake_rpm_payload_finish(payload, info, error);
}

static void fill_result(StrakeConversion *c)
{
	StrakeBridgeResult *r = c->result;
	const StrakeRpmPackage *p = c->rpm;
	const StrakeComponent *component = c->component;

	r->name = g_strdup(p->name);
	r->version = g_strdup(p->version);
	r->release = g_strdup(p->release);
	r->epoch = p->epoch;
	r->arch = g_strdup(p->arch);
	if (p->epoch >= 0)
		r->nevra = g_strdup_printf("%s-%" G_GINT64_FORMAT ":%s-%s.%s", p->name, p->epoch,
			p->version, p->release, p->arch);
	else
		r->nevra = g_strdup_printf("%s-%s-%s.%s", p->name, p->version, p->release, p->arch);
	r->file_name = strake_rpm_package_file_name(p);
	r->deb_name = g_strdup(c->deb_name);
	r->deb_version = g_strdup(strake_deb_file_version(c->deb));
	r->deb_arch = g_strdup(strake_deb_file_architecture(c->deb));
	r->n_files = p->files->len;
	for (guint i = 0; i < p->files->len; i++) {
		const StrakeRpmFile *file = p->files->pdata[i];
		const GPtrArray *names = g_hash_table_lookup(c->next->links, file->path);

		if (names == NULL || strcmp(names->pdata[0], file->path) == 0)
			r->installed_size += file->size;
	}
	r->accepted = r->unhandled->len == 0;
	if (!r->accepted && component != NULL && component->allow_unhandled) {
		r->accepted = true;
		r->allow_reason = g_strdup(component->allow_reason);
	}
	if (c->n_removed > 0)
		strake_conversion_note(
			c, "file", "%u entries are left out (changelogs, overlays)", c->n_removed);
	if (c->n_links > 0)
		strake_conversion_note(c, "file", "%u hard links", c->n_links);
}

/* The front and the payload as one object. */
static bool join(StrakeConversion *c, int payload_fd, const StrakeRpmPayloadInfo *info,
	StrakeStore *store, GError **error)
{
	enum { CHUNK = 1 << 20 };
	g_autoptr(GBytes) front = strake_rpm_write_front(c->rpm, info, c->level, error);
	g_autoptr(StrakeStoreWriter) writer = NULL;
	g_autoptr(StrakeDigest) digest = strake_digest_new(STRAKE_DIGEST_SHA256);
	g_autofree void *chunk = NULL;
	char hex[STRAKE_DIGEST_HEX_MAX];
	size_t got;
	int fd;

	if (front == NULL)
		return false;
	c->result->rpm_size = g_bytes_get_size(front) + info->size;
	if (store == NULL)
		return true;
	writer = strake_store_begin(store, error);
	if (writer == NULL)
		return false;
	fd = strake_store_writer_fd(writer);
	strake_digest_update(digest, g_bytes_get_data(front, NULL), g_bytes_get_size(front));
	if (!strake_fd_write_all(fd, g_bytes_get_data(front, NULL), g_bytes_get_size(front),
		    c->result->file_name, error))
		return false;
	if (lseek(payload_fd, 0, SEEK_SET) < 0)
		return strake_error_errno(error, errno, "rewind", "payload");
	chunk = g_malloc(CHUNK);
	while (true) {
		if (!strake_fd_read_full(payload_fd, chunk, CHUNK, &got, "payload", error))
			return false;
		if (got == 0)
			break;
		strake_digest_update(digest, chunk, got);
		if (!strake_fd_write_all(fd, chunk, got, c->result->file_name, error))
			return false;
	}
	strake_digest_hex(digest, hex);
	return strake_store_commit(writer, hex, &c->result->rpm_sha256, error);
}

/* One whole try under @plan; *@out_again tells that @c->next wants another. */
static bool try_plan(StrakeConversion *c, StrakeStore *store, bool *out_again, GError **error)
{
	g_autoptr(StrakeStoreWriter) spool = strake_store_begin(c->store, error); // never committed
	g_autoptr(StrakeRpmPayload) payload = NULL;
	StrakeRpmPayloadInfo info;
	int fd;

	if (spool == NULL)
		return false;
	fd = strake_store_writer_fd(spool);
	payload = strake_rpm_payload_new(c->level, c->plan->indexes != NULL, write_to_fd,
		store != NULL ? GINT_TO_POINTER(fd) : NULL, error);
	if (payload == NULL || !run_pass(c, payload, &info, error))
		return false;
	*out_again = needs_pass(c->plan, c->next);
	if (*out_again)
		return true;
	fill_result(c);
	return join(c, fd, &info, store, error);
}

StrakeBridgeResult *strake_bridge_convert(const StrakeBridge *bridge, StrakeStore *store,
	const StrakeComponent *component, const StrakeDebFile *deb, int level, bool following,
	GError **error)
{
	enum { MAX_PASSES = 4 };
	g_autoptr(StrakeBridgePlan) plan = strake_bridge_plan_new();

	for (int pass = 0; pass < MAX_PASSES; pass++) {
		g_autoptr(StrakeConversion) c = conversion_new();
		bool again = false;

		c->bridge = bridge;
		c->component = component;
		c->deb = deb;
		c->store = strake_bridge_store(bridge);
		c->level = level > 0 ? level : STRAKE_BRIDGE_LEVEL;
		c->following = following;
		c->plan = plan;
		if (!try_plan(c, store, &again, error)) {
			g_prefix_error(error, "%s: ", strake_deb_file_package(deb));
			return NULL;
		}
		if (!again)
			return g_steal_pointer(&c->result);
		carry_over(plan, c->next);
		strake_bridge_plan_free(plan);
		plan = g_steal_pointer(&c->next);
	}
	strake_error_set(error, STRAKE_ERROR_FAILED,
		"%s: the payload does not settle after %d passes; this is a bug of the bridge",
		strake_deb_file_package(deb), MAX_PASSES);
	return NULL;
}
