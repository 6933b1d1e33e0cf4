# SPDX-License-Identifier: MIT
"""Turns a file into a C array: embed.py SYMBOL INPUT OUTPUT. A NUL follows it; SYMBOL_size does
not count that."""
import pathlib
import sys

symbol, source, output = sys.argv[1:]
data = pathlib.Path(source).read_bytes()
signed = [str(byte - 256 if byte > 127 else byte) for byte in data + b"\0"]
rows = [",".join(signed[at:at + 24]) for at in range(0, len(signed), 24)]
pathlib.Path(output).write_text(
    f"#include <stddef.h>\nextern const char {symbol}[];\nextern const size_t {symbol}_size;\n"
    f"const char {symbol}[] = {{\n" + ",\n".join(rows) + f"}};\n"
    f"const size_t {symbol}_size = {len(data)};\n")
