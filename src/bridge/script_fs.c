// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What the scripts do to the file system: each path made or changed is one action, to which later
// chmod and chown commands add. Conflicts between undecided branches are not resolved, they are
// reported.
#include "bridge/script_private.h"

#include <string.h>

/** Directories that every system has before any package's script runs. */
static const char *const base_dirs[] = {"/", "/boot", "/dev", "/etc", "/etc/default", "/home",
	"/opt", "/proc", "/root", "/run", "/srv", "/sys", "/tmp", "/usr", "/usr/bin", "/usr/lib",
	"/usr/local", "/usr/sbin", "/usr/share", "/usr/share/doc", "/usr/share/man", "/var",
	"/var/cache", "/var/lib", "/var/log", "/var/spool", "/var/tmp"};

// The first four are links in every root directory.
static const struct {
	const char *prefix;
	const char *real;
} merged[] = {
	{"/bin/", "/usr/bin/"},
	{"/sbin/", "/usr/sbin/"},
	{"/lib/", "/usr/lib/"},
	{"/lib64/", "/usr/lib64/"},
	{"/var/run/", "/run/"},
};

/** Takes out "//", "/./" and the trailing slash; false when there is a "..". */
static bool clean_path(GString *out, const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, "/", -1);

	for (size_t i = 0; parts[i] != NULL; i++) {
		if (parts[i][0] == '\0' || strcmp(parts[i], ".") == 0)
			continue;
		if (strcmp(parts[i], "..") == 0)
			return false;
		g_string_append_c(out, '/');
		g_string_append(out, parts[i]);
	}
	if (out->len == 0)
		g_string_append_c(out, '/');
	return true;
}

Val script_path(ScriptEval *ev, Val value)
{
	g_autoptr(GString) path = g_string_new(NULL);

	if (value == NULL || !val_known(value) || value[0] != '/' || !clean_path(path, value) ||
		!g_utf8_validate(value, -1, NULL))
		return script_val_unknown;
	for (size_t i = 0; i < G_N_ELEMENTS(merged); i++)
		if (g_str_has_prefix(path->str, merged[i].prefix)) {
			g_string_erase(path, 0, (gssize)strlen(merged[i].prefix));
			g_string_prepend(path, merged[i].real);
			break;
		}
	return script_text(ev, path->str, (gssize)path->len);
}

bool script_volatile(const char *path)
{
	static const char *const roots[] = {
		"/run/", "/tmp/", "/var/tmp/", "/proc/", "/sys/", "/dev/"};

	for (size_t i = 0; i < G_N_ELEMENTS(roots); i++)
		if (g_str_has_prefix(path, roots[i]))
			return true;
	return false;
}

bool script_in_payload(ScriptEval *ev, const char *path, char *out_type)
{
	char type = ev->in->path_type != NULL ? ev->in->path_type(path, ev->in->path_data) : 0;

	if (out_type != NULL)
		*out_type = type;
	return type != 0;
}

bool script_on_other_side(const ScriptEval *ev, const ScriptObject *object)
{
	for (const ScriptSide *made = object->side; made != NULL; made = made->outer)
		for (const ScriptSide *here = ev->side; here != NULL; here = here->outer)
			if (made->fork == here->fork)
				return made->second != here->second;
	return false;
}

ScriptObject *script_object(ScriptEval *ev, const char *path)
{
	return g_hash_table_lookup(ev->objects, path);
}

bool script_made_below(const ScriptEval *ev, const char *dir)
{
	GHashTableIter iter;
	gpointer path;
	size_t size = strlen(dir);

	g_hash_table_iter_init(&iter, ev->objects);
	while (g_hash_table_iter_next(&iter, &path, NULL))
		if (strncmp(path, dir, size) == 0 && ((const char *)path)[size] == '/')
			return true;
	return false;
}

static char type_of_action(const StrakeScriptAction *action)
{
	switch (action->kind) {
	case STRAKE_SCRIPT_TMPFILES:
		return strcmp(action->name, "d") == 0 ? 'd' : 0;
	case STRAKE_SCRIPT_LINK:
		return 'l';
	case STRAKE_SCRIPT_FILE:
		return 'f';
	case STRAKE_SCRIPT_COPY:
		return action->recursive ? 'd' : 'f';
	default:
		return 0;
	}
}

char script_path_type(ScriptEval *ev, const char *path)
{
	const ScriptObject *object = script_object(ev, path);
	char type = 0;

	if (object != NULL && script_on_other_side(ev, object))
		object = NULL;
	if (object != NULL && object->removed)
		return 0;
	if (object != NULL && object->action != NULL && type_of_action(object->action) != 0)
		return object->action->maybe && !script_is_maybe(ev)
			       ? 0
			       : type_of_action(object->action);
	if (ev->kind != STRAKE_SCRIPT_PREINST && script_in_payload(ev, path, &type))
		return type;
	for (size_t i = 0; i < G_N_ELEMENTS(base_dirs); i++)
		if (strcmp(base_dirs[i], path) == 0)
			return 'd';
	if (strcmp(path, "/usr/bin/sh") == 0)
		return 'f';
	return script_base_link(path) != NULL ? 'l' : 0;
}

const char *script_base_link(const char *path)
{
	static const char *const links[] = {"/bin", "/sbin", "/lib", "/lib64"};

	for (size_t i = 0; i < G_N_ELEMENTS(links); i++)
		if (strcmp(links[i], path) == 0)
			return merged[i].real;
	return NULL;
}

bool script_known_absent(const char *path)
{
	static const char *const absent[] = {
		"/etc/staff-group-for-usr-local",           // a group that may write to /usr/local
		"/usr/lib32", "/usr/libo32", "/usr/libx32", // foreign ABIs are not shipped
	};

	for (size_t i = 0; i < G_N_ELEMENTS(absent); i++)
		if (strcmp(path, absent[i]) == 0)
			return true;
	return false;
}

static ScriptObject *put_object(ScriptEval *ev, const char *path, StrakeScriptAction *action)
{
	ScriptObject *object = g_new0(ScriptObject, 1);

	object->action = action;
	object->side = ev->side;
	action->path = script_text(ev, path, -1);
	g_hash_table_replace(ev->objects, (gpointer)action->path, object);
	return object;
}

static const char *keep(ScriptEval *ev, const char *text)
{
	return text != NULL ? g_string_chunk_insert_const(ev->plan->strings, text) : NULL;
}

void script_forget_object(ScriptEval *ev, const char *path)
{
	ScriptObject *object = script_object(ev, path);

	if (object == NULL)
		return;
	if (object->action != NULL)
		g_ptr_array_remove(ev->plan->actions, object->action);
	g_hash_table_remove(ev->objects, path);
}

static bool would_clash(ScriptEval *ev, const ScriptObject *object, const char *path)
{
	char type;

	if (object == NULL)
		return ev->kind != STRAKE_SCRIPT_PREINST && script_in_payload(ev, path, &type);
	return !object->removed;
}

Tri script_make_dir(
	ScriptEval *ev, const char *path, int mode, const char *owner, const char *group)
{
	ScriptObject *object = script_object(ev, path);
	char type = script_path_type(ev, path);
	StrakeScriptAction *action;

	if (ev->removal)
		return TRI_TRUE;
	if (type == 'd') {
		if (mode < 0 && owner == NULL && group == NULL)
			return script_nothing(ev, "the directory is there already");
		return script_change(ev, path, mode, owner, group, false);
	}
	if (object != NULL && object->action != NULL &&
		object->action->kind == STRAKE_SCRIPT_TMPFILES &&
		strcmp(object->action->name, "d") == 0)
		return script_change(ev, path, mode, owner, group, false); // both made it "maybe"
	if (g_str_has_prefix(path, "/proc/") || g_str_has_prefix(path, "/sys/") ||
		g_str_has_prefix(path, "/dev/") || g_str_has_prefix(path, "/tmp/"))
		return script_nothing(ev, "a directory in a place that no image has");
	if (would_clash(ev, object, path) || type != 0)
		return script_unhandled(ev, "makes a directory where %s is something else", path);
	action = script_action(ev, STRAKE_SCRIPT_TMPFILES);
	action->name = "d";
	action->mode = mode >= 0 ? mode : ev->env->umask >= 0 ? 0777 & ~ev->env->umask : 0755;
	action->owner = owner != NULL ? keep(ev, owner) : "root";
	action->group = group != NULL ? keep(ev, group) : "root";
	object = put_object(ev, path, action);
	object->mode_set = mode >= 0;
	object->owner_set = owner != NULL || group != NULL;
	return TRI_TRUE;
}

/** Is this only done where @path exists already? Then it renews what a new system has not got. */
static bool only_renews(const ScriptEval *ev, const char *path)
{
	for (const ScriptSide *side = ev->side; side != NULL; side = side->outer)
		if (side->exists != NULL && strcmp(side->exists, path) == 0)
			return true;
	return false;
}

static Tri renews(ScriptEval *ev)
{
	return script_nothing(ev, "renews what an older system has: not there on a new one");
}

/* What to say when an action of @kind made @object already: nothing when it came from the same
 * @source, else that @path has two. Returns false when no such action did. */
static bool made_before(ScriptEval *ev, const ScriptObject *object, StrakeScriptActionKind kind,
	const char *path, const char *source, Tri *out)
{
	const StrakeScriptAction *action = object != NULL ? object->action : NULL;
	bool link = kind == STRAKE_SCRIPT_LINK;

	if (action == NULL || action->kind != kind)
		return false;
	if (strcmp(link ? action->target : action->from, source) == 0)
		*out = script_nothing(
			ev, link ? "the link is there already" : "the copy is there already");
	else
		*out = script_unhandled(
			ev, link ? "%s gets two targets" : "%s is a copy of two files", path);
	return true;
}

Tri script_make_link(ScriptEval *ev, const char *path, const char *target)
{
	ScriptObject *object = script_object(ev, path);
	StrakeScriptAction *action;
	Tri said;

	if (ev->removal)
		return TRI_TRUE;
	if (only_renews(ev, path))
		return renews(ev);
	if (made_before(ev, object, STRAKE_SCRIPT_LINK, path, target, &said))
		return said;
	if (would_clash(ev, object, path))
		return script_unhandled(ev, "puts a link in the place of %s", path);
	action = script_action(ev, STRAKE_SCRIPT_LINK);
	action->target = keep(ev, target);
	put_object(ev, path, action);
	return TRI_TRUE;
}

Tri script_make_file(ScriptEval *ev, const char *path, const char *content, size_t size, int mode)
{
	ScriptObject *object = script_object(ev, path);
	StrakeScriptAction *action;

	if (ev->removal)
		return TRI_TRUE;
	if (only_renews(ev, path))
		return renews(ev);
	if (script_volatile(path))
		return script_nothing(ev, "a file below /run or /tmp: not part of an image");
	if (object != NULL && object->action != NULL &&
		object->action->kind == STRAKE_SCRIPT_FILE) {
		action = object->action;
		if (action->content_size == size && memcmp(action->content, content, size) == 0)
			return TRI_TRUE;
		if (script_is_maybe(ev) || action->maybe)
			return script_unhandled(ev, "what %s holds depends on the system", path);
	} else {
		if (would_clash(ev, object, path))
			return script_unhandled(ev, "writes over %s", path);
		action = script_action(ev, STRAKE_SCRIPT_FILE);
		object = put_object(ev, path, action);
		action->mode = mode >= 0             ? mode
			       : ev->env->umask >= 0 ? 0666 & ~ev->env->umask
						     : 0644;
		action->owner = "root";
		action->group = "root";
		object->mode_set = mode >= 0;
	}
	action->content = g_string_chunk_insert_len(ev->plan->strings, content, (gssize)size);
	action->content_size = size;
	return TRI_TRUE;
}

Tri script_make_copy(ScriptEval *ev, const char *from, const char *to, int mode, const char *owner,
	const char *group, bool recursive)
{
	ScriptObject *object = script_object(ev, to);
	StrakeScriptAction *action;
	char type = 0;
	Tri said;

	if (ev->removal)
		return TRI_TRUE;
	if (only_renews(ev, to))
		return renews(ev);
	if (script_volatile(to))
		return script_nothing(ev, "a file below /run or /tmp: not part of an image");
	if (!script_in_payload(ev, from, &type) || (type == 'd') != recursive)
		return script_unhandled(ev, "copies %s, which is no %s of this package", from,
			recursive ? "directory" : "file");
	if (made_before(ev, object, STRAKE_SCRIPT_COPY, to, from, &said))
		return said;
	if (would_clash(ev, object, to))
		return script_unhandled(ev, "copies over %s", to);
	action = script_action(ev, STRAKE_SCRIPT_COPY);
	action->from = keep(ev, from);
	action->mode = mode;
	action->owner = owner != NULL ? keep(ev, owner) : "root";
	action->group = group != NULL ? keep(ev, group) : "root";
	action->recursive = recursive;
	object = put_object(ev, to, action);
	object->mode_set = mode >= 0;
	object->owner_set = owner != NULL || group != NULL;
	return TRI_TRUE;
}

static bool differs(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) != 0;
}

/** A second opinion on mode or owner, given on one undecided way only, is a conflict. */
static bool change_conflicts(
	ScriptEval *ev, const ScriptObject *object, int mode, const char *owner, const char *group)
{
	const StrakeScriptAction *action = object->action;

	if (!script_is_maybe(ev))
		return false;
	return (object->mode_set && mode >= 0 && action->mode >= 0 && mode != action->mode) ||
	       (object->owner_set &&
		       (differs(owner, action->owner) || differs(group, action->group)));
}

Tri script_change(ScriptEval *ev, const char *path, int mode, const char *owner, const char *group,
	bool recursive)
{
	ScriptObject *object = script_object(ev, path);
	StrakeScriptAction *action;
	char type;

	if (ev->removal)
		return TRI_TRUE;
	if (object == NULL || object->action == NULL) {
		bool packaged = script_in_payload(ev, path, &type);

		if (!packaged &&
			(g_str_has_prefix(path, "/proc/") || g_str_has_prefix(path, "/sys/") ||
				g_str_has_prefix(path, "/dev/") || g_str_has_prefix(path, "/tmp/")))
			return script_nothing(ev, "changes what no image has");
		action = script_action(
			ev, packaged ? STRAKE_SCRIPT_SET_ATTR : STRAKE_SCRIPT_TMPFILES);
		action->name = packaged ? NULL : "z";
		object = put_object(ev, path, action);
	} else if (change_conflicts(ev, object, mode, owner, group)) {
		return script_unhandled(ev, "mode or owner of %s depends on the system", path);
	}
	action = object->action;
	if (action->kind == STRAKE_SCRIPT_LINK)
		return script_unhandled(ev, "changes what the link %s points to", path);
	if (mode >= 0) {
		action->mode = mode;
		object->mode_set = true;
	}
	if (owner != NULL)
		action->owner = keep(ev, owner);
	if (group != NULL)
		action->group = keep(ev, group);
	object->owner_set |= owner != NULL || group != NULL;
	if (recursive &&
		(action->kind == STRAKE_SCRIPT_SET_ATTR ||
			(action->kind == STRAKE_SCRIPT_TMPFILES && strcmp(action->name, "z") == 0)))
		action->recursive = true;
	action->maybe |= script_is_maybe(ev);
	return TRI_TRUE;
}

// -- modes

/** One clause of a symbolic mode: u+rwx. @known: the bits of *@mode that are known. */
static bool apply_symbolic(const char *clause, int *mode, int *known)
{
	int who = 0, bits = 0;
	const char *p = clause;
	char op;

	for (; *p != '\0' && strchr("ugoa", *p) != NULL; p++)
		who |= *p == 'u' ? 0700 : *p == 'g' ? 0070 : *p == 'o' ? 0007 : 0777;
	if (who == 0)
		who = 0777;
	op = *p++;
	if (op != '+' && op != '-' && op != '=')
		return false;
	for (; *p != '\0'; p++) {
		if (*p == 'r')
			bits |= 0444 & who;
		else if (*p == 'w')
			bits |= 0222 & who;
		else if (*p == 'x')
			bits |= 0111 & who;
		else if (*p == 's')
			bits |= (who & 0700 ? 04000 : 0) | (who & 0070 ? 02000 : 0);
		else if (*p == 't')
			bits |= 01000;
		else
			return false;
	}
	*mode = op == '+' ? *mode | bits : op == '-' ? *mode & ~bits : (*mode & ~who) | bits;
	*known |= op == '=' ? who | bits : bits;
	return true;
}

int script_parse_mode(const char *text, int old)
{
	g_auto(GStrv) clauses = NULL;
	char *end;
	guint64 octal = g_ascii_strtoull(text, &end, 8);
	int known;

	if (text[0] >= '0' && text[0] <= '7')
		return *end == '\0' && octal <= 07777 ? (int)octal : -1;
	known = old >= 0 ? 07777 : 0;
	old = MAX(old, 0);
	clauses = g_strsplit(text, ",", -1);
	for (size_t i = 0; clauses[i] != NULL; i++)
		if (!apply_symbolic(clauses[i], &old, &known))
			return -1;
	return (known & 0777) == 0777 ? old : -1;
}

// -- end

/** A field of a tmpfiles.d line: specifiers and blanks escaped. */
static void append_field(GString *line, const char *text)
{
	bool quote = strpbrk(text, " \t\"'\\") != NULL;

	g_string_append_c(line, ' ');
	if (quote)
		g_string_append_c(line, '"');
	for (; *text != '\0'; text++) {
		if (*text == '%')
			g_string_append_c(line, '%');
		if (*text == '"' || *text == '\\')
			g_string_append_c(line, '\\');
		if ((unsigned char)*text < ' ')
			g_string_append_printf(line, "\\x%02x", (unsigned char)*text);
		else
			g_string_append_c(line, *text);
	}
	if (quote)
		g_string_append_c(line, '"');
}

static void append_mode(GString *line, int mode)
{
	if (mode < 0)
		g_string_append(line, " -");
	else
		g_string_append_printf(line, " %04o", (unsigned)mode);
}

static void append_tmpfiles(GString *line, const StrakeScriptAction *action)
{
	bool adjust = strcmp(action->name, "z") == 0;
	bool tree = adjust && action->recursive;

	if (tree && action->mode >= 0) { // a mode is for the path itself, never for all below
		g_string_append(line, "z");
		append_field(line, action->path);
		append_mode(line, action->mode);
		g_string_append(line, " - -\n");
	}
	g_string_append(line, tree ? "Z" : action->name);
	append_field(line, action->path);
	append_mode(line, tree ? -1 : action->mode);
	append_field(line, action->owner != NULL ? action->owner : "-");
	append_field(line, action->group != NULL ? action->group : "-");
	g_string_append(line, adjust ? "" : " -");
}

static void finish_action(ScriptEval *ev, StrakeScriptAction *action)
{
	g_autoptr(GString) line = g_string_new(NULL);

	// An empty file below /var is a log or a state file to be, not configuration.
	if (action->kind == STRAKE_SCRIPT_FILE && action->content_size == 0 &&
		g_str_has_prefix(action->path, "/var/")) {
		action->kind = STRAKE_SCRIPT_TMPFILES;
		action->name = "f";
	}
	if (action->kind == STRAKE_SCRIPT_TMPFILES) {
		append_tmpfiles(line, action);
	} else if (action->kind == STRAKE_SCRIPT_LINK) {
		g_string_append(line, "L");
		append_field(line, action->path);
		g_string_append(line, " - - - -");
		append_field(line, action->target);
	} else {
		return;
	}
	action->line_text = g_string_chunk_insert_const(ev->plan->strings, line->str);
}

void script_fs_finish(ScriptEval *ev)
{
	GHashTableIter iter;
	gpointer path, value;

	for (size_t i = 0; i < ev->plan->actions->len; i++)
		finish_action(ev, g_ptr_array_index(ev->plan->actions, i));
	g_hash_table_iter_init(&iter, ev->objects);
	while (g_hash_table_iter_next(&iter, &path, &value))
		if (((ScriptObject *)value)->removed)
			script_unhandled(ev, "takes away the package's directory %s", (char *)path);
}
