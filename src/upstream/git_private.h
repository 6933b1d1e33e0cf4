// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The inside of a repository. For git*.c only.
#pragma once

#include <git2.h>

#include "upstream/git.h"

struct StrakeGit {
	git_repository *repo;
	char *uri;
};

bool strake_git_failed(GError **error, const char *verb, const char *name);
git_commit *strake_git_commit_of_id(StrakeGit *git, const char *id, GError **error);
