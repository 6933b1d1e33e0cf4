// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// POSIX shell text as a syntax tree. Nothing is expanded or run.
//
//   program  := list
//   list     := and_or { (";" | "&" | newline) and_or }
//   and_or   := pipeline { ("&&" | "||") pipeline }
//   pipeline := ["!"] command { "|" command }
//   command  := simple | compound { redirect } | name "()" compound
//   compound := "{" list "}" | "(" list ")" | if | for | case | while | until
//
// Format: POSIX.1-2024, Shell Command Language, section 2.10. Accepted beyond it: `local`,
// `function name`, $'...', `|&`, `&>`, `<<<`. Bash's [[ ]], (( )), select, arrays and process
// substitution are recognised and kept as nodes or parts of kind UNSUPPORTED.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct StrakeShell StrakeShell;
typedef struct StrakeShellNode StrakeShellNode;
typedef struct StrakeShellWord StrakeShellWord;
typedef struct StrakeShellPart StrakeShellPart;
typedef struct StrakeShellRedirect StrakeShellRedirect;
typedef struct StrakeShellAssign StrakeShellAssign;
typedef struct StrakeShellClause StrakeShellClause;

enum {
	STRAKE_SHELL_MAX_BYTES = 4 << 20, // larger texts are refused
	STRAKE_SHELL_MAX_DEPTH = 100,     // nesting of commands, substitutions and expansions
};

typedef enum {
	STRAKE_SHELL_LITERAL,          // @text as it is after quote removal
	STRAKE_SHELL_PARAM,            // $name, ${name...}
	STRAKE_SHELL_COMMAND,          // $(...), `...`
	STRAKE_SHELL_ARITH,            // $((...)): @word holds the expression
	STRAKE_SHELL_PART_UNSUPPORTED, // <(...), >(...), $[...]: @text is the source
} StrakeShellPartKind;

typedef enum {
	STRAKE_SHELL_OP_NONE,
	STRAKE_SHELL_OP_LENGTH,      // ${#x}
	STRAKE_SHELL_OP_DEFAULT,     // ${x-word}
	STRAKE_SHELL_OP_ASSIGN,      // ${x=word}
	STRAKE_SHELL_OP_ERROR,       // ${x?word}
	STRAKE_SHELL_OP_ALTERNATE,   // ${x+word}
	STRAKE_SHELL_OP_PREFIX,      // ${x#pattern}
	STRAKE_SHELL_OP_PREFIX_LONG, // ${x##pattern}
	STRAKE_SHELL_OP_SUFFIX,      // ${x%pattern}
	STRAKE_SHELL_OP_SUFFIX_LONG, // ${x%%pattern}
	STRAKE_SHELL_OP_UNSUPPORTED, // bash's ${x//a/b}, ${x:1:2}, ${!x}, ${x[1]}, ...
} StrakeShellOp;

struct StrakeShellPart {
	StrakeShellPart *next;
	StrakeShellPartKind kind;
	bool quoted;           // inside quotes or behind a backslash: no splitting, no patterns
	const char *text;      // LITERAL: value (never holds NUL); PARAM: the parameter's name
	StrakeShellOp op;      // PARAM
	bool colon;            // PARAM: ${x:-...}: empty counts as unset
	StrakeShellWord *word; // PARAM: operand, maybe NULL; ARITH: expression
	StrakeShellNode *body; // COMMAND: SEQUENCE
};

struct StrakeShellWord {
	StrakeShellWord *next;  // in a command, a for list or a case pattern list
	StrakeShellPart *parts; // NULL: the empty word
	const char *source;     // as written; source_size bytes, borrowed from the tree
	size_t source_size;
	unsigned line;
	unsigned column;
};

typedef enum {
	STRAKE_SHELL_READ,       // <
	STRAKE_SHELL_WRITE,      // >
	STRAKE_SHELL_CLOBBER,    // >|
	STRAKE_SHELL_APPEND,     // >>
	STRAKE_SHELL_READ_WRITE, // <>
	STRAKE_SHELL_DUP_IN,     // <&
	STRAKE_SHELL_DUP_OUT,    // >&
	STRAKE_SHELL_HEREDOC,    // <<, <<-
	STRAKE_SHELL_HERESTRING, // <<<
	STRAKE_SHELL_WRITE_BOTH, // &>, &>>
} StrakeShellRedirectKind;

struct StrakeShellRedirect {
	StrakeShellRedirect *next;
	StrakeShellRedirectKind kind;
	int fd;                  // -1: the operator's default
	StrakeShellWord *target; // file or descriptor; HEREDOC: the document's body
	bool literal;            // HEREDOC: the delimiter was quoted, nothing is expanded
	unsigned line;
};

struct StrakeShellAssign {
	StrakeShellAssign *next;
	const char *name;
	StrakeShellWord *value;
	bool append; // name+=value
};

typedef enum {
	STRAKE_SHELL_SIMPLE,   // assigns, words, redirects
	STRAKE_SHELL_SEQUENCE, // children in order
	STRAKE_SHELL_AND_OR,   // children, each with its connector to the one before
	STRAKE_SHELL_PIPELINE, // two children or more
	STRAKE_SHELL_IF,       // clauses: condition and body; else_body
	STRAKE_SHELL_FOR,      // name, words, body
	STRAKE_SHELL_WHILE,    // condition, body
	STRAKE_SHELL_UNTIL,
	STRAKE_SHELL_CASE,        // words: the subject; clauses: patterns and body
	STRAKE_SHELL_GROUP,       // { body }
	STRAKE_SHELL_SUBSHELL,    // ( body )
	STRAKE_SHELL_FUNCTION,    // name, body
	STRAKE_SHELL_UNSUPPORTED, // name: "[[", "((", "select", "array"
} StrakeShellNodeKind;

typedef enum {
	STRAKE_SHELL_FIRST,
	STRAKE_SHELL_AND,
	STRAKE_SHELL_OR,
} StrakeShellConnector;

struct StrakeShellClause {
	StrakeShellClause *next;
	StrakeShellNode *condition; // IF
	StrakeShellWord *patterns;  // CASE
	StrakeShellNode *body;      // SEQUENCE, maybe without children
	char terminator;            // CASE: ';' for ;;, '&' for ;&, '+' for ;;&
};

struct StrakeShellNode {
	StrakeShellNode *next; // sibling
	StrakeShellNodeKind kind;
	StrakeShellConnector connector; // as a child of AND_OR
	bool negated;                   // "! command"
	bool background;                // "command &"
	unsigned line;                  // where it begins
	unsigned column;
	unsigned last_line; // where it ends, here-documents not counted
	const char *source; // as written; source_size bytes, borrowed from the tree
	size_t source_size;
	StrakeShellRedirect *redirects;
	StrakeShellAssign *assigns;
	StrakeShellWord *words;
	const char *name;
	StrakeShellNode *children;
	StrakeShellClause *clauses;
	StrakeShellNode *condition;
	StrakeShellNode *body;
	StrakeShellNode *else_body; // IF, maybe NULL
	bool has_in;                // FOR: "in" was written; else the list is "$@"
};

/** A stretch of lines that is not code: a comment. Offsets into the text. */
typedef struct {
	size_t start; // of the '#'
	size_t size;  // up to the newline, which is not part of it
	unsigned line;
	bool alone; // only blanks stand before it on its line
} StrakeShellComment;

/**
 * strake_shell_parse: @text: borrowed for the call; @name: for messages ("postinst").
 * Errors: INVALID with "name:line:column: ", LIMIT for size or nesting, both in plain words.
 * Free with strake_shell_free; all nodes and strings live as long as the result.
 */
StrakeShell *strake_shell_parse(
	const char *text, size_t size, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_shell_free(StrakeShell *shell);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeShell, strake_shell_free)

/** strake_shell_root: the program, a SEQUENCE. */
const StrakeShellNode *strake_shell_root(const StrakeShell *shell);
/** strake_shell_comments: in order of position. */
const StrakeShellComment *strake_shell_comments(const StrakeShell *shell, size_t *out_count);

/**
 * strake_shell_interpreter: what the first line asks for: "sh", "bash", "perl", ... the basename
 * after #! (and after env); "" when there is no such line. Free with g_free.
 */
char *strake_shell_interpreter(const char *text, size_t size);

/** strake_shell_word_literal: the word's value when it has only literal parts, else NULL.
 * Free with g_free. */
char *strake_shell_word_literal(const StrakeShellWord *word);
