// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// librpm's global state set up so that the host's configuration does not matter.
#include "pkg/rpm_private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <rpm/header.h>
#include <rpm/rpmdb.h>
#include <rpm/rpmio.h>
#include <rpm/rpmkeyring.h>
#include <rpm/rpmlib.h>
#include <rpm/rpmlog.h>
#include <rpm/rpmmacro.h>
#include <rpm/rpmpgp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "pkg/verify.h"

// librpm logs through one process-wide callback.
static GString *log_text;

static int on_log(rpmlogRec record, rpmlogCallbackData data)
{
	const char *message = rpmlogRecMessage(record);

	if (rpmlogRecPriority(record) > RPMLOG_WARNING || message == NULL)
		return 0;
	// Owners whose names do not exist yet are applied later: strake_install_apply_owners.
	if (strstr(message, "does not exist - using root") != NULL)
		return 0;
	if (log_text == NULL)
		log_text = g_string_new(NULL);
	if (log_text->len < 4000) {
		g_autofree char *line = g_strstrip(g_strdup(message));
		g_string_append_printf(log_text, "%s%s", log_text->len > 0 ? "; " : "", line);
	}
	return 0;
}

char *strake_rpm_take_log(void)
{
	GString *taken = log_text;

	log_text = NULL;
	return taken != NULL ? g_string_free(taken, FALSE) : NULL;
}

static void set_macro(const char *name, const char *value)
{
	rpmPushMacro(NULL, name, NULL, value, RMIL_CMDLINE);
}

bool strake_rpm_setup(const char *database, GError **error)
{
	static bool read;

	rpmlogSetCallback(on_log, NULL);
	if (!read && rpmReadConfigFiles(NULL, NULL) != 0)
		return strake_error_set(error, STRAKE_ERROR_FAILED,
			"librpm does not find its configuration (/usr/lib/rpm); install the "
			"package rpm-common");
	read = true;
	// Debian's _dbpath is in the user's home; the image's rpm must find what we write.
	set_macro("_dbpath", database != NULL ? database : STRAKE_RPM_DATABASE);
	set_macro("_db_backend", "sqlite");
	// The tree is made anew after a crash, so that nothing is gained by syncing each file.
	set_macro("_flush_io", "0");
	set_macro("_minimize_writes", "0");
	set_macro("_netsharedpath", "%{nil}");
	set_macro("_transaction_color", "0");
	set_macro("_prefer_color", "2");
	set_macro("_pkgverify_flags", "0x0");
	set_macro("_rpmlock_path", "%{_dbpath}/.rpm.lock");
	return true;
}

#define ARMOR_BEGIN "-----BEGIN PGP PUBLIC KEY BLOCK-----"

// Some signers use a subkey.
static bool add_certificate(rpmKeyring keyring, const uint8_t *packet, size_t size)
{
	rpmPubkey key = rpmPubkeyNew(packet, size);
	rpmPubkey *subkeys;
	int n = 0;
	bool ok;

	if (key == NULL)
		return false;
	ok = rpmKeyringAddKey(keyring, key) >= 0;
	subkeys = rpmGetSubkeys(key, &n);
	for (int i = 0; i < n; i++) {
		ok = ok && rpmKeyringAddKey(keyring, subkeys[i]) >= 0;
		rpmPubkeyFree(subkeys[i]);
	}
	free(subkeys);
	rpmPubkeyFree(key);
	return ok;
}

// One armored block, which may hold several certificates.
static bool add_block(rpmKeyring keyring, const char *block)
{
	uint8_t *packets = NULL;
	size_t left = 0;
	uint8_t *at;
	bool ok = pgpParsePkts(block, &packets, &left) == PGPARMOR_PUBKEY;

	for (at = packets; ok && left > 0;) {
		size_t size = 0;

		ok = pgpPubKeyCertLen(at, left, &size) == 0 && size > 0 &&
		     add_certificate(keyring, at, size);
		at += size;
		left -= MIN(size, left);
	}
	free(packets);
	return ok;
}

static bool add_keys(rpmts ts, const char *public_keys, GError **error)
{
	g_auto(GStrv) blocks = g_strsplit(public_keys, ARMOR_BEGIN, -1);
	rpmKeyring keyring = rpmKeyringNew();
	bool ok = g_strv_length(blocks) > 1;

	// What stands before the first block is for people.
	for (size_t i = 1; ok && blocks[i] != NULL; i++) {
		g_autofree char *block = g_strconcat(ARMOR_BEGIN, blocks[i], NULL);

		ok = add_block(keyring, block);
	}
	ok = ok && rpmtsSetKeyring(ts, keyring) == 0;
	rpmKeyringFree(keyring);
	if (ok)
		return true;
	return strake_error_set(
		error, STRAKE_ERROR_INVALID, "the public key is not an armored OpenPGP key");
}

rpmts strake_rpm_ts_new(const char *root, const char *public_key, int64_t time_s, GError **error)
{
	// The only way to set the install time; read by rpmtsCreate.
	g_autofree char *epoch = g_strdup_printf("%" PRId64, time_s);
	rpmts ts;

	g_setenv("SOURCE_DATE_EPOCH", epoch, TRUE);
	ts = rpmtsCreate();
	rpmtsSetRootDir(ts, root);
	rpmtsSetTid(ts, (rpm_tid_t)time_s);
	if (public_key == NULL) {
		rpmtsSetVSFlags(ts, RPMVSF_MASK_NOSIGNATURES);
		rpmtsSetVfyLevel(ts, RPMSIG_DIGEST_TYPE);
		return ts;
	}
	rpmtsSetVSFlags(ts, RPMVSF_DEFAULT);
	rpmtsSetVfyLevel(ts, RPMSIG_VERIFIABLE_TYPE);
	if (!add_keys(ts, public_key, error)) {
		rpmtsFree(ts);
		return NULL;
	}
	return ts;
}

Header strake_rpm_read_header(
	rpmts ts, const char *path, const char *label, bool must_be_signed, GError **error)
{
	FD_t fd = Fopen(path, "r.ufdio");
	Header header = NULL;
	g_autofree char *log = NULL;
	rpmRC rc;

	label = label != NULL ? label : path;
	if (fd == NULL || Ferror(fd)) {
		strake_error_set(error, STRAKE_ERROR_NOT_FOUND, "open package '%s': %s", label,
			fd != NULL ? Fstrerror(fd) : "failed");
		if (fd != NULL)
			Fclose(fd);
		return NULL;
	}
	g_free(strake_rpm_take_log());
	rc = rpmReadPackageFile(ts, fd, path, &header);
	Fclose(fd);
	log = strake_rpm_take_log();
	if (header != NULL && rc == RPMRC_OK) {
		if (!must_be_signed || headerIsEntry(header, RPMTAG_RSAHEADER) ||
			headerIsEntry(header, RPMTAG_DSAHEADER))
			return header;
		strake_error_set(
			error, STRAKE_ERROR_INTEGRITY, "package '%s' is not signed", label);
	} else if (header != NULL && rc == RPMRC_NOKEY) {
		strake_error_set(error, STRAKE_ERROR_INTEGRITY,
			"package '%s' is signed with a key that is not %s", label,
			label == path ? "the project's" : "among the keys of its upstream");
	} else {
		strake_error_set(error, STRAKE_ERROR_INTEGRITY,
			"package '%s' is damaged or not a package%s%s", label,
			log != NULL ? ": " : "", log != NULL ? log : "");
	}
	headerFree(header);
	return NULL;
}

void strake_rpm_change(rpmts ts, unsigned number, StrakeRpmChange change, void *data)
{
	rpmdbMatchIterator iterator =
		rpmtsInitIterator(ts, RPMDBI_PACKAGES, &number, sizeof(number));
	Header header;

	rpmdbSetIteratorRewrite(iterator, 1);
	header = rpmdbNextIterator(iterator);
	if (header != NULL)
		rpmdbSetIteratorModified(iterator, change(header, data));
	rpmdbFreeIterator(iterator); // writes it
}

// What sqlite and librpm leave beside the database once it is closed would differ from run to run.
bool strake_rpm_tidy_database(const char *root, const char *database, GError **error)
{
	static const char *const leftovers[] = {
		"rpmdb.sqlite-shm", "rpmdb.sqlite-wal", ".rpm.lock"};
	g_auto(strake_fd) root_fd = -1;
	g_auto(strake_fd) dir_fd = -1;
	struct stat st;

	if (!strake_path_open_dir(AT_FDCWD, root, &root_fd, error) ||
		!strake_path_open_beneath(root_fd,
			database != NULL ? database : STRAKE_RPM_DATABASE, O_RDONLY | O_DIRECTORY,
			0, &dir_fd, error))
		return false;
	if (fstatat(dir_fd, "rpmdb.sqlite-wal", &st, 0) == 0 && st.st_size > 0)
		return strake_error_set(error, STRAKE_ERROR_FAILED,
			"the rpm database below '%s' was not closed cleanly", root);
	for (size_t i = 0; i < G_N_ELEMENTS(leftovers); i++)
		if (unlinkat(dir_fd, leftovers[i], 0) < 0 && errno != ENOENT)
			return strake_error_errno(error, errno, "remove", leftovers[i]);
	return true;
}

bool strake_package_verify(
	const char *path, const char *label, const char *public_key, GError **error)
{
	Header header;
	rpmts ts;

	if (!strake_rpm_setup(NULL, error))
		return false;
	ts = strake_rpm_ts_new("/", public_key, 0, error);
	if (ts == NULL)
		return false;
	header = strake_rpm_read_header(ts, path, label, true, error);
	rpmtsFree(ts);
	if (header == NULL)
		return false;
	headerFree(header);
	return true;
}
