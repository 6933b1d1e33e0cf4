// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Two chained hash tables over slices of the Packages text.
#include "format/deb_index.h"

#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/path.h"

typedef struct {
	GBytes *bytes;
	const char *text;
	char *name;
} Source;

typedef struct {
	uint32_t offset; // of the stanza in its source
	uint32_t line;
	uint32_t name; // offset of the package name
	uint8_t name_size;
	uint8_t source;
	StrakeDebId next; // in the chain of its hash bucket
} Record;

typedef struct {
	uint32_t name; // offset of the provided name
	StrakeDebId package;
	uint32_t next; // in the chain of its hash bucket
} Provide;

struct StrakeDebIndex {
	GPtrArray *sources; // of Source
	GArray *records;    // of Record, by id
	GArray *provides;   // of Provide
	uint32_t *buckets;  // of records, then of provides
	uint32_t *provide_buckets;
	uint32_t n_buckets; // a power of two
};

enum { FIRST_BUCKETS = 1 << 10, NONE = UINT32_MAX, SOURCES_MAX = 255 };

static void source_free(gpointer data)
{
	Source *source = data;

	g_bytes_unref(source->bytes);
	g_free(source->name);
	g_free(source);
}

StrakeDebIndex *strake_deb_index_new(void)
{
	StrakeDebIndex *index = g_new0(StrakeDebIndex, 1);

	index->sources = g_ptr_array_new_with_free_func(source_free);
	index->records = g_array_new(FALSE, FALSE, sizeof(Record));
	index->provides = g_array_new(FALSE, FALSE, sizeof(Provide));
	return index;
}

void strake_deb_index_free(StrakeDebIndex *index)
{
	if (index == NULL)
		return;
	g_ptr_array_unref(index->sources);
	g_array_unref(index->records);
	g_array_unref(index->provides);
	g_free(index->buckets);
	g_free(index->provide_buckets);
	g_free(index);
}

uint32_t strake_deb_index_size(const StrakeDebIndex *index)
{
	return index->records->len;
}

static Record *record_at(const StrakeDebIndex *index, StrakeDebId id)
{
	return &g_array_index(index->records, Record, id);
}

static const char *text_of(const StrakeDebIndex *index, const Record *record)
{
	const Source *source = g_ptr_array_index(index->sources, record->source);

	return source->text;
}

StrakeDebSlice strake_deb_index_name(const StrakeDebIndex *index, StrakeDebId id)
{
	const Record *record = record_at(index, id);

	return (StrakeDebSlice){
		.data = text_of(index, record) + record->name, .size = record->name_size};
}

// FNV-1a; the names are checked text of a signed file, so no attacker picks them.
static uint32_t hash(const char *data, size_t size)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < size; i++)
		h = (h ^ (uint8_t)data[i]) * 16777619u;
	return h ^ (h >> 15);
}

static bool in_name(char c)
{
	return g_ascii_isalnum(c) || c == '+' || c == '-' || c == '.' || c == '_';
}

// The provided name ends where its characters end; it is not stored with a size.
static StrakeDebSlice provided_name(const StrakeDebIndex *index, const Provide *provide)
{
	const char *at = text_of(index, record_at(index, provide->package)) + provide->name;
	size_t size = 0;

	while (in_name(at[size])) // the stanza ends with other characters than these
		size++;
	return (StrakeDebSlice){.data = at, .size = size};
}

// -- filling

static void rehash(StrakeDebIndex *index, uint32_t n_buckets)
{
	uint32_t mask = n_buckets - 1;

	index->n_buckets = n_buckets;
	g_free(index->buckets);
	g_free(index->provide_buckets);
	index->buckets = g_new(uint32_t, n_buckets);
	index->provide_buckets = g_new(uint32_t, n_buckets);
	memset(index->buckets, 0xff, n_buckets * sizeof(uint32_t));
	memset(index->provide_buckets, 0xff, n_buckets * sizeof(uint32_t));
	// Backwards, so that chains keep the order of the files.
	for (uint32_t i = index->records->len; i-- > 0;) {
		StrakeDebSlice name = strake_deb_index_name(index, i);
		uint32_t *bucket = &index->buckets[hash(name.data, name.size) & mask];

		record_at(index, i)->next = *bucket;
		*bucket = i;
	}
	for (uint32_t i = index->provides->len; i-- > 0;) {
		Provide *provide = &g_array_index(index->provides, Provide, i);
		StrakeDebSlice name = provided_name(index, provide);
		uint32_t *bucket = &index->provide_buckets[hash(name.data, name.size) & mask];

		provide->next = *bucket;
		*bucket = i;
	}
}

static void add_provides(StrakeDebIndex *index, const char *text, StrakeDebSlice value)
{
	const char *at = value.data;
	const char *end = value.data + value.size;

	while (at < end) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		Provide provide = {.package = index->records->len};

		while (at < end && g_ascii_isspace(*at))
			at++;
		provide.name = (uint32_t)(at - text);
		if (at < end && in_name(*at))
			g_array_append_val(index->provides, provide);
		at = comma != NULL ? comma + 1 : end;
	}
}

static bool add_stanza(
	StrakeDebIndex *index, const char *text, const StrakeDebStanza *stanza, GError **error)
{
	const StrakeDebField *name = strake_deb_stanza_find(stanza, "Package");
	const StrakeDebField *provides = strake_deb_stanza_find(stanza, "Provides");
	StrakeOrigin at = {.file = stanza->file, .line = stanza->line};
	Record record = {
		.offset = (uint32_t)(stanza->text.data - text),
		.line = stanza->line,
		.source = (uint8_t)(index->sources->len - 1),
	};

	if (name == NULL || name->value.size == 0 || name->value.size > UINT8_MAX)
		return strake_error_at(
			error, STRAKE_ERROR_INVALID, at, "a stanza without a field 'Package'");
	for (size_t i = 0; i < name->value.size; i++)
		if (!in_name(name->value.data[i]))
			return strake_error_at(error, STRAKE_ERROR_INVALID, at,
				"'%.*s' is not a package name", (int)name->value.size,
				name->value.data);
	record.name = (uint32_t)(name->value.data - text);
	record.name_size = (uint8_t)name->value.size;
	if (provides != NULL)
		add_provides(index, text, provides->value);
	g_array_append_val(index->records, record);
	return true;
}

static bool add_all(StrakeDebIndex *index, const Source *source, size_t size, GError **error)
{
	g_autoptr(StrakeDebControl) control =
		strake_deb_control_new(source->text, size, source->name);
	const StrakeDebStanza *stanza;

	for (;;) {
		if (!strake_deb_control_next(control, &stanza, error))
			return false;
		if (stanza == NULL)
			return true;
		if (!add_stanza(index, source->text, stanza, error))
			return false;
	}
}

bool strake_deb_index_add(StrakeDebIndex *index, GBytes *packages, const char *name, GError **error)
{
	guint records = index->records->len;
	guint provides = index->provides->len;
	size_t size = g_bytes_get_size(packages);
	uint32_t n_buckets = FIRST_BUCKETS;
	Source *source;
	bool good;

	if (size > UINT32_MAX || index->sources->len == SOURCES_MAX)
		return strake_error_set(
			error, STRAKE_ERROR_LIMIT, "%s: too large for the index", name);
	source = g_new0(Source, 1);
	source->bytes = g_bytes_ref(packages);
	source->text = g_bytes_get_data(packages, NULL);
	source->name = g_strdup(name);
	// A provided name is read up to its first other character, which must be there.
	if (size > 0 && source->text[size - 1] != '\n') {
		char *copy = g_malloc(size + 1);

		memcpy(copy, source->text, size);
		copy[size] = '\n';
		g_bytes_unref(source->bytes);
		source->bytes = g_bytes_new_take(copy, size + 1);
		source->text = g_bytes_get_data(source->bytes, NULL);
	}
	g_ptr_array_add(index->sources, source);
	good = add_all(index, source, size, error);
	if (!good) {
		g_array_set_size(index->records, records);
		g_array_set_size(index->provides, provides);
	}
	while (n_buckets < MAX(index->records->len, index->provides->len))
		n_buckets *= 2;
	rehash(index, n_buckets);
	return good;
}

// -- asking

static bool slice_is(StrakeDebSlice slice, const char *name, size_t size)
{
	return slice.size == size && memcmp(slice.data, name, size) == 0;
}

static StrakeDebId find_from(
	const StrakeDebIndex *index, StrakeDebId id, const char *name, size_t size)
{
	while (id != NONE && !slice_is(strake_deb_index_name(index, id), name, size))
		id = record_at(index, id)->next;
	return id;
}

StrakeDebId strake_deb_index_find(const StrakeDebIndex *index, const char *name)
{
	size_t size = strlen(name);

	if (index->n_buckets == 0)
		return NONE;
	return find_from(
		index, index->buckets[hash(name, size) & (index->n_buckets - 1)], name, size);
}

StrakeDebId strake_deb_index_next(const StrakeDebIndex *index, StrakeDebId id)
{
	StrakeDebSlice name = strake_deb_index_name(index, id);

	return find_from(index, record_at(index, id)->next, name.data, name.size);
}

void strake_deb_index_providers(const StrakeDebIndex *index, const char *name, GArray *out)
{
	size_t size = strlen(name);
	uint32_t i;

	if (index->n_buckets == 0)
		return;
	i = index->provide_buckets[hash(name, size) & (index->n_buckets - 1)];
	while (i != NONE) {
		const Provide *provide = &g_array_index(index->provides, Provide, i);

		if (slice_is(provided_name(index, provide), name, size))
			g_array_append_val(out, provide->package);
		i = provide->next;
	}
}

StrakeDebSlice strake_deb_index_nearest(const StrakeDebIndex *index, const char *asked)
{
	size_t size = strlen(asked);
	StrakeDebSlice best = {.data = NULL, .size = 0};
	size_t best_common = MAX(size / 2, 2);

	// The longest common beginning, then the shortest name: what a person drops or adds is
	// mostly an ending ("libfoo1" for "libfoo1t64").
	for (uint32_t i = 0; i < index->records->len; i++) {
		StrakeDebSlice name = strake_deb_index_name(index, i);
		size_t common = 0;

		while (common < size && common < name.size && name.data[common] == asked[common])
			common++;
		if (common < best_common ||
			(common == best_common && best.data != NULL && name.size >= best.size))
			continue;
		best = name;
		best_common = common;
	}
	return best;
}

// -- one package

void strake_deb_package_free(StrakeDebPackage *package)
{
	if (package == NULL)
		return;
	g_free(package->name);
	g_free(package->version);
	g_free(package->architecture);
	g_free(package->filename);
	g_free(package->sha256);
	g_clear_pointer(&package->depends, g_ptr_array_unref);
	g_clear_pointer(&package->provides, g_ptr_array_unref);
	g_free(package);
}

static int priority_of(const StrakeDebStanza *stanza)
{
	static const char *const names[] = {"required", "important", "standard", "optional"};
	const StrakeDebField *field = strake_deb_stanza_find(stanza, "Priority");

	for (size_t i = 0; field != NULL && i < G_N_ELEMENTS(names); i++)
		if (strake_deb_slice_equal(field->value, names[i]))
			return (int)i;
	return G_N_ELEMENTS(names);
}

static bool take_relations(
	const StrakeDebStanza *stanza, const char *name, GPtrArray *to, GError **error)
{
	const StrakeDebField *field = strake_deb_stanza_find(stanza, name);
	g_autoptr(GPtrArray) groups = NULL;

	if (field == NULL)
		return true;
	if (!strake_deb_relations_parse_n(field->value.data, field->value.size,
		    strake_deb_stanza_origin(stanza, name), &groups, error)) {
		g_prefix_error(error, "%s: ", name);
		return false;
	}
	while (groups->len > 0)
		g_ptr_array_add(to, g_ptr_array_steal_index(groups, 0));
	return true;
}

static bool take_file(StrakeDebPackage *package, const StrakeDebStanza *stanza, GError **error)
{
	g_autofree char *size = NULL;
	guint64 value = 0;

	package->filename = strake_deb_stanza_need(stanza, "Filename", error);
	package->sha256 =
		package->filename != NULL ? strake_deb_stanza_need(stanza, "SHA256", error) : NULL;
	size = package->sha256 != NULL ? strake_deb_stanza_need(stanza, "Size", error) : NULL;
	if (size == NULL)
		return false;
	if (g_str_has_prefix(package->filename, "./"))
		memmove(package->filename, package->filename + 2, strlen(package->filename) - 1);
	if (!strake_path_is_clean(package->filename))
		return strake_error_at(error, STRAKE_ERROR_INVALID,
			strake_deb_stanza_origin(stanza, "Filename"),
			"'%s' is not a path below the archive", package->filename);
	if (!strake_digest_is_hex(STRAKE_DIGEST_SHA256, package->sha256))
		return strake_error_at(error, STRAKE_ERROR_INVALID,
			strake_deb_stanza_origin(stanza, "SHA256"), "'%s' is not a SHA-256",
			package->sha256);
	if (!g_ascii_string_to_unsigned(size, 10, 1, G_MAXINT64, &value, NULL))
		return strake_error_at(error, STRAKE_ERROR_INVALID,
			strake_deb_stanza_origin(stanza, "Size"), "'%s' is not a size", size);
	package->size = value;
	return true;
}

static bool take_stanza(StrakeDebPackage *package, const StrakeDebStanza *stanza, GError **error)
{
	const StrakeDebField *essential = strake_deb_stanza_find(stanza, "Essential");

	package->name = strake_deb_stanza_need(stanza, "Package", error);
	if (package->name == NULL)
		return false;
	package->version = strake_deb_stanza_need(stanza, "Version", error);
	if (package->version == NULL)
		return false;
	package->architecture = strake_deb_stanza_need(stanza, "Architecture", error);
	if (package->architecture == NULL)
		return false;
	if (!strake_deb_version_check(package->version, error)) {
		StrakeOrigin at = strake_deb_stanza_origin(stanza, "Version");

		g_prefix_error(error, "%s:%u: ", at.file, at.line);
		return false;
	}
	package->priority = priority_of(stanza);
	package->essential = essential != NULL && strake_deb_slice_equal(essential->value, "yes");
	return take_file(package, stanza, error) &&
	       take_relations(stanza, "Pre-Depends", package->depends, error) &&
	       take_relations(stanza, "Depends", package->depends, error) &&
	       take_relations(stanza, "Provides", package->provides, error);
}

StrakeDebControl *strake_deb_index_reader(const StrakeDebIndex *index, StrakeDebId id)
{
	const Record *record = record_at(index, id);
	const Source *source = g_ptr_array_index(index->sources, record->source);

	return strake_deb_control_new_at(source->text + record->offset,
		g_bytes_get_size(source->bytes) - record->offset, source->name, record->line);
}

StrakeDebPackage *strake_deb_index_package(
	const StrakeDebIndex *index, StrakeDebId id, GError **error)
{
	const Record *record = record_at(index, id);
	const Source *source = g_ptr_array_index(index->sources, record->source);
	g_autoptr(StrakeDebControl) control = strake_deb_index_reader(index, id);
	g_autoptr(StrakeDebPackage) package = g_new0(StrakeDebPackage, 1);
	const StrakeDebStanza *stanza = NULL;

	package->id = id;
	package->origin = (StrakeOrigin){.file = source->name, .line = record->line};
	package->depends =
		g_ptr_array_new_with_free_func((GDestroyNotify)strake_deb_relation_group_free);
	package->provides =
		g_ptr_array_new_with_free_func((GDestroyNotify)strake_deb_relation_group_free);
	if (!strake_deb_control_next(control, &stanza, error) ||
		!take_stanza(package, stanza, error))
		return NULL;
	return g_steal_pointer(&package);
}
