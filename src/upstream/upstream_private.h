// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What a kind of upstream of binary packages does in its own way. For upstream.c and the kinds.
#pragma once

#include "upstream/download.h"
#include "upstream/upstream.h"

typedef struct {
	const StrakeProject *project;
	StrakeStore *store;
	const StrakeUpstream *upstream;
	bool offline;
} StrakeUpstreamJob;

typedef struct {
	/** What the mirror has now for all that the project names. */
	StrakeUpstreamLock *(*closure)(const StrakeUpstreamJob *job, GError **error);
	/** Whether a lock that was read belongs to the definition as it is now. */
	bool (*check_lock)(const StrakeUpstreamJob *job, const StrakeUpstreamLock *lock,
		const char *path, GError **error);
	/** Downloads what the store lacks of @pins; indexes (guint) of those that no mirror has go
	 * to
	 * @missing. */
	bool (*download)(const StrakeUpstreamJob *job, const GPtrArray *pins, GArray *missing,
		GError **error);
	/** Whether all of @pins, which are in the store, are good; NULL: their digests are enough.
	 */
	bool (*verify)(const StrakeUpstreamJob *job, const GPtrArray *pins, GError **error);
} StrakeUpstreamOps;

extern const StrakeUpstreamOps strake_upstream_deb_ops;
extern const StrakeUpstreamOps strake_upstream_rpm_md_ops;
