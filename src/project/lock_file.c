// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What we write has one fixed form, and thousands of locks are read for the sake of one: a text in
// that form is scanned once, its strings stay where they are. Any other text goes through the TOML
// reader and the tables that everything is read by, which also words the errors.
#include "project/lock_private.h"

#include <string.h>

#include "format/toml.h"
#include "project/tables.h"

typedef struct {
	StrakeComponentLock lock;
	char *inputs_at; // lines that are not in @lock.inputs yet, NULL: they are
	char *inputs_end;
} Entry;

struct StrakeLockFile {
	char *name;
	char *text;         // NULL: read by tables
	StrakeArena *arena; // of what was read by tables, and of inputs
	GArray *entries;    // of Entry, sorted by name
	GMutex lock;        // of inputs and of @arena
};

#define AT(m) offsetof(StrakeComponentLock, m)
#define LOCK_FIELDS(base)                                                                          \
	{.key = "import-commit",                                                                   \
		.kind = STRAKE_FIELD_STRING,                                                       \
		.offset = (base) + AT(import_commit)},                                             \
		{.key = "upstream-commit",                                                         \
			.kind = STRAKE_FIELD_STRING,                                               \
			.offset = (base) + AT(upstream_commit)},                                   \
		{.key = "manual-bump",                                                             \
			.kind = STRAKE_FIELD_INT,                                                  \
			.offset = (base) + AT(manual_bump),                                        \
			.max = 1000000},                                                           \
		{.key = "input-fingerprint",                                                       \
			.kind = STRAKE_FIELD_STRING,                                               \
			.offset = (base) + AT(input_fingerprint)},                                 \
	{                                                                                          \
		.key = "resolution-input-hash", .kind = STRAKE_FIELD_STRING,                       \
		.offset = (base) + AT(resolution_input_hash)                                       \
	}

static const StrakeField lock_fields[] = {
	LOCK_FIELDS(0),
	{.key = "inputs", .kind = STRAKE_FIELD_MAP, .offset = AT(inputs)},
	{0},
};
static const StrakeSchema lock_schema = {.title = "component lock",
	.size = sizeof(StrakeComponentLock),
	.fields = lock_fields,
	.has_name = true,
	.has_origin = true,
	.origin_offset = AT(at)};

// A whole file as the tables see it.
typedef struct {
	int version;
	StrakeComponentLock lock; // azldev: the whole file
	GPtrArray *components;    // ours
} Tables;

#define VERSION_FIELD                                                                              \
	{                                                                                          \
		.key = "version", .kind = STRAKE_FIELD_INT, .offset = offsetof(Tables, version),   \
		.min = STRAKE_LOCK_VERSION, .max = STRAKE_LOCK_VERSION,                            \
		.flags = STRAKE_FIELD_REQUIRED                                                     \
	}

static const StrakeField azldev_fields[] = {
	VERSION_FIELD,
	LOCK_FIELDS(offsetof(Tables, lock)),
	{0},
};
static const StrakeSchema azldev_schema = {
	.title = "lock file", .size = sizeof(Tables), .fields = azldev_fields};

static const StrakeField own_fields[] = {
	VERSION_FIELD,
	{.key = "components",
		.kind = STRAKE_FIELD_NAMED,
		.offset = offsetof(Tables, components),
		.schema = &lock_schema},
	{0},
};
static const StrakeSchema own_schema = {
	.title = "lock file", .size = sizeof(Tables), .fields = own_fields};

// -- one lock

static void free_input(void *data)
{
	StrakeNameValue *input = data;

	g_free(input->key);
	g_free(input->value);
	g_free(input);
}

void strake_component_lock_free(StrakeComponentLock *lock)
{
	if (lock == NULL)
		return;
	g_free(lock->name);
	g_free(lock->import_commit);
	g_free(lock->upstream_commit);
	g_free(lock->input_fingerprint);
	g_free(lock->resolution_input_hash);
	g_clear_pointer(&lock->inputs, g_ptr_array_unref);
	g_free(lock);
}

StrakeComponentLock *strake_component_lock_copy(const StrakeComponentLock *lock)
{
	StrakeComponentLock *copy = g_new0(StrakeComponentLock, 1);

	copy->name = g_strdup(lock->name);
	copy->import_commit = g_strdup(lock->import_commit);
	copy->upstream_commit = g_strdup(lock->upstream_commit);
	copy->manual_bump = lock->manual_bump;
	copy->input_fingerprint = g_strdup(lock->input_fingerprint);
	copy->resolution_input_hash = g_strdup(lock->resolution_input_hash);
	copy->inputs = g_ptr_array_new_with_free_func(free_input);
	for (guint i = 0; lock->inputs != NULL && i < lock->inputs->len; i++) {
		const StrakeNameValue *input = lock->inputs->pdata[i];
		StrakeNameValue *kept = g_new0(StrakeNameValue, 1);
		kept->key = g_strdup(input->key);
		kept->value = g_strdup(input->value);
		g_ptr_array_add(copy->inputs, kept);
	}
	return copy;
}

// -- the form that we write

typedef struct {
	char *at; // the next line; each ends with a newline
	char *end;
	unsigned line;
	char *line_end; // newline of the line that was taken last
} Scan;

// The end of the string that begins behind the quote at @at, NULL: it is not a plain one.
static char *plain_string(char *at)
{
	if (*at != '"')
		return NULL;
	for (at++; *at != '"'; at++)
		if (*at < 0x20 || *at > 0x7e || *at == '\\')
			return NULL;
	return at;
}

static bool next_line(Scan *s, char **out)
{
	char *newline = s->at < s->end ? memchr(s->at, '\n', (size_t)(s->end - s->at)) : NULL;

	if (newline == NULL)
		return false;
	*out = s->at;
	s->line_end = newline;
	s->at = newline + 1;
	s->line++;
	return true;
}

static bool skip(char **at, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*at, word, n) != 0)
		return false;
	*at += n;
	return true;
}

// `KEY = "VALUE"` into its field; a second one of the same key is none.
static bool take_value(Scan *s, StrakeComponentLock *lock, char *at)
{
	const struct {
		const char *key;
		char **place;
	} keys[] = {
		{"import-commit = ", &lock->import_commit},
		{"upstream-commit = ", &lock->upstream_commit},
		{"input-fingerprint = ", &lock->input_fingerprint},
		{"resolution-input-hash = ", &lock->resolution_input_hash},
	};
	char *end;

	if (skip(&at, "manual-bump = ")) {
		size_t n = strspn(at, "0123456789");
		if (n == 0 || n > 6 || *at == '0' || at + n != s->line_end ||
			lock->manual_bump != 0)
			return false;
		lock->manual_bump = (int)g_ascii_strtoll(at, NULL, 10);
		return true;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		if (!skip(&at, keys[i].key))
			continue;
		end = plain_string(at);
		if (end == NULL || end == at + 1 || end + 1 != s->line_end ||
			*keys[i].place != NULL)
			return false;
		*keys[i].place = at + 1;
		*end = '\0';
		return true;
	}
	return false;
}

// `"LABEL" = "VALUE"`, in the order of labels; terminates both.
static bool take_input(const Scan *s, char *at, char **out_label)
{
	char *label_end = plain_string(at);
	char *value = label_end != NULL ? label_end + 1 : NULL;
	char *end;

	if (value == NULL || !skip(&value, " = "))
		return false;
	end = plain_string(value);
	if (end == NULL || end + 1 != s->line_end)
		return false;
	*label_end = *end = '\0';
	if (*out_label != NULL && strcmp(*out_label, at + 1) >= 0)
		return false;
	*out_label = at + 1;
	return true;
}

static bool scan_inputs(Scan *s, Entry *entry)
{
	char *label = NULL;
	char *line;

	entry->inputs_at = s->at;
	while (s->at < s->end && *s->at != '\n')
		if (!next_line(s, &line) || !take_input(s, line, &label))
			return false;
	entry->inputs_end = s->at;
	return true;
}

// Behind the line `[components."NAME"]`, up to a blank line or the end.
static bool scan_lock(Scan *s, Entry *entry)
{
	char *line;

	while (s->at < s->end && *s->at != '\n') {
		if (!next_line(s, &line))
			return false;
		if (*line != '[') {
			if (!take_value(s, &entry->lock, line))
				return false;
			continue;
		}
		if (!skip(&line, "[components.\"") || !skip(&line, entry->lock.name) ||
			!skip(&line, "\".inputs]\n"))
			return false;
		return scan_inputs(s, entry);
	}
	return true;
}

static bool scan_own(StrakeLockFile *file, char *text, size_t size)
{
	Scan s = {.at = text, .end = text + size};
	const char *before = NULL;
	char *line;

	if (!skip(&s.at, STRAKE_LOCK_WRITTEN "version = 1\n"))
		return false;
	s.line = 2;
	while (s.at < s.end) {
		Entry entry = {.lock.at = {.file = file->name}};
		char *end;
		if (!next_line(&s, &line) || *line != '\n' || !next_line(&s, &line) ||
			!skip(&line, "[components."))
			return false;
		end = plain_string(line);
		if (end == NULL || end == line + 1 || end[1] != ']' || end + 2 != s.line_end)
			return false;
		*end = '\0';
		entry.lock.name = line + 1;
		entry.lock.at.line = s.line;
		if ((before != NULL && strcmp(before, entry.lock.name) >= 0) ||
			!scan_lock(&s, &entry))
			return false;
		before = entry.lock.name;
		g_array_append_val(file->entries, entry);
	}
	return true;
}

static bool scan_azldev(StrakeLockFile *file, char *text, size_t size, const char *component)
{
	Scan s = {.at = text, .end = text + size};
	Entry entry = {.lock.at = {.file = file->name, .line = 1}};
	char *line;

	if (!skip(&s.at, "version = 1\n"))
		return false;
	while (s.at < s.end)
		if (!next_line(&s, &line) || !take_value(&s, &entry.lock, line))
			return false;
	entry.lock.name = strake_arena_strdup(file->arena, component);
	g_array_append_val(file->entries, entry);
	return true;
}

// -- any other text

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const Entry *)a)->lock.name, ((const Entry *)b)->lock.name);
}

static int compare_inputs(const void *a, const void *b)
{
	return strcmp((*(const StrakeNameValue *const *)a)->key,
		(*(const StrakeNameValue *const *)b)->key);
}

static void finish_inputs(StrakeLockFile *file, StrakeComponentLock *lock)
{
	if (lock->inputs == NULL) {
		lock->inputs = g_ptr_array_new();
		strake_arena_defer(file->arena, lock->inputs, (GDestroyNotify)g_ptr_array_unref);
	}
	g_ptr_array_sort(lock->inputs, compare_inputs);
}

static bool load_tables(
	StrakeLockFile *file, const StrakeTomlValue *root, const char *component, GError **error)
{
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GString) where = g_string_new(NULL);
	StrakeLoad load = {.arena = file->arena,
		.file = file->name,
		.dir = "/",
		.problems = problems,
		.path = where};
	Tables tables = {0};

	strake_schema_load(component != NULL ? &azldev_schema : &own_schema, &load, root, &tables);
	if (problems->len > 0)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"%s\n(a lock file is written by strake component update; this version "
			"reads version %d)",
			(char *)problems->pdata[0], STRAKE_LOCK_VERSION);
	if (component != NULL) {
		Entry entry = {.lock = tables.lock};
		entry.lock.name = strake_arena_strdup(file->arena, component);
		g_array_append_val(file->entries, entry);
	}
	for (guint i = 0; tables.components != NULL && i < tables.components->len; i++) {
		Entry entry = {.lock = *(StrakeComponentLock *)tables.components->pdata[i]};
		g_array_append_val(file->entries, entry);
	}
	for (guint i = 0; i < file->entries->len; i++)
		finish_inputs(file, &g_array_index(file->entries, Entry, i).lock);
	g_array_sort(file->entries, compare_entries);
	return true;
}

static bool read_tables(
	StrakeLockFile *file, const char *text, size_t size, const char *component, GError **error)
{
	StrakeToml *toml = strake_toml_parse(text, size, file->name, error);

	if (toml == NULL)
		return false;
	strake_arena_defer(file->arena, toml, (GDestroyNotify)strake_toml_free);
	return load_tables(file, strake_toml_root(toml), component, error);
}

// -- the file

StrakeLockFile *strake_lock_file_parse(
	GBytes *take_bytes, const char *name, const char *component, GError **error)
{
	g_autoptr(GBytes) bytes = take_bytes;
	g_autoptr(StrakeLockFile) file = g_new0(StrakeLockFile, 1);
	size_t size;
	const char *data = g_bytes_get_data(bytes, &size);
	const char *text = data != NULL ? data : "";

	file->name = g_strdup(name);
	file->arena = strake_arena_new();
	file->entries = g_array_new(FALSE, TRUE, sizeof(Entry));
	g_mutex_init(&file->lock);
	// The end is a newline and a NUL, so that the scan needs to look at no bounds in a line.
	file->text = g_malloc(size + 1);
	if (size > 0)
		memcpy(file->text, text, size);
	file->text[size] = '\0';
	if (component != NULL ? scan_azldev(file, file->text, size, component)
			      : scan_own(file, file->text, size))
		return g_steal_pointer(&file);
	g_array_set_size(file->entries, 0);
	g_clear_pointer(&file->text, g_free);
	return read_tables(file, text, size, component, error) ? g_steal_pointer(&file) : NULL;
}

void strake_lock_file_free(StrakeLockFile *file)
{
	if (file == NULL)
		return;
	for (guint i = 0; file->text != NULL && i < file->entries->len; i++)
		g_clear_pointer(
			&g_array_index(file->entries, Entry, i).lock.inputs, g_ptr_array_unref);
	g_array_unref(file->entries);
	strake_arena_free(file->arena);
	g_mutex_clear(&file->lock);
	g_free(file->text);
	g_free(file->name);
	g_free(file);
}

size_t strake_lock_file_size(const StrakeLockFile *file)
{
	return file->entries->len;
}

// The strings are in place and ended; between them is what was between their quotes.
static GPtrArray *make_inputs(StrakeArena *arena, const Entry *entry)
{
	GPtrArray *inputs = g_ptr_array_new();

	for (char *at = entry->inputs_at; at != NULL && at < entry->inputs_end;) {
		StrakeNameValue *input = strake_arena_alloc(arena, sizeof(*input));
		input->key = at + 1;
		input->value = input->key + strlen(input->key) + strlen("\" = \"");
		at = input->value + strlen(input->value) + strlen("\"\n");
		g_ptr_array_add(inputs, input);
	}
	return inputs;
}

const StrakeComponentLock *strake_lock_file_get(const StrakeLockFile *file, size_t index)
{
	StrakeLockFile *f = (StrakeLockFile *)file;
	Entry *entry = &g_array_index(f->entries, Entry, index);

	g_mutex_lock(&f->lock);
	if (entry->lock.inputs == NULL && f->text != NULL)
		entry->lock.inputs = make_inputs(f->arena, entry);
	g_mutex_unlock(&f->lock);
	return &entry->lock;
}

const StrakeComponentLock *strake_lock_file_find(const StrakeLockFile *file, const char *name)
{
	Entry key = {.lock.name = (char *)name};
	const Entry *found = file->entries->len > 0
				     ? bsearch(&key, file->entries->data, file->entries->len,
					       sizeof(Entry), compare_entries)
				     : NULL;

	return found != NULL ? strake_lock_file_get(file,
				       (size_t)(found - (const Entry *)(void *)file->entries->data))
			     : NULL;
}
