// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// repomd.xml by libxml2's reader, which gives one node at a time.
#include "format/repomd.h"

#include <libxml/xmlreader.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/path.h"

enum { SIZE_DIGITS_MAX = 15 }; // a petabyte; more is no size

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlTextReader, xmlFreeTextReader)

typedef struct {
	xmlTextReaderPtr reader;
	const char *name;
	StrakeRepomd *repomd;
	StrakeRepomdFile *file; // the one under way; owned by @repomd
	char *first_error;      // libxml2's
	unsigned first_line;
} Parse;

static void file_free(gpointer data)
{
	StrakeRepomdFile *file = data;

	g_free(file->type);
	g_free(file->href);
	g_free(file->sha256);
	g_free(file->open_sha256);
	g_free(file);
}

void strake_repomd_free(StrakeRepomd *repomd)
{
	if (repomd == NULL)
		return;
	g_free(repomd->revision);
	g_ptr_array_unref(repomd->files);
	g_free(repomd);
}

static bool broken(const Parse *p, const char *what, GError **error)
{
	int line = xmlTextReaderGetParserLineNumber(p->reader);
	const StrakeOrigin at = {.file = p->name, .line = line > 0 ? (unsigned)line : 0};

	return strake_error_at(error, STRAKE_ERROR_INVALID, at, "%s", what);
}

static char *attribute(Parse *p, const char *name)
{
	xmlChar *value = xmlTextReaderGetAttribute(p->reader, (const xmlChar *)name);
	char *copy = g_strdup((const char *)value);

	xmlFree(value);
	return copy;
}

// The text inside the element; never NULL.
static char *content(Parse *p)
{
	xmlChar *value = xmlTextReaderReadString(p->reader);
	char *copy = g_strdup(value != NULL ? (const char *)value : "");

	xmlFree(value);
	return g_strstrip(copy);
}

// -- the values of one <data>

static bool take_digest(Parse *p, char **out, GError **error)
{
	g_autofree char *type = attribute(p, "type");
	g_autofree char *hex = content(p);

	if (g_strcmp0(type, "sha256") != 0)
		return true; // others do not count
	if (!strake_digest_is_hex(STRAKE_DIGEST_SHA256, hex))
		return broken(p, "a checksum of type sha256 is no SHA-256 digest", error);
	g_free(*out);
	*out = g_steal_pointer(&hex);
	return true;
}

static bool take_size(Parse *p, uint64_t *out, GError **error)
{
	g_autofree char *text = content(p);

	if (*text == '\0' || strlen(text) > SIZE_DIGITS_MAX ||
		strspn(text, G_CSET_DIGITS) != strlen(text))
		return broken(p, "a size is not a number of bytes", error);
	*out = g_ascii_strtoull(text, NULL, 10);
	return true;
}

static bool take_location(Parse *p, GError **error)
{
	g_autofree char *href = attribute(p, "href");

	if (href == NULL || !strake_path_is_clean(href))
		return broken(
			p, "the href of a location is not a path below the repository", error);
	g_free(p->file->href);
	p->file->href = g_steal_pointer(&href);
	return true;
}

static bool take_value(Parse *p, const char *element, GError **error)
{
	if (strcmp(element, "checksum") == 0)
		return take_digest(p, &p->file->sha256, error);
	if (strcmp(element, "open-checksum") == 0)
		return take_digest(p, &p->file->open_sha256, error);
	if (strcmp(element, "size") == 0)
		return take_size(p, &p->file->size, error);
	if (strcmp(element, "open-size") == 0)
		return take_size(p, &p->file->open_size, error);
	return strcmp(element, "location") != 0 || take_location(p, error);
}

static bool begin_data(Parse *p, GError **error)
{
	g_autofree char *type = attribute(p, "type");

	if (type == NULL)
		return broken(p, "a <data> has no type", error);
	if (strake_repomd_file(p->repomd, type) != NULL)
		return broken(p, "a type of <data> is there twice", error);
	p->file = g_new0(StrakeRepomdFile, 1);
	p->file->type = g_steal_pointer(&type);
	g_ptr_array_add(p->repomd->files, p->file);
	return true;
}

static bool take_element(Parse *p, GError **error)
{
	const char *element = (const char *)xmlTextReaderConstLocalName(p->reader);
	int depth = xmlTextReaderDepth(p->reader);

	if (depth == 0)
		return strcmp(element, "repomd") == 0 ||
		       broken(p, "the document is not a <repomd>", error);
	if (depth == 1)
		p->file = NULL;
	if (depth == 1 && strcmp(element, "data") == 0)
		return begin_data(p, error);
	if (depth == 1 && strcmp(element, "revision") == 0) {
		g_free(p->repomd->revision);
		p->repomd->revision = content(p);
		return true;
	}
	return depth != 2 || p->file == NULL || take_value(p, element, error);
}

// -- the document

static void on_error(
	void *user, const char *message, xmlParserSeverities severity, xmlTextReaderLocatorPtr at)
{
	Parse *p = user;
	int line = xmlTextReaderLocatorLineNumber(at);

	if (p->first_error != NULL)
		return;
	p->first_error = g_strstrip(g_strdup(message));
	p->first_line = line > 0 ? (unsigned)line : 0;
}

static bool read_all(Parse *p, GError **error)
{
	int more;

	while ((more = xmlTextReaderRead(p->reader)) == 1) {
		int node = xmlTextReaderNodeType(p->reader);

		if (node == XML_READER_TYPE_DOCUMENT_TYPE)
			return broken(p, "a document type is not allowed here", error);
		if (node == XML_READER_TYPE_ELEMENT && !take_element(p, error))
			return false;
	}
	if (more < 0 || p->first_error != NULL) {
		const StrakeOrigin at = {.file = p->name, .line = p->first_line};

		return strake_error_at(error, STRAKE_ERROR_INVALID, at, "this is not XML: %s",
			p->first_error != NULL ? p->first_error : "it ends too early");
	}
	return true;
}

static bool check_files(const Parse *p, GError **error)
{
	for (guint i = 0; i < p->repomd->files->len; i++) {
		const StrakeRepomdFile *file = g_ptr_array_index(p->repomd->files, i);

		if (file->href == NULL)
			return strake_error_set(error, STRAKE_ERROR_INVALID,
				"%s: the %s metadata has no location", p->name, file->type);
	}
	return true;
}

StrakeRepomd *strake_repomd_parse(GBytes *bytes, const char *name, GError **error)
{
	g_autoptr(StrakeRepomd) repomd = g_new0(StrakeRepomd, 1);
	g_autoptr(xmlTextReader) reader = NULL;
	Parse p = {.name = name, .repomd = repomd};
	size_t size = 0;
	const char *data = g_bytes_get_data(bytes, &size);
	bool good;

	repomd->files = g_ptr_array_new_with_free_func(file_free);
	if (size == 0 || size > G_MAXINT) {
		strake_error_set(error, STRAKE_ERROR_INVALID, "%s: it is %s", name,
			size == 0 ? "empty" : "too large");
		return NULL;
	}
	reader = xmlReaderForMemory(data, (int)size, name, NULL, XML_PARSE_NONET);
	if (reader == NULL) {
		strake_error_set(error, STRAKE_ERROR_FAILED, "%s: libxml2 cannot read it", name);
		return NULL;
	}
	p.reader = reader;
	xmlTextReaderSetErrorHandler(reader, on_error, &p);
	good = read_all(&p, error) && check_files(&p, error);
	g_free(p.first_error);
	return good ? g_steal_pointer(&repomd) : NULL;
}

const StrakeRepomdFile *strake_repomd_file(const StrakeRepomd *repomd, const char *type)
{
	for (guint i = 0; i < repomd->files->len; i++) {
		const StrakeRepomdFile *file = g_ptr_array_index(repomd->files, i);

		if (strcmp(file->type, type) == 0)
			return file;
	}
	return NULL;
}

char *strake_repomd_date(const StrakeRepomd *repomd)
{
	const char *text = repomd->revision;
	g_autoptr(GDateTime) time = NULL;

	if (text == NULL || *text == '\0')
		return g_strdup("unknown");
	if (strlen(text) < 12 && strspn(text, G_CSET_DIGITS) == strlen(text))
		time = g_date_time_new_from_unix_utc(g_ascii_strtoll(text, NULL, 10));
	return time != NULL ? g_date_time_format(time, "%Y-%m-%d %H:%M:%S UTC")
			    : g_strdup_printf("revision %s", text);
}
