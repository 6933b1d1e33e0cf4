// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Reads ELF headers and dynamic sections; the rules by which rpm's elfdeps turns them into
// dependencies are in add_so() and finish().
#include <elf.h>
#include <string.h>

#include "base/error.h"
#include "format/elf_file.h"

enum { MAX_SECTIONS = 1 << 16, MAX_VERSIONS = 1 << 16, MAX_NOTE = 1 << 16, MAX_LIST = 4096 };

typedef struct {
	const uint8_t *data;
	size_t size;
	bool is_64, swap;
} Image;

typedef struct {
	uint64_t offset, size, entsize;
	uint32_t type, link, info, name;
} Section;

typedef struct {
	StrakeElf *elf;
	const Image *image;
	GArray *sections; // of Section
	bool executable;
	bool debug, hash, gnu_hash; // DT_DEBUG, DT_HASH, DT_GNU_HASH seen
	unsigned versions;          // read so far, bounded by MAX_VERSIONS
} Reader;

bool strake_elf_is(const void *data, size_t size)
{
	return size >= SELFMAG && memcmp(data, ELFMAG, SELFMAG) == 0;
}

void strake_elf_free(StrakeElf *elf)
{
	if (elf == NULL)
		return;
	g_free(elf->soname);
	g_free(elf->interpreter);
	g_ptr_array_unref(elf->needed);
	g_ptr_array_unref(elf->provides);
	g_ptr_array_unref(elf->requires);
	g_ptr_array_unref(elf->dlopen);
	g_free(elf);
}

static bool in_image(const Image *image, uint64_t offset, uint64_t size)
{
	return offset <= image->size && size <= image->size - offset;
}

static uint16_t get16(const Image *image, uint64_t offset)
{
	uint16_t value = 0;

	if (in_image(image, offset, sizeof(value)))
		memcpy(&value, image->data + offset, sizeof(value));
	return image->swap ? GUINT16_SWAP_LE_BE(value) : value;
}

static uint32_t get32(const Image *image, uint64_t offset)
{
	uint32_t value = 0;

	if (in_image(image, offset, sizeof(value)))
		memcpy(&value, image->data + offset, sizeof(value));
	return image->swap ? GUINT32_SWAP_LE_BE(value) : value;
}

static uint64_t get64(const Image *image, uint64_t offset)
{
	uint64_t value = 0;

	if (in_image(image, offset, sizeof(value)))
		memcpy(&value, image->data + offset, sizeof(value));
	return image->swap ? GUINT64_SWAP_LE_BE(value) : value;
}

/* An address-sized field: @at32 or @at64 bytes into the structure at @base. */
static uint64_t get_word(const Image *image, uint64_t base, unsigned at32, unsigned at64)
{
	return image->is_64 ? get64(image, base + at64) : get32(image, base + at32);
}

/* The string at @offset of section @link, or NULL when it lies outside or does not end. */
static const char *get_string(const Reader *r, uint32_t link, uint64_t offset)
{
	const Section *section;
	const char *text;

	if (link >= r->sections->len)
		return NULL;
	section = &g_array_index(r->sections, Section, link);
	if (section->type != SHT_STRTAB || offset >= section->size)
		return NULL;
	text = (const char *)r->image->data + section->offset + offset;
	return memchr(text, '\0', section->size - offset) != NULL ? text : NULL;
}

static bool read_sections(Reader *r, GError **error)
{
	const Image *image = r->image;
	uint64_t table = get_word(image, 0, 32, 40);
	unsigned entry_size = get16(image, image->is_64 ? 58 : 46);
	uint32_t count = get16(image, image->is_64 ? 60 : 48);

	if (table == 0)
		return true;
	if (entry_size < (image->is_64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr)))
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"ELF file: section headers of %u bytes", entry_size);
	if (count == 0) // more than fit: the number is in the first section's size
		count = (uint32_t)MIN(get_word(image, table, 20, 32), MAX_SECTIONS);
	if (!in_image(image, table, (uint64_t)count * entry_size))
		return strake_error_set(error, STRAKE_ERROR_TRUNCATED,
			"ELF file: its section headers lie behind its end");
	for (uint32_t i = 0; i < count; i++) {
		uint64_t at = table + (uint64_t)i * entry_size;
		Section section = {
			.name = get32(image, at),
			.type = get32(image, at + 4),
			.offset = get_word(image, at, 16, 24),
			.size = get_word(image, at, 20, 32),
			.link = get32(image, at + (image->is_64 ? 40 : 24)),
			.info = get32(image, at + (image->is_64 ? 44 : 28)),
			.entsize = get_word(image, at, 36, 56),
		};
		if (section.type != SHT_NOBITS && !in_image(image, section.offset, section.size)) {
			section.type = SHT_NULL; // damaged: as if it were not there
			section.size = 0;
		}
		g_array_append_val(r->sections, section);
	}
	return true;
}

static void read_interpreter(Reader *r)
{
	const Image *image = r->image;
	uint64_t table = get_word(image, 0, 28, 32);
	unsigned entry_size = get16(image, image->is_64 ? 54 : 42);
	unsigned count = get16(image, image->is_64 ? 56 : 44);

	for (unsigned i = 0; i < count; i++) {
		uint64_t at = table + (uint64_t)i * entry_size;
		uint64_t offset = get_word(image, at, 4, 8), size = get_word(image, at, 16, 32);

		if (get32(image, at) != PT_INTERP || !in_image(image, offset, size) || size == 0)
			continue;
		g_free(r->elf->interpreter);
		r->elf->interpreter = g_strndup((const char *)image->data + offset, size);
	}
}

/* rpm's sanity rule for names that may become dependencies. */
static bool is_soname(const char *name)
{
	static const char *const prefixes[] = {"ld.", "ld-", "ld64.", "ld64-", "lib"};

	if (strstr(name, ".so") == NULL)
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++)
		if (g_str_has_prefix(name, prefixes[i]))
			return true;
	return false;
}

static void add_once(GPtrArray *list, char *text)
{
	if (g_ptr_array_find_with_equal_func(list, text, g_str_equal, NULL))
		g_free(text);
	else
		g_ptr_array_add(list, text);
}

static void add_so(const StrakeElf *elf, GPtrArray *list, const char *name, const char *version)
{
	// 64-bit Alpha is the one machine whose libraries carry no mark
	const char *mark =
		elf->is_64 && elf->machine != EM_ALPHA && elf->machine != 0x9026 ? "(64bit)" : "";

	if (!is_soname(name) || list->len > MAX_LIST || !g_utf8_validate(name, -1, NULL) ||
		(version != NULL && !g_utf8_validate(version, -1, NULL)))
		return;
	if (version == NULL && *mark == '\0')
		add_once(list, g_strdup(name));
	else
		add_once(list,
			g_strdup_printf("%s(%s)%s", name, version != NULL ? version : "", mark));
}

static bool wants_requires(const Reader *r)
{
	return r->elf->interpreter == NULL || r->executable;
}

static void read_dynamic(Reader *r, const Section *section)
{
	const Image *image = r->image;
	unsigned entry = image->is_64 ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn);
	const char *text;

	r->elf->has_dynamic = true;
	for (uint64_t at = 0; at + entry <= section->size; at += entry) {
		uint64_t tag = get_word(image, section->offset + at, 0, 0);
		uint64_t value = get_word(image, section->offset + at, 4, 8);

		switch (tag) {
		case DT_NULL:
			return;
		case DT_HASH:
			r->hash = true;
			break;
		case DT_GNU_HASH:
			r->gnu_hash = true;
			break;
		case DT_DEBUG:
			r->debug = true;
			break;
		case DT_SONAME:
			text = get_string(r, section->link, value);
			g_free(r->elf->soname);
			r->elf->soname = g_strdup(text);
			break;
		case DT_NEEDED:
			text = get_string(r, section->link, value);
			if (text == NULL)
				break;
			g_ptr_array_add(r->elf->needed, g_strdup(text));
			if (wants_requires(r))
				add_so(r->elf, r->elf->requires, text, NULL);
			break;
		default:
			break;
		}
	}
}

static void read_verdef(Reader *r, const Section *section)
{
	const Image *image = r->image;
	const char *base = NULL;
	uint64_t at = 0;

	for (uint32_t i = 0; i < section->info && i < MAX_VERSIONS; i++) {
		uint64_t def = section->offset + at;
		uint32_t aux_at = get32(image, def + 12), next = get32(image, def + 16);
		unsigned flags = get16(image, def + 2);
		const char *name;

		if (at + sizeof(Elf64_Verdef) > section->size)
			break;
		// only the first name is the version itself, the others are its parents; elfdeps
		// takes them all
		for (unsigned j = get16(image, def + 6); j > 0; j--) {
			if (++r->versions > MAX_VERSIONS ||
				at + aux_at + sizeof(Elf64_Verdaux) > section->size)
				break;
			name = get_string(r, section->link, get32(image, def + aux_at));
			if (name == NULL)
				break;
			if (flags & VER_FLG_BASE)
				base = name;
			else if (base != NULL)
				add_so(r->elf, r->elf->provides, base, name);
			if (get32(image, def + aux_at + 4) == 0)
				break;
			aux_at += get32(image, def + aux_at + 4);
		}
		if (next == 0)
			break;
		at += next;
	}
}

static void read_verneed(Reader *r, const Section *section)
{
	const Image *image = r->image;
	uint64_t at = 0;

	for (uint32_t i = 0; i < section->info && i < MAX_VERSIONS; i++) {
		uint64_t need = section->offset + at;
		uint32_t aux_at = get32(image, need + 8), next = get32(image, need + 12);
		const char *file, *name;

		if (at + sizeof(Elf64_Verneed) > section->size)
			break;
		file = get_string(r, section->link, get32(image, need + 4));
		for (unsigned j = get16(image, need + 2); j > 0 && file != NULL; j--) {
			if (++r->versions > MAX_VERSIONS ||
				at + aux_at + sizeof(Elf64_Vernaux) > section->size)
				break;
			name = get_string(r, section->link, get32(image, need + aux_at + 8));
			if (name == NULL)
				break;
			if (wants_requires(r))
				add_so(r->elf, r->elf->requires, file, name);
			if (get32(image, need + aux_at + 12) == 0)
				break;
			aux_at += get32(image, need + aux_at + 12);
		}
		if (next == 0)
			break;
		at += next;
	}
}

/* systemd's "FDO" notes of type 0x407c0c0a: what the program loads with dlopen(3), as JSON. */
static void read_note(Reader *r, const Section *section)
{
	const Image *image = r->image;
	uint64_t at = 0;

	while (section->size >= 12 && at <= section->size - 12) {
		uint32_t name_size = get32(image, section->offset + at);
		uint32_t text_size = get32(image, section->offset + at + 4);
		uint32_t type = get32(image, section->offset + at + 8);
		uint64_t name_at = at + 12, text_at = name_at + ((name_size + 3ULL) & ~3ULL);
		const char *text = (const char *)image->data + section->offset + text_at;

		if (text_at > section->size || text_size > section->size - text_at)
			break;
		if (type == 0x407c0c0a && name_size == 4 && text_size <= MAX_NOTE &&
			memcmp(image->data + section->offset + name_at, "FDO", 4) == 0)
			g_ptr_array_add(r->elf->dlopen, g_strndup(text, text_size));
		at = text_at + ((text_size + 3ULL) & ~3ULL);
	}
}

static void read_section_contents(Reader *r)
{
	for (guint i = 0; i < r->sections->len; i++) {
		const Section *section = &g_array_index(r->sections, Section, i);

		switch (section->type) {
		case SHT_DYNAMIC:
			read_dynamic(r, section);
			break;
		case SHT_GNU_verdef:
			read_verdef(r, section);
			break;
		case SHT_GNU_verneed:
			read_verneed(r, section);
			break;
		case SHT_NOTE:
			read_note(r, section);
			break;
		default:
			break;
		}
	}
}

static const char *class_text(const StrakeElf *elf)
{
	static const char *const texts[2][3] = {
		{"ELF 32-bit relocatable", "ELF 32-bit executable", "ELF 32-bit shared object"},
		{"ELF 64-bit relocatable", "ELF 64-bit executable", "ELF 64-bit shared object"},
	};

	return texts[elf->is_64][elf->type == ET_EXEC || elf->interpreter != NULL ? 1
				 : elf->type == ET_DYN                            ? 2
										  : 0];
}

static void finish(Reader *r, const char *base_name)
{
	StrakeElf *elf = r->elf;

	if (wants_requires(r) && r->gnu_hash && !r->hash)
		add_once(elf->requires, g_strdup("rtld(GNU_HASH)"));
	// DT_DEBUG marks programs, also position-independent ones: they are nobody's library
	if (elf->type == ET_DYN && !r->debug)
		add_so(elf, elf->provides, elf->soname != NULL ? elf->soname : base_name, NULL);
	elf->class_text = class_text(elf);
}

StrakeElf *strake_elf_parse(
	const uint8_t *data, size_t size, const char *base_name, bool executable, GError **error)
{
	Image image = {.data = data, .size = size};
	g_autoptr(StrakeElf) elf = g_new0(StrakeElf, 1);
	g_autoptr(GArray) sections = g_array_new(FALSE, FALSE, sizeof(Section));
	Reader r = {.elf = elf, .image = &image, .sections = sections, .executable = executable};

	elf->needed = g_ptr_array_new_with_free_func(g_free);
	elf->provides = g_ptr_array_new_with_free_func(g_free);
	elf->requires = g_ptr_array_new_with_free_func(g_free);
	elf->dlopen = g_ptr_array_new_with_free_func(g_free);
	if (size < sizeof(Elf32_Ehdr) || !strake_elf_is(data, size) ||
		(data[EI_CLASS] != ELFCLASS32 && data[EI_CLASS] != ELFCLASS64) ||
		(data[EI_DATA] != ELFDATA2LSB && data[EI_DATA] != ELFDATA2MSB)) {
		strake_error_set(error, STRAKE_ERROR_INVALID, "not an ELF file");
		return NULL;
	}
	image.is_64 = elf->is_64 = data[EI_CLASS] == ELFCLASS64;
	elf->is_big_endian = data[EI_DATA] == ELFDATA2MSB;
	image.swap = elf->is_big_endian == (G_BYTE_ORDER == G_LITTLE_ENDIAN);
	elf->type = get16(&image, 16);
	elf->machine = get16(&image, 18);
	elf->class_text = class_text(elf);
	if (elf->type != ET_EXEC && elf->type != ET_DYN)
		return g_steal_pointer(&elf);
	if (!read_sections(&r, error))
		return NULL;
	read_interpreter(&r);
	read_section_contents(&r);
	finish(&r, base_name);
	return g_steal_pointer(&elf);
}
