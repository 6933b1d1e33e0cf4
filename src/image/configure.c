// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Plain files, each for a reason that stands beside it.
#include "image/configure.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "image/memo.h"

enum { FILE_MAX_BYTES = 64 << 20 };

static bool make_parent(int root_fd, const char *path, GError **error)
{
	const char *slash = strrchr(path, '/');
	g_autofree char *parent = slash != NULL ? g_strndup(path, (size_t)(slash - path)) : NULL;

	return parent == NULL || strake_path_mkdirs_beneath(root_fd, parent, 0755, error);
}

static bool write_file(
	int root_fd, const char *path, const void *data, size_t size, mode_t mode, GError **error)
{
	g_auto(strake_fd) fd = -1;

	if (!make_parent(root_fd, path, error))
		return false;
	if (unlinkat(root_fd, path, 0) < 0 && errno != ENOENT)
		return strake_error_errno(error, errno, "replace", path);
	if (!strake_path_open_beneath(
		    root_fd, path, O_WRONLY | O_CREAT | O_EXCL, mode, &fd, error) ||
		!strake_fd_write_all(fd, data, size, path, error))
		return false;
	if (fchmod(fd, mode) < 0)
		return strake_error_errno(error, errno, "set the mode of", path);
	return true;
}

static bool write_text(int root_fd, const char *path, const char *text, GError **error)
{
	return write_file(root_fd, path, text, strlen(text), 0644, error);
}

static bool write_link(int root_fd, const char *path, const char *target, GError **error)
{
	if (!make_parent(root_fd, path, error))
		return false;
	if (unlinkat(root_fd, path, 0) < 0 && errno != ENOENT)
		return strake_error_errno(error, errno, "replace", path);
	if (symlinkat(target, root_fd, path) < 0)
		return strake_error_errno(error, errno, "link", path);
	return true;
}

static bool exists(int root_fd, const char *path)
{
	return faccessat(root_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

// The programs and libraries that look for certificates agree on this one file.
static bool write_certificates(int root_fd, GError **error)
{
	static const char *const sources[] = {"usr/share/ca-certificates/**/*.crt",
		"usr/local/share/ca-certificates/**/*.crt",
		"etc/pki/ca-trust/source/anchors/*.{crt,pem}", NULL};
	g_autoptr(GPtrArray) paths = strake_memo_match(root_fd, sources, error);
	g_autoptr(GString) bundle = g_string_new(NULL);

	if (paths == NULL)
		return false;
	for (guint i = 0; i < paths->len; i++) {
		g_autoptr(GBytes) one =
			strake_file_read_at(root_fd, paths->pdata[i], FILE_MAX_BYTES, error);
		if (one == NULL)
			return false;
		g_string_append_len(
			bundle, g_bytes_get_data(one, NULL), (gssize)g_bytes_get_size(one));
		if (bundle->len > 0 && bundle->str[bundle->len - 1] != '\n')
			g_string_append_c(bundle, '\n');
	}
	return bundle->len == 0 || write_file(root_fd, "etc/ssl/certs/ca-certificates.crt",
					   bundle->str, bundle->len, 0644, error);
}

static bool write_presets(int root_fd, const StrakeImageDef *def, GError **error)
{
	g_autoptr(GString) text = g_string_new("# From the image's definition.\n");

	if (def->presets_enable == NULL && def->presets_disable == NULL)
		return true;
	for (char **unit = def->presets_enable; unit != NULL && *unit != NULL; unit++)
		g_string_append_printf(text, "enable %s\n", *unit);
	for (char **unit = def->presets_disable; unit != NULL && *unit != NULL; unit++)
		g_string_append_printf(text, "disable %s\n", *unit);
	return write_text(root_fd, "etc/systemd/system-preset/10-image.preset", text->str, error);
}

static bool write_time_zone(int root_fd, const StrakeImageDef *def, GError **error)
{
	const char *zone = def->timezone != NULL ? def->timezone : "Etc/UTC";
	g_autofree char *file = g_strconcat("usr/share/zoneinfo/", zone, NULL);
	g_autofree char *target = g_strconcat("../", file, NULL);

	if (!exists(root_fd, file)) {
		if (def->timezone == NULL)
			return true;
		return strake_error_at(error, STRAKE_ERROR_NOT_FOUND, def->at,
			"image '%s': time zone '%s' is not in the image; add the package tzdata or "
			"correct the name",
			def->name, zone);
	}
	return write_link(root_fd, "etc/localtime", target, error);
}

static bool has_line(int root_fd, const char *path, const char *line)
{
	g_autoptr(GBytes) bytes = strake_file_read_at(root_fd, path, FILE_MAX_BYTES, NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (bytes == NULL || g_bytes_get_size(bytes) == 0)
		return false;
	text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	lines = g_strsplit(text, "\n", -1);
	return g_strv_contains((const char *const *)lines, line);
}

// A package's file that says the same stays as it is.
static bool write_selinux_mode(int root_fd, const StrakeImageDef *def, GError **error)
{
	static const char *const words[] = {NULL, "disabled", "permissive", "enforcing"};
	const char *policy = def->selinux.policy != NULL ? def->selinux.policy : "default";
	g_autofree char *mode = NULL;
	g_autofree char *type = NULL;
	g_autofree char *text = NULL;

	if (def->selinux.mode == STRAKE_SELINUX_UNSET)
		return true;
	mode = g_strconcat("SELINUX=", words[def->selinux.mode], NULL);
	type = g_strconcat("SELINUXTYPE=", policy, NULL);
	if (has_line(root_fd, "etc/selinux/config", mode) &&
		has_line(root_fd, "etc/selinux/config", type))
		return true;
	text = g_strdup_printf("# Written by the image's definition; see selinux_config(5).\n"
			       "%s\n%s\n",
		mode, type);
	return write_text(root_fd, "etc/selinux/config", text, error);
}

// Accounts are those of the image, not of the host.
static bool find_id(int root_fd, const char *file, const char *name, unsigned *out, GError **error)
{
	g_autoptr(GBytes) bytes = strake_file_read_at(root_fd, file, FILE_MAX_BYTES, error);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (bytes == NULL)
		return false;
	text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		g_auto(GStrv) fields = g_strsplit(*line, ":", -1);
		if (g_strv_length(fields) >= 3 && strcmp(fields[0], name) == 0) {
			*out = (unsigned)g_ascii_strtoull(fields[2], NULL, 10);
			return true;
		}
	}
	return strake_error_set(
		error, STRAKE_ERROR_NOT_FOUND, "/%s of the image has no '%s'", file, name);
}

static bool write_own_file(int root_fd, const StrakeImageFile *file, GError **error)
{
	const char *path = file->path + 1;
	mode_t mode = file->mode >= 0 ? (mode_t)file->mode : 0644;
	unsigned uid = 0;
	unsigned gid = 0;

	if (file->target != NULL)
		return write_link(root_fd, path, file->target, error);
	if (file->source != NULL) {
		g_autoptr(GBytes) bytes =
			strake_file_read_at(AT_FDCWD, file->source, FILE_MAX_BYTES, error);
		if (bytes == NULL || !write_file(root_fd, path, g_bytes_get_data(bytes, NULL),
					     g_bytes_get_size(bytes), mode, error))
			return false;
	} else {
		g_autofree char *joined =
			file->lines != NULL ? g_strjoinv("\n", file->lines) : NULL;
		g_autofree char *text = g_strconcat(joined != NULL ? joined : "", "\n", NULL);
		if (!write_file(root_fd, path, text, strlen(text), mode, error))
			return false;
	}
	if ((file->owner != NULL && !find_id(root_fd, "etc/passwd", file->owner, &uid, error)) ||
		(file->group != NULL && !find_id(root_fd, "etc/group", file->group, &gid, error)))
		return false;
	if ((uid != 0 || gid != 0) && fchownat(root_fd, path, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return strake_error_errno(error, errno, "set the owner of", path);
	return true;
}

static bool write_own_files(int root_fd, const StrakeImageDef *def, GError **error)
{
	for (guint i = 0; def->files != NULL && i < def->files->len; i++) {
		const StrakeImageFile *file = def->files->pdata[i];
		if (!write_own_file(root_fd, file, error)) {
			g_prefix_error(error,
				"%s:%u: image '%s': ", file->at.file != NULL ? file->at.file : "?",
				file->at.line, def->name);
			return false;
		}
	}
	return true;
}

static bool write_machine(int root_fd, const StrakeImageDef *def, GError **error)
{
	static const char updated[] = "# The image build has brought everything up to date.\n";
	g_autofree char *hostname =
		g_strconcat(def->hostname != NULL ? def->hostname : "strake", "\n", NULL);

	// "uninitialized" makes the first boot one (ConditionFirstBoot); an empty file does not.
	if (!write_text(root_fd, "etc/machine-id", "uninitialized\n", error) ||
		!write_text(root_fd, "etc/hostname", hostname, error))
		return false;
	if (!exists(root_fd, "etc/locale.conf") &&
		!write_text(root_fd, "etc/locale.conf", "LANG=C.UTF-8\n", error))
		return false;
	// All that a first boot would do after an update of /usr has been done: systemd compares
	// these files' times with that of /usr.
	if (!write_text(root_fd, "etc/.updated", updated, error) ||
		!write_text(root_fd, "var/.updated", updated, error))
		return false;
	if (exists(root_fd, "usr/lib/systemd/systemd-resolved") &&
		!write_link(root_fd, "etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf",
			error))
		return false;
	return true;
}

bool strake_configure(int root_fd, const StrakeImageDef *def, GError **error)
{
	static const char *const mount_points[] = {
		"dev", "proc", "run", "sys", "tmp", "boot", "efi", "mnt", "srv", "root", "home"};

	for (size_t i = 0; i < G_N_ELEMENTS(mount_points); i++)
		if (mkdirat(root_fd, mount_points[i], 0755) < 0 && errno != EEXIST)
			return strake_error_errno(error, errno, "make", mount_points[i]);
	// Whatever the caller's umask made of the tree's own folder.
	if (fchmod(root_fd, 0755) < 0 || fchmodat(root_fd, "tmp", 01777, 0) < 0 ||
		fchmodat(root_fd, "root", 0700, 0) < 0)
		return strake_error_errno(error, errno, "set modes in", "/");
	return write_certificates(root_fd, error) && write_time_zone(root_fd, def, error) &&
	       (!exists(root_fd, "usr/lib/systemd/systemd") ||
		       write_machine(root_fd, def, error)) &&
	       write_presets(root_fd, def, error) && write_selinux_mode(root_fd, def, error) &&
	       write_own_files(root_fd, def, error);
}

bool strake_configure_record_presets(int root_fd, GError **error)
{
	static const char *const units[] = {
		"usr/lib/systemd/system/*.{service,socket,timer,path,target,mount}", NULL};
	g_autoptr(GPtrArray) paths = strake_memo_match(root_fd, units, error);
	g_autoptr(GString) text = g_string_new(NULL);

	if (paths == NULL)
		return false;
	for (guint i = 0; i < paths->len; i++) {
		const char *path = paths->pdata[i];
		g_string_append_printf(text, "%s\n", strrchr(path, '/') + 1);
	}
	return write_text(root_fd, "var/lib/strake/preset-units", text->str, error);
}

bool strake_configure_clean(int root_fd, const StrakeImageDef *def, GError **error)
{
	// Backups of account files, caches keyed by inode, logs of build-time programs.
	static const char *const leftovers[] = {"etc/{passwd,group,shadow,gshadow,subuid,subgid}-",
		"var/cache/ldconfig/**", "var/log/**/*.log", "var/log/journal/**", "tmp/*",
		"run/*/**", "run/*", "var/tmp/*", "var/lib/selinux/*/semanage.*.LOCK",
		"etc/ssh/ssh_host_*", "var/lib/systemd/random-seed", NULL};
	const char *const *lists[] = {leftovers, (const char *const *)def->exclude};

	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_autoptr(GPtrArray) paths = NULL;

		if (lists[i] == NULL)
			continue;
		paths = strake_memo_match(root_fd, lists[i], error);
		if (paths == NULL)
			return false;
		for (guint k = paths->len; k-- > 0;) {
			const char *path = paths->pdata[k];
			if (unlinkat(root_fd, path, 0) < 0 && errno == EISDIR)
				unlinkat(root_fd, path, AT_REMOVEDIR); // stays when not empty
		}
	}
	return true;
}
