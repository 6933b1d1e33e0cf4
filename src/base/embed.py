# SPDX-License-Identifier: MIT
"""Turns a text file into a C array: embed.py SYMBOL INPUT OUTPUT (for page templates)."""
import pathlib
import sys

symbol, source, output = sys.argv[1:]
data = pathlib.Path(source).read_bytes() + b"\0"
rows = [",".join(map(str, data[at:at + 24])) for at in range(0, len(data), 24)]
pathlib.Path(output).write_text(
    f"extern const char {symbol}[];\nconst char {symbol}[] = {{\n" + ",\n".join(rows) + "};\n")
