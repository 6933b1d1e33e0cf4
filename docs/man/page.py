# SPDX-License-Identifier: MIT
"""Makes a manual page: the prose of docs/man/NAME.SECTION.md joined with what the tool says of itself.

  page.py STRAKE FILE.md

Synopsis, commands, options and exit statuses come from `STRAKE help --man`, the keys of the
definition language from `STRAKE config schema`; so nothing is written twice. The page goes to
standard output as man(7) source.

Markdown that is understood: the first line "# NAME: summary", "## SECTION", paragraphs, "* item",
"TERM" followed by ": text", fences, `code`, *emphasis*, [text](link), and "<!-- keys TABLE -->".
"""
import json
import pathlib
import re
import subprocess
import sys
import textwrap


def ask(strake, *args):
    return subprocess.run([strake, *args], capture_output=True, text=True, check=True).stdout


def escape(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.M)


def inline(text):
    """One paragraph: joined, escaped, in fonts, wrapped so that no line of source is long."""
    text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", " ".join(text.split()))
    parts = re.split(r"(`[^`]+`|\*[^*\s][^*]*\*)", text)
    fonts = {"`": "B", "*": "I"}
    made = "".join(f"\\f{fonts[p[0]]}{escape(p[1:-1])}\\fR" if p[:1] in fonts and len(p) > 2
                   else escape(p) for p in parts)
    return "\n".join(re.sub(r"^([.'])", r"\\&\1", line) for line in textwrap.wrap(
        made, 78, break_long_words=False, break_on_hyphens=False))


def value_of(schema):
    """A key's type in words."""
    if "enum" in schema:
        return " | ".join(f'"{word}"' for word in schema["enum"])
    if "$ref" in schema:
        return "table: " + schema["$ref"].split("/")[-1]
    kind = schema.get("type", "any value")
    kind = " or ".join(kind) if isinstance(kind, list) else kind
    if kind == "array":
        return "array of " + value_of(schema["items"])
    if kind == "object":
        return "tables by name: " + value_of(schema.get("additionalProperties") or {})
    return kind


def keys(schema, table):
    for key, value in schema["$defs"][table]["properties"].items():
        yield f".TP\n\\fB{escape(key)}\\fR (" + inline(value_of(value)) + ")"
        yield inline(value.get("description", "No description."))


def body(block, schema):
    """The lines of man source of one block of Markdown."""
    if block.startswith("```"):
        yield ".PP\n.nf\n.RS 4"
        yield from (escape(line) or "\\&" for line in block.splitlines()[1:-1])
        yield ".RE\n.fi"
    elif match := re.fullmatch(r"<!-- keys (\S+) -->", block):
        yield from keys(schema(), match[1])
    elif block.startswith("* "):
        for item in re.split(r"^\* ", block, flags=re.M)[1:]:
            yield ".IP \\(bu 2\n" + inline(item)
    elif re.search(r"^: ", block, flags=re.M):
        term, meaning = re.split(r"\n: ", block, maxsplit=1)
        yield ".TP\n" + inline(term) + "\n" + inline(meaning)
    elif block.startswith("### "):
        yield ".SS " + inline(block[4:])
    else:
        yield ".PP\n" + inline(block)


def blocks_of(text):
    """Blank lines end a block; a fence is one block whatever is in it."""
    blocks, current, fenced = [], [], False
    for line in text.splitlines():
        if line.startswith("```"):
            if not fenced and current:
                blocks.append("\n".join(current))
                current = []
            fenced = not fenced
            current.append(line)
            if not fenced:
                blocks.append("\n".join(current))
                current = []
        elif line or fenced:
            current.append(line)
        elif current:
            blocks.append("\n".join(current))
            current = []
    return blocks + (["\n".join(current)] if current else [])


def sections_of_tool(strake, group):
    """The title line and the sections, by name, that the tool prints."""
    source = ask(strake, "help", "--man", *([group] if group else []))
    title, *parts = re.split(r"^\.SH (.*)\n", source, flags=re.M)
    return title, dict(zip(parts[::2], parts[1::2]))


def page(strake, path):
    name, number = re.fullmatch(r"(.+)\.(\d)\.md", path.name).groups()
    head, *parts = re.split(r"^## (.*)\n", path.read_text(), flags=re.M)
    prose = dict(zip(parts[::2], parts[1::2]))
    summary = re.fullmatch(r"# \S+: (.+)", head.strip())[1]
    if number == "1":
        title, made = sections_of_tool(strake, name.partition("-")[2])
    else:
        version = ask(strake, "--version").strip()
        title, made = f'.TH {escape(name).upper()} {number} "" "{version}"\n', {}
    made["NAME"] = f"{escape(name)} \\- {inline(summary)}\n"
    order = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", *prose, "EXIT STATUS"]
    out = [title.strip()]
    for section in [*dict.fromkeys(s for s in order if s != "SEE ALSO"), "SEE ALSO"]:
        lines = [made.get(section, "").strip()]
        for block in blocks_of(prose.get(section, "")):
            lines += body(block, lambda: json.loads(ask(strake, "config", "schema")))
        text = "\n".join(line for line in lines if line)
        if text:
            out.append(f".SH {section}\n" + text.removeprefix(".PP\n"))
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page(sys.argv[1], pathlib.Path(sys.argv[2])))
