// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The kinds of debhelper-generated sections. The text of a known kind is no residue: it changes
// with debhelper, not with the package. It is evaluated like any other text, so what it does is
// still told action by action. A kind that is not here counts as written by hand.
#include "bridge/script_private.h"

#include <string.h>

// Sorted. The name without "dh_".
static const char *const kinds[] = {
	"apache2",
	"apparmor",
	"cruft",
	"elpa",
	"gconf",
	"icons",
	"installalternatives",
	"installcatalogs",
	"installdeb",
	"installdeb-aspell",
	"installdeb-hunspell",
	"installdeb-ispell",
	"installdeb-wordlist",
	"installdebconf",
	"installemacsen",
	"installinfo",
	"installinit",
	"installmenu",
	"installmime",
	"installnss",
	"installsystemd",
	"installsystemduser",
	"installsysusers",
	"installtex",
	"installtmpfiles",
	"installudev",
	"installwm",
	"installxfonts",
	"installxmlcatalogs",
	"makeshlibs",
	"modaliases",
	"php",
	"pypy",
	"python2",
	"python3",
	"runit",
	"systemd_enable",
	"systemd_start",
	"ucf",
	"usrlocal",
};

const char *const *script_section_table(size_t *out_count)
{
	*out_count = G_N_ELEMENTS(kinds);
	return kinds;
}

const char *script_section_cache(const char *kind)
{
	// Edits nsswitch.conf line by line; the distribution has one file of its own, which names
	// the modules of every package that it ships.
	return strcmp(kind, "installnss") == 0 ? "nsswitch" : NULL;
}

static int compare_kind(const void *name, const void *row)
{
	return strcmp(name, *(const char *const *)row);
}

bool script_section_known(const char *kind)
{
	return bsearch(kind, kinds, G_N_ELEMENTS(kinds), sizeof(kinds[0]), compare_kind) != NULL;
}
