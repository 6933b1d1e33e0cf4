// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Debian's version order without allocation, and the strict grammar.
#include "format/deb_version.h"

#include <string.h>

#include "base/error.h"

// A piece of a version; borrowed.
typedef struct {
	const char *at;
	const char *end;
} Piece;

typedef struct {
	Piece epoch;
	Piece upstream;
	Piece revision;
} Parts;

static Piece piece(const char *at, const char *end)
{
	return (Piece){.at = at, .end = end};
}

static Piece trimmed(const char *text, size_t size)
{
	const char *end = text + size;

	while (text < end && g_ascii_isspace(*text))
		text++;
	while (end > text && g_ascii_isspace(end[-1]))
		end--;
	return piece(text, end);
}

static Parts split(Piece whole)
{
	Parts parts = {
		.epoch = piece(whole.at, whole.at),
		.upstream = whole,
		.revision = piece(whole.end, whole.end),
	};
	const char *colon =
		whole.at < whole.end ? memchr(whole.at, ':', (size_t)(whole.end - whole.at)) : NULL;
	const char *dash;

	if (colon != NULL) {
		parts.epoch = piece(whole.at, colon);
		parts.upstream.at = colon + 1;
	}
	for (dash = whole.end; dash > parts.upstream.at; dash--) {
		if (dash[-1] != '-')
			continue;
		parts.revision = piece(dash, whole.end);
		parts.upstream.end = dash - 1;
		break;
	}
	return parts;
}

// Sorts "~" before the end, the end before letters, letters before all else.
static int weight(Piece p)
{
	unsigned char c;

	if (p.at == p.end || g_ascii_isdigit(*p.at))
		return 0;
	c = (unsigned char)*p.at;
	if (c == '~')
		return -1;
	return g_ascii_isalpha(c) ? c : c + 256;
}

static bool at_digit(Piece p)
{
	return p.at < p.end && g_ascii_isdigit(*p.at);
}

static int compare_numbers(Piece *a, Piece *b)
{
	int first_difference = 0;

	while (a->at < a->end && *a->at == '0')
		a->at++;
	while (b->at < b->end && *b->at == '0')
		b->at++;
	while (at_digit(*a) && at_digit(*b)) {
		if (first_difference == 0)
			first_difference = *a->at - *b->at;
		a->at++;
		b->at++;
	}
	if (at_digit(*a))
		return 1;
	if (at_digit(*b))
		return -1;
	return first_difference;
}

static int compare_pieces(Piece a, Piece b)
{
	while (a.at < a.end || b.at < b.end) {
		int difference;

		while ((a.at < a.end && !at_digit(a)) || (b.at < b.end && !at_digit(b))) {
			difference = weight(a) - weight(b);
			if (difference != 0)
				return difference;
			if (a.at < a.end)
				a.at++;
			if (b.at < b.end)
				b.at++;
		}
		difference = compare_numbers(&a, &b);
		if (difference != 0)
			return difference;
	}
	return 0;
}

int strake_deb_version_compare_n(const char *a, size_t a_size, const char *b, size_t b_size)
{
	Parts pa = split(trimmed(a, a_size));
	Parts pb = split(trimmed(b, b_size));
	int difference = compare_pieces(pa.epoch, pb.epoch);

	if (difference == 0)
		difference = compare_pieces(pa.upstream, pb.upstream);
	if (difference == 0)
		difference = compare_pieces(pa.revision, pb.revision);
	return difference;
}

int strake_deb_version_compare(const char *a, const char *b)
{
	return strake_deb_version_compare_n(a, strlen(a), b, strlen(b));
}

bool strake_deb_version_satisfies(const char *version, StrakeDebOp op, const char *bound)
{
	int order = op == STRAKE_DEB_OP_NONE ? 0 : strake_deb_version_compare(version, bound);

	switch (op) {
	case STRAKE_DEB_OP_NONE:
		return true;
	case STRAKE_DEB_OP_LT:
		return order < 0;
	case STRAKE_DEB_OP_LE:
		return order <= 0;
	case STRAKE_DEB_OP_EQ:
		return order == 0;
	case STRAKE_DEB_OP_GE:
		return order >= 0;
	case STRAKE_DEB_OP_GT:
		return order > 0;
	}
	g_return_val_if_reached(false);
}

const char *strake_deb_op_text(StrakeDebOp op)
{
	static const char *const texts[] = {"", "<<", "<=", "=", ">=", ">>"};

	g_return_val_if_fail((size_t)op < G_N_ELEMENTS(texts), "");
	return texts[op];
}

static bool only(Piece p, const char *extra)
{
	for (; p.at < p.end; p.at++)
		if (!g_ascii_isalnum(*p.at) && (*p.at == '\0' || strchr(extra, *p.at) == NULL))
			return false;
	return true;
}

static const char *why_invalid(Piece whole, Parts parts)
{
	enum { EPOCH_DIGITS_MAX = 9 };
	bool has_epoch = parts.upstream.at > whole.at;
	bool has_revision = parts.revision.at > parts.upstream.end;

	if (whole.at == whole.end)
		return "it is empty";
	for (const char *p = parts.epoch.at; p < parts.epoch.end; p++)
		if (!g_ascii_isdigit(*p))
			return "the epoch (before ':') is not a number";
	if (has_epoch && parts.epoch.at == parts.epoch.end)
		return "the epoch (before ':') is empty";
	if (parts.epoch.end - parts.epoch.at > EPOCH_DIGITS_MAX)
		return "the epoch (before ':') is too large";
	if (parts.upstream.at == parts.upstream.end)
		return "the upstream part is empty";
	if (!only(parts.upstream, ".+-~:"))
		return "the upstream part has a character other than letters, digits and . + - ~ :";
	if (has_revision && parts.revision.at == parts.revision.end)
		return "the revision (after the last '-') is empty";
	if (!only(parts.revision, ".+~"))
		return "the revision has a character other than letters, digits and . + ~";
	return NULL;
}

bool strake_deb_version_check(const char *version, GError **error)
{
	Piece whole = piece(version, version + strlen(version));
	const char *why = why_invalid(whole, split(whole));

	if (why == NULL)
		return true;
	return strake_error_set(error, STRAKE_ERROR_INVALID,
		"'%s' is not a Debian version: %s (expected [epoch:]upstream[-revision])", version,
		why);
}

StrakeDebVersion *strake_deb_version_parse(const char *version, GError **error)
{
	g_autoptr(StrakeDebVersion) out = NULL;
	Parts parts;

	if (!strake_deb_version_check(version, error))
		return NULL;
	parts = split(piece(version, version + strlen(version)));
	while (parts.epoch.at < parts.epoch.end && *parts.epoch.at == '0')
		parts.epoch.at++;
	out = g_new0(StrakeDebVersion, 1);
	if (parts.epoch.at < parts.epoch.end)
		out->epoch = g_strndup(parts.epoch.at, (size_t)(parts.epoch.end - parts.epoch.at));
	out->upstream =
		g_strndup(parts.upstream.at, (size_t)(parts.upstream.end - parts.upstream.at));
	if (parts.revision.at > parts.upstream.end)
		out->revision = g_strndup(
			parts.revision.at, (size_t)(parts.revision.end - parts.revision.at));
	return g_steal_pointer(&out);
}

void strake_deb_version_free(StrakeDebVersion *version)
{
	if (version == NULL)
		return;
	g_free(version->epoch);
	g_free(version->upstream);
	g_free(version->revision);
	g_free(version);
}
