// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// XML pieces by libcreaterepo_c, kept in the store; files compressed by us, since the library's
// 0.17 of Debian 12 cannot write zstd.
#include "repo/metadata_private.h"

#include <createrepo_c/parsepkg.h>
#include <createrepo_c/repomd.h>
#include <createrepo_c/xml_dump.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/parallel.h"
#include "base/path.h"
#include "format/rpm_read.h"

// Changes when the XML would come out different.
#define METADATA_VERSION "1"
#define KEY_KIND "rpm-md"

enum { ZSTD_LEVEL = 10, CHANGELOG_LIMIT = 10 };

G_DEFINE_AUTOPTR_CLEANUP_FUNC(cr_Package, cr_package_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(cr_Repomd, cr_repomd_free)

void strake_metadata_free(StrakeMetadata *metadata)
{
	if (metadata == NULL)
		return;
	g_free(metadata->name);
	g_free(metadata->nevra);
	g_free(metadata->arch);
	g_free(metadata->location);
	g_free(metadata->sha256);
	for (int kind = 0; kind < STRAKE_METADATA_N_KINDS; kind++)
		g_clear_pointer(&metadata->xml[kind], g_bytes_unref);
	g_free(metadata);
}

void strake_metadata_init(void)
{
	cr_package_parser_init();
	cr_xml_dump_init();
}

// -- one package

static cr_Package *parse_package(
	const char *path, const StrakeRpm *rpm, const char *sha256, GError **error)
{
	g_autoptr(cr_Package) package =
		cr_package_from_rpm_base(path, CHANGELOG_LIMIT, CR_HDRR_NONE, error);
	g_autofree char *href = NULL;

	if (package == NULL)
		return NULL;
	href = g_strdup_printf("Packages/%c/%s-%s-%s.%s.rpm", g_ascii_tolower(*package->name),
		package->name, package->version, package->release, package->arch);
	package->pkgId = g_string_chunk_insert(package->chunk, sha256);
	package->checksum_type = g_string_chunk_insert(package->chunk, "sha256");
	package->location_href = g_string_chunk_insert(package->chunk, href);
	package->rpm_header_start = (gint64)rpm->header_offset;
	package->rpm_header_end = (gint64)rpm->payload_offset;
	package->size_package = (gint64)g_bytes_get_size(rpm->bytes);
	// The file's own time would be that of the publishing.
	package->time_file = package->time_build;
	return g_steal_pointer(&package);
}

static bool dump_xml(cr_Package *package, StrakeMetadata *metadata, GError **error)
{
	char *(*const dump[])(cr_Package *, GError **) = {
		cr_xml_dump_primary, cr_xml_dump_filelists, cr_xml_dump_other};

	for (int kind = 0; kind < STRAKE_METADATA_N_KINDS; kind++) {
		char *text = dump[kind](package, error);

		if (text == NULL)
			return false;
		metadata->xml[kind] = g_bytes_new_take(text, strlen(text));
	}
	return true;
}

static StrakeMetadata *make_metadata(StrakeStore *store, const char *sha256, GError **error)
{
	g_autoptr(StrakeMetadata) metadata = g_new0(StrakeMetadata, 1);
	g_autofree char *path = strake_store_object_path(store, sha256);
	g_autoptr(GBytes) bytes = strake_store_map_object(store, sha256, error);
	g_autoptr(StrakeRpm) rpm = bytes != NULL ? strake_rpm_parse(bytes, error) : NULL;
	g_autoptr(cr_Package) package = NULL;

	if (rpm == NULL)
		return NULL;
	package = parse_package(path, rpm, sha256, error);
	if (package == NULL || !dump_xml(package, metadata, error)) {
		g_prefix_error(error, "metadata of '%s': ", path);
		return NULL;
	}
	metadata->name = g_strdup(package->name);
	metadata->nevra = g_strdup_printf("%s-%s:%s-%s.%s", package->name, package->epoch,
		package->version, package->release, package->arch);
	metadata->arch = g_strdup(package->arch);
	metadata->location = g_strdup(package->location_href);
	metadata->sha256 = g_strdup(sha256);
	metadata->size_bytes = g_bytes_get_size(bytes);
	metadata->build_time_s = package->time_build;
	return g_steal_pointer(&metadata);
}

// Kept form: a serialised GVariant, which is checked on reading.
#define VARIANT_TYPE "(ssssstxayayay)"

static GVariant *xml_variant(GBytes *xml)
{
	return g_variant_new_from_bytes(G_VARIANT_TYPE_BYTESTRING, xml, TRUE);
}

static GBytes *pack(const StrakeMetadata *m)
{
	g_autoptr(GVariant) variant = g_variant_ref_sink(g_variant_new("(ssssstx@ay@ay@ay)",
		m->name, m->nevra, m->arch, m->location, m->sha256, m->size_bytes, m->build_time_s,
		xml_variant(m->xml[0]), xml_variant(m->xml[1]), xml_variant(m->xml[2])));

	return g_variant_get_data_as_bytes(variant);
}

static StrakeMetadata *unpack(GBytes *bytes)
{
	g_autoptr(GVariant) variant = g_variant_ref_sink(
		g_variant_new_from_bytes(G_VARIANT_TYPE(VARIANT_TYPE), bytes, FALSE));
	StrakeMetadata *m;
	GVariant *xml[STRAKE_METADATA_N_KINDS];

	if (!g_variant_is_normal_form(variant))
		return NULL;
	m = g_new0(StrakeMetadata, 1);
	g_variant_get(variant, "(ssssstx@ay@ay@ay)", &m->name, &m->nevra, &m->arch, &m->location,
		&m->sha256, &m->size_bytes, &m->build_time_s, &xml[0], &xml[1], &xml[2]);
	for (int kind = 0; kind < STRAKE_METADATA_N_KINDS; kind++) {
		m->xml[kind] = g_variant_get_data_as_bytes(xml[kind]);
		g_variant_unref(xml[kind]);
	}
	return m;
}

StrakeMetadata *strake_metadata_load(StrakeStore *store, const char *sha256, GError **error)
{
	g_autofree char *text = g_strdup_printf("metadata " METADATA_VERSION " %s", sha256);
	g_autofree char *key = strake_digest_data(STRAKE_DIGEST_SHA256, text, strlen(text));
	g_autoptr(GBytes) kept = strake_store_get_key(store, KEY_KIND, key, NULL);
	g_autoptr(StrakeMetadata) metadata = kept != NULL ? unpack(kept) : NULL;
	g_autoptr(GBytes) packed = NULL;
	gsize size;
	const void *data;

	if (metadata != NULL && g_strcmp0(metadata->sha256, sha256) == 0)
		return g_steal_pointer(&metadata);
	g_clear_pointer(&metadata, strake_metadata_free);
	metadata = make_metadata(store, sha256, error);
	if (metadata == NULL)
		return NULL;
	packed = pack(metadata);
	data = g_bytes_get_data(packed, &size);
	if (!strake_store_put_key(store, KEY_KIND, key, data, size, error))
		return NULL;
	return g_steal_pointer(&metadata);
}

// -- the files

typedef struct {
	const char *type;
	const char *open; // up to the package count
	const char *close;
} FileForm;

static const FileForm forms[STRAKE_METADATA_N_KINDS] = {
	{"primary",
         "<metadata xmlns=\"http://linux.duke.edu/metadata/common\" "
		"xmlns:rpm=\"http://linux.duke.edu/metadata/rpm\"",		    "</metadata>\n" },
	{"filelists", "<filelists xmlns=\"http://linux.duke.edu/metadata/filelists\"",
         "</filelists>\n"									      },
	{"other",     "<otherdata xmlns=\"http://linux.duke.edu/metadata/other\"",     "</otherdata>\n"},
};

typedef struct {
	const char *type;
	char *href;
	char *sha256, *open_sha256;
	size_t size, open_size;
} Record;

typedef struct {
	int dir_fd;
	GPtrArray *packages;
	GBytes *updateinfo;
	Record records[STRAKE_METADATA_N_KINDS + 1];
} Write;

static void write_clear(Write *write)
{
	for (size_t i = 0; i < G_N_ELEMENTS(write->records); i++) {
		g_free(write->records[i].href);
		g_free(write->records[i].sha256);
		g_free(write->records[i].open_sha256);
	}
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Write, write_clear)

static GString *join(GPtrArray *packages, int kind)
{
	GString *text = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");

	g_string_append_printf(text, "%s packages=\"%u\">\n", forms[kind].open, packages->len);
	for (guint i = 0; i < packages->len; i++) {
		const StrakeMetadata *metadata = g_ptr_array_index(packages, i);
		gsize size;
		const char *xml = g_bytes_get_data(metadata->xml[kind], &size);

		g_string_append_len(text, xml, (gssize)size);
		if (size > 0 && xml[size - 1] != '\n')
			g_string_append_c(text, '\n');
	}
	g_string_append(text, forms[kind].close);
	return text;
}

static bool write_compressed(
	Write *write, Record *record, const void *data, size_t size, GError **error)
{
	size_t room = ZSTD_compressBound(size);
	g_autofree char *out = g_try_malloc(room);
	ZSTD_CCtx *context = out != NULL ? ZSTD_createCCtx() : NULL;
	size_t n;

	if (context == NULL)
		return strake_error_set(error, STRAKE_ERROR_LIMIT,
			"not enough memory for the %s metadata", record->type);
	ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, ZSTD_LEVEL);
	ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
	n = ZSTD_compress2(context, out, room, data, size);
	ZSTD_freeCCtx(context);
	if (ZSTD_isError(n))
		return strake_error_set(error, STRAKE_ERROR_FAILED, "compress %s metadata: %s",
			record->type, ZSTD_getErrorName(n));
	record->size = n;
	record->open_size = size;
	record->sha256 = strake_digest_data(STRAKE_DIGEST_SHA256, out, n);
	record->open_sha256 = strake_digest_data(STRAKE_DIGEST_SHA256, data, size);
	record->href = g_strdup_printf("repodata/%s-%s.xml.zst", record->sha256, record->type);
	return strake_file_write_at(write->dir_fd, record->href, out, n, 0644, error);
}

static bool write_kind(size_t index, void *data, GError **error)
{
	Write *write = data;
	Record *record = &write->records[index];
	g_autoptr(GString) text = NULL;

	if (index == STRAKE_METADATA_N_KINDS) {
		gsize size;
		const void *bytes = g_bytes_get_data(write->updateinfo, &size);

		record->type = "updateinfo";
		return write_compressed(write, record, bytes, size, error);
	}
	record->type = forms[index].type;
	text = join(write->packages, (int)index);
	return write_compressed(write, record, text->str, text->len, error);
}

static cr_RepomdRecord *make_record(const Record *record, int64_t time_s)
{
	cr_RepomdRecord *out = cr_repomd_record_new(record->type, NULL);

	out->location_href = g_string_chunk_insert(out->chunk, record->href);
	out->checksum = g_string_chunk_insert(out->chunk, record->sha256);
	out->checksum_type = g_string_chunk_insert(out->chunk, "sha256");
	out->checksum_open = g_string_chunk_insert(out->chunk, record->open_sha256);
	out->checksum_open_type = g_string_chunk_insert(out->chunk, "sha256");
	out->size = (gint64)record->size;
	out->size_open = (gint64)record->open_size;
	out->timestamp = time_s;
	return out;
}

static bool write_repomd(
	const Write *write, size_t n_records, int64_t time_s, GBytes **out_repomd, GError **error)
{
	g_autoptr(cr_Repomd) repomd = cr_repomd_new();
	g_autofree char *revision = g_strdup_printf("%" G_GINT64_FORMAT, time_s);
	char *text;

	cr_repomd_set_revision(repomd, revision);
	for (size_t i = 0; i < n_records; i++)
		cr_repomd_set_record(repomd, make_record(&write->records[i], time_s));
	cr_repomd_sort_records(repomd);
	text = cr_xml_dump_repomd(repomd, error);
	if (text == NULL)
		return false;
	*out_repomd = g_bytes_new_take(text, strlen(text));
	return strake_file_write_at(
		write->dir_fd, "repodata/repomd.xml", text, strlen(text), 0644, error);
}

bool strake_metadata_write(int dir_fd, GPtrArray *packages, GBytes *updateinfo, GBytes **out_repomd,
	int64_t *out_time_s, GError **error)
{
	g_auto(Write) write = {.dir_fd = dir_fd, .packages = packages, .updateinfo = updateinfo};
	size_t n = STRAKE_METADATA_N_KINDS + (updateinfo != NULL ? 1 : 0);
	int64_t time_s = 0;

	for (guint i = 0; i < packages->len; i++) {
		const StrakeMetadata *metadata = g_ptr_array_index(packages, i);
		time_s = MAX(time_s, metadata->build_time_s);
	}
	if (!strake_path_mkdirs(dir_fd, "repodata", error) ||
		!strake_parallel_for(n, 0, write_kind, &write, error) ||
		!write_repomd(&write, n, time_s, out_repomd, error))
		return false;
	*out_time_s = time_s;
	return true;
}
