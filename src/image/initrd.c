// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Collects modules with what they need, in loading order, and packs the RAM disk. The table's
// format is in tools/strake-init/modules.h.
#include "image/initrd.h"

#include <string.h>
#include <zstd.h>

#include "base/error.h"
#include "format/newc.h"
#include "image/init_program.h"

enum { ZSTD_LEVEL = 12 };

// Those that a kernel lacks or has built in are skipped in silence.
static const char *const usual_modules[] = {"virtio_pci", "virtio_mmio", "virtio_blk",
	"virtio_scsi", "nvme", "sd_mod", "ahci", "ata_piix", "hv_storvsc", "pci_hyperv",
	"xen_blkfront", "vmw_pvscsi", "mptspi", "pvpanic_pci", NULL};

typedef struct {
	const StrakeKmod *kmod;
	StrakeNewc *archive;
	GString *table;
	GHashTable *numbers; // module name -> its number + 1
	GHashTable *dirs;
	unsigned next;
} Initrd;

static void add_parents(Initrd *rd, const char *path)
{
	for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		g_autofree char *dir = g_strndup(path, (size_t)(slash - path));
		if (g_hash_table_add(rd->dirs, g_strdup(dir)))
			strake_newc_add_dir(rd->archive, dir, 0755);
	}
}

static bool add_module(Initrd *rd, const char *name, GError **error)
{
	g_autoptr(GBytes) content = NULL;
	g_autofree char *file = NULL;
	char **needs = strake_kmod_needs(rd->kmod, name);

	if (g_hash_table_contains(rd->numbers, name))
		return true;
	for (char **need = needs; *need != NULL; need++)
		if (!add_module(rd, *need, error))
			return false;
	content = strake_kmod_read(rd->kmod, name, error);
	if (content == NULL)
		return false;
	file = g_strdup_printf("lib/%s.ko", name);
	add_parents(rd, file);
	strake_newc_add_file(rd->archive, file, 0644, g_bytes_get_data(content, NULL),
		g_bytes_get_size(content));
	g_string_append_printf(rd->table, "m /%s", file);
	for (char **need = needs; *need != NULL; need++)
		g_string_append_printf(rd->table, " %u",
			GPOINTER_TO_UINT(g_hash_table_lookup(rd->numbers, *need)) - 1);
	g_string_append_c(rd->table, '\n');
	g_hash_table_insert(rd->numbers, g_strdup(name), GUINT_TO_POINTER(++rd->next));
	return true;
}

static bool add_device_module(Initrd *rd, const char *name, bool required, GError **error)
{
	g_autofree char *canonical = g_strdelimit(g_strdup(name), "-", '_');
	g_autoptr(GPtrArray) aliases = NULL;

	if (strake_kmod_is_builtin(rd->kmod, canonical) ||
		g_hash_table_contains(rd->numbers, canonical))
		return true;
	if (!strake_kmod_has(rd->kmod, canonical)) {
		if (!required)
			return true;
		return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"initrd-modules: the image's kernel has no module '%s'", name);
	}
	if (!add_module(rd, canonical, error))
		return false;
	aliases = strake_kmod_aliases(rd->kmod, canonical);
	for (guint i = 0; i < aliases->len; i++)
		g_string_append_printf(rd->table, "a %s %u\n", (char *)aliases->pdata[i],
			GPOINTER_TO_UINT(g_hash_table_lookup(rd->numbers, canonical)) - 1);
	return true;
}

static bool add_filesystem(Initrd *rd, const char *name, GError **error)
{
	if (strake_kmod_is_builtin(rd->kmod, name))
		return true;
	if (!strake_kmod_has(rd->kmod, name))
		return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"the image's kernel cannot read file system '%s'", name);
	if (!add_module(rd, name, error))
		return false;
	g_string_append_printf(rd->table, "f %s %u\n", name,
		GPOINTER_TO_UINT(g_hash_table_lookup(rd->numbers, name)) - 1);
	return true;
}

static bool add_modules(Initrd *rd, const StrakeInitrdOptions *options, GError **error)
{
	const char *const *usual = options->modules != NULL ? options->modules : usual_modules;

	for (const char *const *m = usual; *m != NULL; m++)
		if (!add_device_module(rd, *m, options->modules != NULL, error))
			return false;
	for (const char *const *m = options->extra_modules; m != NULL && *m != NULL; m++)
		if (!add_device_module(rd, *m, true, error))
			return false;
	return add_filesystem(rd, options->filesystem, error) &&
	       (!options->overlay ||
		       (add_filesystem(rd, "overlay", error) && add_filesystem(rd, "ext4", error)));
}

static GBytes *compress(GBytes *plain, GError **error)
{
	size_t size = g_bytes_get_size(plain);
	size_t bound = ZSTD_compressBound(size);
	g_autofree uint8_t *out = g_malloc(bound);
	ZSTD_CCtx *c = ZSTD_createCCtx();
	size_t n;

	ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, ZSTD_LEVEL);
	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	n = ZSTD_compress2(c, out, bound, g_bytes_get_data(plain, NULL), size);
	ZSTD_freeCCtx(c);
	if (ZSTD_isError(n)) {
		strake_error_set(error, STRAKE_ERROR_FAILED, "compress the initrd: %s",
			ZSTD_getErrorName(n));
		return NULL;
	}
	return g_bytes_new_take(g_realloc(g_steal_pointer(&out), n), n);
}

GBytes *strake_initrd_build(
	const StrakeKmod *kmod, const StrakeInitrdOptions *options, GError **error)
{
	static const char *const dirs[] = {"dev", "proc", "sys", "sysroot", "lower", "upper"};
	g_autoptr(StrakeNewc) archive = strake_newc_new(options->time_s);
	g_autoptr(GString) table = g_string_new(NULL);
	g_autoptr(GHashTable) numbers =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) made = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GBytes) plain = NULL;
	Initrd rd = {
		.kmod = kmod, .archive = archive, .table = table, .numbers = numbers, .dirs = made};

	for (size_t i = 0; i < G_N_ELEMENTS(dirs); i++)
		strake_newc_add_dir(archive, dirs[i], 0755);
	strake_newc_add_chardev(archive, "dev/console", 0600, 5, 1);
	strake_newc_add_chardev(archive, "dev/kmsg", 0600, 1, 11);
	strake_newc_add_file(archive, "init", 0755, strake_init_program, strake_init_program_size);
	if (!add_modules(&rd, options, error))
		return NULL;
	strake_newc_add_file(archive, "modules", 0644, table->str, table->len);
	plain = strake_newc_finish(archive);
	return compress(plain, error);
}
