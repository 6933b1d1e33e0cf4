// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The .deb reader on packages made here by libarchive's writer: what comes through, and the exact
// words for each thing that is refused.
#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "base/error.h"
#include "format/deb_file.h"

// One tar member of a row; the end of an array has no path.
typedef struct {
	const char *path;
	int type; // AE_IF*; 0: regular file
	const char *content;
	const char *link; // symlink text
	const char *hard; // hard link target
	int mode;
	int64_t claim; // size in the header when not that of the content
} Member;

static GByteArray *make_tar(const Member *members, int (*filter)(struct archive *))
{
	enum { ROOM = 1 << 22 };
	g_autofree char *room = g_malloc(ROOM);
	struct archive *out = archive_write_new();
	GByteArray *bytes = g_byte_array_new();
	size_t used = 0;

	archive_write_set_format_gnutar(out);
	if (filter != NULL)
		filter(out);
	archive_write_open_memory(out, room, ROOM, &used);
	for (; members->path != NULL; members++) {
		struct archive_entry *entry = archive_entry_new();
		size_t size = members->content != NULL ? strlen(members->content) : 0;

		archive_entry_set_pathname(entry, members->path);
		archive_entry_set_filetype(entry, members->type != 0 ? members->type : AE_IFREG);
		archive_entry_set_perm(entry, members->mode != 0 ? members->mode : 0644);
		archive_entry_set_size(entry, (la_int64_t)size);
		archive_entry_set_mtime(entry, 1700000000, 0);
		archive_entry_set_uname(entry, "root");
		archive_entry_set_gname(entry, "mail");
		archive_entry_set_gid(entry, 8);
		if (members->link != NULL)
			archive_entry_set_symlink(entry, members->link);
		if (members->hard != NULL)
			archive_entry_set_hardlink(entry, members->hard);
		g_assert_cmpint(archive_write_header(out, entry), ==, ARCHIVE_OK);
		if (members->hard == NULL && size > 0)
			archive_write_data(out, members->content, size);
		archive_entry_free(entry);
	}
	archive_write_close(out);
	archive_write_free(out);
	g_byte_array_append(bytes, (const guint8 *)room, (guint)used);
	return bytes;
}

static void add_member(GByteArray *deb, const char *name, const void *data, size_t size)
{
	g_autofree char *header =
		g_strdup_printf("%-16s%-12d%-6d%-6d%-8s%-10zu`\n", name, 0, 0, 0, "100644", size);

	g_byte_array_append(deb, (const guint8 *)header, 60);
	g_byte_array_append(deb, data, (guint)size);
	if (size % 2 != 0)
		g_byte_array_append(deb, (const guint8 *)"\n", 1);
}

static GByteArray *begin_deb(void)
{
	GByteArray *deb = g_byte_array_new();

	g_byte_array_append(deb, (const guint8 *)"!<arch>\n", 8);
	add_member(deb, "debian-binary", "2.0\n", 4);
	return deb;
}

static const char good_control[] =
	"Package: hello\nVersion: 1:2.0-1\nArchitecture: amd64\nDepends: libc6 (>= 2.42), a | b\n"
	"Description: greets\n it does\n";

static GBytes *make_deb(const Member *control, const Member *data)
{
	static const Member plain[] = {
		{.path = "./",              .type = AE_IFDIR, .mode = 0755},
		{.path = "./control",             .content = good_control},
		{.path = "./postinst",       .content = "#!/bin/sh\n", .mode = 0755},
		{.path = "./conffiles",                         .content = "/etc/hello\n"},
                {.path = NULL}
        };
	g_autoptr(GByteArray) control_tar =
		make_tar(control != NULL ? control : plain, archive_write_add_filter_xz);
	g_autoptr(GByteArray) data_tar = make_tar(data, archive_write_add_filter_zstd);
	GByteArray *deb = begin_deb();

	add_member(deb, "control.tar.xz", control_tar->data, control_tar->len);
	add_member(deb, "data.tar.zst", data_tar->data, data_tar->len);
	return g_byte_array_free_to_bytes(deb);
}

static void describe(GString *out, const StrakeDebEntry *entry)
{
	g_string_append_printf(out, "%d %s %o %s:%s %u %" G_GUINT64_FORMAT " %s\n",
		(int)entry->type, entry->path, entry->mode, entry->uname, entry->gname, entry->gid,
		entry->size, entry->linkname != NULL ? entry->linkname : "-");
}

// Goes over all members and contents; the listing, or the error.
static char *walk(GBytes *deb, GError **error)
{
	g_autoptr(StrakeDebFile) file = strake_deb_file_open(deb, "a.deb", error);
	g_autoptr(StrakeDebData) data = file != NULL ? strake_deb_data_open(file, error) : NULL;
	g_autoptr(GString) out = g_string_new(NULL);
	const StrakeDebEntry *entry;

	if (data == NULL)
		return NULL;
	for (;;) {
		const void *part;
		size_t size;
		uint64_t total = 0;

		if (!strake_deb_data_next(data, &entry, error))
			return NULL;
		if (entry == NULL)
			return g_strdup(out->str);
		describe(out, entry);
		do {
			if (!strake_deb_data_read(data, &part, &size, error))
				return NULL;
			total += size;
		} while (size > 0);
		g_assert_cmpuint(total, ==, entry->size);
	}
}

static void test_good(void)
{
	static const Member data[] = {
		{.path = "./",          .type = AE_IFDIR, .mode = 0755},
		{.path = "./usr/",         .type = AE_IFDIR, .mode = 0755},
		{.path = "./usr/hello",      .content = "hello\n", .mode = 04755},
		{.path = "./usr/hi",         .hard = "./usr/hello"},
		{.path = "./usr/link", .type = AE_IFLNK, .link = "../../etc"},
		{.path = "./etc/h\xc3\xb6",        .content = ""},
                {.path = NULL   }
        };
	g_autoptr(GBytes) deb = make_deb(NULL, data);
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeDebFile) file = strake_deb_file_open(deb, "a.deb", &error);
	g_autofree char *listing = NULL;
	g_autofree char *names = NULL;
	g_autofree char *depends = NULL;
	GBytes *script;

	g_assert_no_error(error);
	g_assert_cmpstr(strake_deb_file_package(file), ==, "hello");
	g_assert_cmpstr(strake_deb_file_version(file), ==, "1:2.0-1");
	g_assert_cmpstr(strake_deb_file_architecture(file), ==, "amd64");
	g_assert_cmpstr(strake_deb_file_data_compression(file), ==, "zst");
	names = g_strjoinv(" ", (char **)strake_deb_file_members(file));
	g_assert_cmpstr(names, ==, "conffiles postinst");
	script = strake_deb_file_member(file, "postinst");
	g_assert_cmpmem(
		g_bytes_get_data(script, NULL), g_bytes_get_size(script), "#!/bin/sh\n", 10);
	g_assert_null(strake_deb_file_member(file, "prerm"));
	depends = strake_deb_stanza_dup(strake_deb_file_control(file), "depends");
	g_assert_cmpstr(depends, ==, "libc6 (>= 2.42), a | b");
	listing = walk(deb, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(listing, ==,
		"1  755 root:mail 8 0 -\n"
		"1 usr 755 root:mail 8 0 -\n"
		"0 usr/hello 4755 root:mail 8 6 -\n"
		"3 usr/hi 644 root:mail 8 0 usr/hello\n"
		"2 usr/link 644 root:mail 8 0 ../../etc\n"
		"0 etc/h\xc3\xb6 644 root:mail 8 0 -\n");
}

static void test_refused_data(void)
{
	static const struct {
		Member members[4];
		const char *want;
	} rows[] = {
		{{{.path = "../x", .content = "x"}},
                 "a.deb: data.tar.zst: path '../x' has an empty, '.' or '..' part"         },
		{{{.path = "./usr/../../x", .content = "x"}},
                 "a.deb: data.tar.zst: path './usr/../../x' has an empty, '.' or '..' part"},
		{{{.path = "/etc/x", .content = "x"}},
                 "a.deb: data.tar.zst: path '/etc/x' is absolute"                          },
		{{{.path = ".//etc//x", .content = "x"}},
                 "a.deb: data.tar.zst: path './/etc//x' has an empty, '.' or '..' part"    },
		{{{.path = "./a\nb", .content = "x"}},
                 "a.deb: data.tar.zst: path './a\\nb' has a control character"             },
		{{{.path = "./x", .content = "x"}, {.path = "./x", .content = "y"}},
                 "a.deb: data.tar.zst: 'x' is there twice"                                 },
		{{{.path = "./x", .type = AE_IFLNK, .link = "/etc"},
			 {.path = "./x/passwd", .content = "y"}},
                 "a.deb: data.tar.zst: 'x/passwd' lies below what is not a directory: 'x'" },
		{{{.path = "./x/y/z", .content = "y"},
			 {.path = "./x", .type = AE_IFLNK, .link = "/etc"}},
                 "a.deb: data.tar.zst: 'x' replaces the directory of other members"        },
		{{{.path = "./x", .hard = "./y"}},
                 "a.deb: data.tar.zst: 'x' is a hard link to what is no earlier file: 'y'" },
		{{{.path = "./x", .hard = "/etc/shadow"}},
                 "a.deb: data.tar.zst: hard link target '/etc/shadow' is absolute"         },
		{{{.path = "./x", .hard = "../etc/shadow"}},
                 "a.deb: data.tar.zst: hard link target '../etc/shadow' has an empty, '.' "
			"or "
			"'..' part"							},
		{{{.path = "./null", .type = AE_IFCHR}},
                 "a.deb: data.tar.zst: 'null' is a device; packages may not have one"      },
		{{{.path = "./sda", .type = AE_IFBLK}},
                 "a.deb: data.tar.zst: 'sda' is a device; packages may not have one"       },
		{{{.path = "./pipe", .type = AE_IFIFO}},
                 "a.deb: data.tar.zst: 'pipe' is a pipe; packages may not have one"        },
		{{{.path = "./", .type = AE_IFLNK, .link = "x"}},
                 "a.deb: data.tar.zst: './' is not a directory"                            },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GBytes) deb = make_deb(NULL, rows[i].members);
		g_autoptr(GError) error = NULL;
		g_autofree char *listing = walk(deb, &error);

		g_assert_null(listing);
		g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
		g_assert_cmpstr(error->message, ==, rows[i].want);
	}
}

static void test_refused_control(void)
{
	static const struct {
		Member members[3];
		const char *want;
	} rows[] = {
		{{{.path = "./postinst", .content = "x"}},
                 "a.deb: control.tar.xz: it has no file 'control'"									       },
		{{{.path = "./control", .content = "\n"}},                                                          "a.deb: control: it is empty"},
		{{{.path = "./control", .content = "Package: a\n"}},
                 "a.deb: control:1: the stanza has no field 'Version'"                                                                           },
		{{{.path = "./control",
			 .content = "Package: a b\nVersion: 1\nArchitecture: all\n"}},
                 "a.deb: control:1: 'a b' is not a package name: expected letters, digits "
			"and + - . _ after a first letter or digit"									      },
		{{{.path = "./control", .content = "Package: a\nArchitecture: all\nVersion: 1-\n"}},
                 "a.deb: control:3: '1-' is not a Debian version: the revision (after the "
			"last '-') is empty (expected [epoch:]upstream[-revision])"                                                              },
		{{{.path = "./control", .content = "Package: a\nVersion: 1\nArchitecture: ../x\n"}},
                 "a.deb: control:3: '../x' is not an architecture"									       },
		{{{.path = "./control",
			 .content = "Package: a\nVersion: 1\nArchitecture: all\nDepends: b c\n"}},
                 "Depends: a.deb: control:4: found 'c' where ',' or '|' is expected, near "
			"'b c'"														  },
		{{{.path = "./control",
			 .content = "Package: a\nVersion: 1\nArchitecture: all\n\nPackage: b\n"}},
                 "a.deb: control: a second stanza follows the first"									     },
		{{{.path = "./control", .content = good_control},
			 {.path = "control", .content = "x"}},
                 "a.deb: control.tar.xz: 'control' is there twice"									       },
		{{{.path = "./control", .type = AE_IFLNK, .link = "/etc/passwd"}},
                 "a.deb: control.tar.xz: 'control' is not a plain file at the top"                                                               },
		{{{.path = "./x/control", .content = "x"}},
                 "a.deb: control.tar.xz: 'x/control' is not a plain file at the top"                                                             },
	};
	static const Member no_data[] = {{.path = NULL}};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GBytes) deb = make_deb(rows[i].members, no_data);
		g_autoptr(GError) error = NULL;
		g_autoptr(StrakeDebFile) file = strake_deb_file_open(deb, "a.deb", &error);

		g_assert_null(file);
		g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
		g_assert_cmpstr(error->message, ==, rows[i].want);
	}
}

static void check_outer(GByteArray *deb, StrakeErrorCode code, const char *want)
{
	g_autoptr(GBytes) bytes = g_bytes_new(deb->data, deb->len);
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeDebFile) file = strake_deb_file_open(bytes, "a.deb", &error);

	g_assert_null(file);
	g_assert_cmpstr(error->message, ==, want);
	g_assert_error(error, STRAKE_ERROR, code);
}

static void test_refused_outer(void)
{
	static const Member control[] = {
		{.path = "./control", .content = good_control},
                {.path = NULL                  }
        };
	g_autoptr(GByteArray) tar = make_tar(control, NULL);
	g_autoptr(GByteArray) deb = g_byte_array_new();

	g_byte_array_append(deb, (const guint8 *)"!<ar", 4);
	check_outer(deb, STRAKE_ERROR_TRUNCATED, "a.deb: 4 bytes are too few for an ar archive");
	g_byte_array_append(deb, (const guint8 *)"ch>\r", 4);
	check_outer(
		deb, STRAKE_ERROR_INVALID, "a.deb: not an ar archive (no '!<arch>' at its start)");
	deb->data[7] = '\n';
	check_outer(deb, STRAKE_ERROR_TRUNCATED, "a.deb: it has no debian-binary");
	add_member(deb, "control.tar", tar->data, tar->len);
	check_outer(deb, STRAKE_ERROR_INVALID,
		"a.deb: not a Debian package: its first member is 'control.tar', expected "
		"'debian-binary'");
	g_byte_array_unref(deb);
	deb = begin_deb();
	check_outer(deb, STRAKE_ERROR_TRUNCATED, "a.deb: it has no control.tar");
	add_member(deb, "control.tar", tar->data, tar->len);
	check_outer(deb, STRAKE_ERROR_TRUNCATED, "a.deb: it has no data.tar");
	add_member(deb, "control.tar", tar->data, tar->len);
	check_outer(deb, STRAKE_ERROR_INVALID,
		"a.deb: found member 'control.tar' where data.tar is expected");
	g_byte_array_unref(deb);
	deb = begin_deb();
	add_member(deb, "control.tar.lzma", tar->data, tar->len);
	check_outer(deb, STRAKE_ERROR_INVALID,
		"a.deb: 'control.tar.lzma' is compressed in a way that is not known (known: .xz "
		".zst .gz .bz2 and none)");
	g_byte_array_unref(deb);
	deb = begin_deb();
	add_member(deb, "control.tar.gz", tar->data, tar->len);
	add_member(deb, "data.tar", tar->data, tar->len);
	check_outer(deb, STRAKE_ERROR_INVALID,
		"a.deb: control.tar.gz: it is not gz data, whatever its name says");
	add_member(deb, "data.tar", tar->data, tar->len);
	check_outer(
		deb, STRAKE_ERROR_INVALID, "a.deb: 2108 bytes follow data.tar, which must be last");
	deb->data[8 + 58] = 'x';
	check_outer(deb, STRAKE_ERROR_INVALID, "a.deb: damaged ar member header");
}

// A bomb: 80 MiB of control data in a few kilobytes.
static void test_bomb(void)
{
	enum { BIG = 80 << 20 };
	g_autofree char *zeros = g_malloc0(1 << 20);
	g_autofree char *room = g_malloc(1 << 20);
	struct archive *out = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	g_autoptr(GByteArray) deb = begin_deb();
	size_t used = 0;

	archive_write_set_format_gnutar(out);
	archive_write_add_filter_zstd(out);
	archive_write_open_memory(out, room, 1 << 20, &used);
	archive_entry_set_pathname(entry, "./control");
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_size(entry, BIG);
	archive_write_header(out, entry);
	for (int i = 0; i < 80; i++)
		archive_write_data(out, zeros, 1 << 20);
	archive_write_close(out);
	archive_write_free(out);
	archive_entry_free(entry);
	g_assert_cmpuint(used, <, 100000);
	add_member(deb, "control.tar.zst", room, used);
	add_member(deb, "data.tar", "", 0);
	check_outer(deb, STRAKE_ERROR_LIMIT,
		"a.deb: control.tar.zst: unpacks to more than the 67108864 bytes that are "
		"accepted");
}

// Every truncation and every flipped byte ends in an error or in a whole listing, never a crash.
static void test_damage(void)
{
	static const Member data[] = {
		{.path = "./",				     .type = AE_IFDIR},
		{.path = "./f",						.content = "some content that is worth a check"},
                {.path = NULL}
        };
	g_autoptr(GBytes) deb = make_deb(NULL, data);
	size_t size;
	const guint8 *bytes = g_bytes_get_data(deb, &size);
	unsigned accepted = 0;

	for (size_t i = 0; i < size; i++) {
		g_autoptr(GBytes) cut = g_bytes_new(bytes, i);
		g_autofree guint8 *copy = g_memdup2(bytes, size);
		g_autoptr(GBytes) flipped = NULL;
		g_autofree char *listing = NULL;
		g_autoptr(GError) error = NULL;
		g_autoptr(GError) flip_error = NULL;

		g_assert_null(walk(cut, &error));
		g_assert_nonnull(error);
		copy[i] ^= 0x10;
		flipped = g_bytes_new(copy, size);
		listing = walk(flipped, &flip_error);
		g_assert_true((listing != NULL) == (flip_error == NULL));
		accepted += listing != NULL;
	}
	// Only bytes that mean nothing (ar dates, owners, padding) may change unseen.
	g_assert_cmpuint(accepted, <, 200);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/deb-file/good", test_good);
	g_test_add_func("/deb-file/refused-data", test_refused_data);
	g_test_add_func("/deb-file/refused-control", test_refused_control);
	g_test_add_func("/deb-file/refused-outer", test_refused_outer);
	g_test_add_func("/deb-file/bomb", test_bomb);
	g_test_add_func("/deb-file/damage", test_damage);
	return g_test_run();
}
