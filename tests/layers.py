# SPDX-License-Identifier: MIT
"""Fails on an #include that points to a higher or a sibling layer, and on headers without a guard."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1]) / "src"
RANK = {"base": 0, "cli": 1, "format": 1, "store": 2, "project": 3, "upstream": 4, "overlay": 4,
        "pkg": 4, "bridge": 5, "render": 5, "repo": 5, "image": 6, "build": 7}
# Siblings that may be used by a layer of the same rank must be listed here, with the reason.
ALLOWED = {
    # What an rpm-md upstream gives is chosen and judged by the code that installs it.
    ("upstream", "pkg"),
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([a-z]+)/', re.M)

problems = []
for path in sorted(ROOT.rglob("*.[ch]*")):
    layer = path.relative_to(ROOT).parts[0]
    text = path.read_text()
    for target in INCLUDE.findall(text):
        if target == layer or (layer, target) in ALLOWED:
            continue
        if target not in RANK:
            problems.append(f"{path}: includes unknown layer '{target}'")
        elif RANK[target] >= RANK[layer] or target == "cli":
            problems.append(f"{path}: layer '{layer}' must not include '{target}'")
    if path.suffix == ".h" and "#pragma once" not in text:
        problems.append(f"{path}: no #pragma once")
print("\n".join(problems))
sys.exit(1 if problems else 0)
