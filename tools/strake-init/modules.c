// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Module table, matching of device aliases, loading in order of dependency.
#include "modules.h"

#include <errno.h>
#include <fcntl.h>

typedef struct {
	const char *file;
	const char *deps; // numbers with blanks between
	bool tried;
} Module;

typedef struct {
	const char *pattern;
	unsigned module;
} Alias;

struct dirent64_raw {
	uint64_t inode;
	int64_t offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

static char table[256 * 1024];
static Module modules[MODULES_MAX];
static unsigned n_modules;
static Alias aliases[ALIASES_MAX];
static unsigned n_aliases;
static Alias filesystems[16];
static unsigned n_filesystems;

static unsigned parse_number(const char **text)
{
	unsigned n = 0;

	while (**text == ' ')
		(*text)++;
	while (**text >= '0' && **text <= '9')
		n = n * 10 + (unsigned)(*(*text)++ - '0');
	return n;
}

// Cuts @line at its first blank; what follows is returned.
static char *cut_word(char *line)
{
	while (*line != '\0' && *line != ' ')
		line++;
	if (*line != '\0')
		*line++ = '\0';
	return line;
}

static void add_line(char *line)
{
	char *first = line + 2;
	const char *rest;

	if (line[0] == '\0' || line[1] != ' ')
		return;
	rest = cut_word(first);
	if (line[0] == 'm' && n_modules < MODULES_MAX)
		modules[n_modules++] = (Module){.file = first, .deps = rest};
	else if (line[0] == 'a' && n_aliases < ALIASES_MAX)
		aliases[n_aliases++] = (Alias){first, parse_number(&rest)};
	else if (line[0] == 'f' && n_filesystems < 16)
		filesystems[n_filesystems++] = (Alias){first, parse_number(&rest)};
}

StrakeErrno modules_load_table(void)
{
	StrakeErrno r = file_read("/modules", table, sizeof(table));

	if (r < 0)
		return r;
	for (char *line = table; *line != '\0';) {
		char *end = line;

		while (*end != '\0' && *end != '\n')
			end++;
		if (*end == '\n')
			*end++ = '\0';
		add_line(line);
		line = end;
	}
	return 0;
}

// The table lists a module behind its dependencies, so the depth is bounded by the list.
static unsigned load(unsigned number)
{
	Module *m = number < n_modules ? &modules[number] : NULL;
	unsigned loaded = 0;
	StrakeErrno fd;
	StrakeErrno r;

	if (m == NULL || m->tried)
		return 0;
	m->tried = true;
	for (const char *d = m->deps; *d != '\0';) {
		unsigned dep = parse_number(&d);
		if (dep >= number)
			break;
		loaded += load(dep);
		while (*d == ' ')
			d++;
	}
	fd = sys_open(m->file, O_RDONLY, 0);
	if (fd < 0) {
		log_line("open module ", m->file, "", fd);
		return loaded;
	}
	r = sys_finit_module((int)fd, "", 0);
	sys_close((int)fd);
	if (r < 0 && r != -EEXIST)
		log_line("load module ", m->file, "", r);
	return loaded + 1;
}

static unsigned probe_alias(const char *alias)
{
	unsigned loaded = 0;

	for (unsigned i = 0; i < n_aliases; i++)
		if (!modules[aliases[i].module].tried && str_glob(aliases[i].pattern, alias))
			loaded += load(aliases[i].module);
	return loaded;
}

static unsigned probe_bus(const char *bus)
{
	static char entries[32 * 1024];
	char dir[128];
	unsigned loaded = 0;
	StrakeErrno fd;
	StrakeErrno n;

	str_join(dir, sizeof(dir), "/sys/bus/", bus, "/devices");
	fd = sys_open(dir, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return 0;
	while ((n = sys_getdents((int)fd, entries, sizeof(entries))) > 0) {
		for (StrakeErrno at = 0; at < n;) {
			const struct dirent64_raw *e = (const void *)(entries + at);
			char path[256];
			char alias[512];
			StrakeErrno size;

			at += e->length;
			if (e->name[0] == '.')
				continue;
			str_join(path, sizeof(path), dir, "/", e->name);
			str_join(path + str_len(path), sizeof(path) - str_len(path), "/modalias",
				"", "");
			size = file_read(path, alias, sizeof(alias));
			if (size <= 0)
				continue;
			if (alias[size - 1] == '\n')
				alias[size - 1] = '\0';
			loaded += probe_alias(alias);
		}
	}
	sys_close((int)fd);
	return loaded;
}

unsigned modules_probe(void)
{
	static const char *const buses[] = {"pci", "virtio", "vmbus", "xen", "acpi", "scsi", "ccw"};
	unsigned loaded = 0;

	for (size_t i = 0; i < sizeof(buses) / sizeof(buses[0]); i++)
		loaded += probe_bus(buses[i]);
	return loaded;
}

void modules_load_filesystem(const char *name)
{
	for (unsigned i = 0; i < n_filesystems; i++)
		if (str_equal(filesystems[i].pattern, name))
			load(filesystems[i].module);
}
