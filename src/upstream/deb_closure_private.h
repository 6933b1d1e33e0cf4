// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What deb_closure.c, deb_closure_ask.c and deb_closure_report.c share.
#pragma once

#include "upstream/deb_closure.h"
#include "upstream/deb_names.h"

typedef struct StrakeDebNode {
	const struct StrakeDebNode *parent; // who needed it first; NULL: a root
	char *why;                          // the root's
	StrakeDebPackage *package;          // NULL: a package of our own
	char *name;
	bool build_only;
} StrakeDebNode;

// One group of alternatives that a node needs.
typedef struct {
	const StrakeDebNode *from;
	const char *why;               // when @from is NULL: who wants it
	StrakeDebRelationGroup *group; // owned
	bool new_names;                // written by us: names mean what renames make them
} StrakeDebNeed;

typedef struct {
	const StrakeProject *project;
	const StrakeUpstream *upstream;
	const StrakeDebIndex *index;
	StrakeDebNames *names;
	GHashTable *nodes; // name -> StrakeDebNode
	GQueue certain;    // of StrakeDebNeed
	GQueue choices;    // of StrakeDebNeed
	GHashTable *globs; // pattern -> StrakeGlob
	GString *problems;
	guint n_problems;
	GHashTable *reported; // of names
	bool build_only;      // nodes that are found now are
} StrakeDebWalk;

// What a relation comes to. With @present, nothing is to be added.
typedef struct {
	bool present;
	StrakeDebPackage *package; // owned
	char *local;               // owned; a package of our own
	guint n_choices;           // more than one: wait until all that is certain is known
} StrakeDebAnswer;

void strake_deb_answer_clear(StrakeDebAnswer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(StrakeDebAnswer, strake_deb_answer_clear)

static inline bool strake_deb_answer_found(const StrakeDebAnswer *answer)
{
	return answer->present || answer->package != NULL || answer->local != NULL;
}

/** strake_deb_ask: who answers to @relation, in the order of deb_closure.h. @new_names: written by
 * us, so that names mean what renames make them and bounds are RPM's. @answer is empty before. */
bool strake_deb_ask(StrakeDebWalk *walk, const StrakeDebRelation *relation, bool new_names,
	StrakeDebAnswer *answer, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_deb_report: notes that nobody answers to @need. */
void strake_deb_report(StrakeDebWalk *walk, const StrakeDebNeed *need);
/** strake_deb_report_error: all that was noted as one error; true when nothing was. */
bool strake_deb_report_error(const StrakeDebWalk *walk, GError **error) G_GNUC_WARN_UNUSED_RESULT;
