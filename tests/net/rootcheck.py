# SPDX-License-Identifier: MIT
"""Looks at an installed root directory as the running system would: are all libraries there, do
links lead somewhere, are the files present that scripts would have made?"""
import os
import pathlib
import stat
import struct

LIBRARY_DIRS = ["usr/lib/x86_64-linux-gnu", "usr/lib64", "usr/lib"]


def elf_needed(data):
    """(soname or None, [NEEDED], [run path]) of a 64-bit little-endian ELF file with dynamic
    section; None for anything else."""
    if data[:6] != b"\x7fELF\x02\x01" or len(data) < 64:
        return None
    (phoff,) = struct.unpack_from("<Q", data, 32)
    entsize, count = struct.unpack_from("<HH", data, 54)
    loads, dynamic = [], None
    for i in range(count):
        kind, _, offset, vaddr, _, filesz, _, _ = struct.unpack_from("<IIQQQQQQ", data,
                                                                     phoff + i * entsize)
        if kind == 1:
            loads.append((vaddr, offset, filesz))
        elif kind == 2:
            dynamic = (offset, filesz)
    if dynamic is None:
        return None
    tags = [struct.unpack_from("<qQ", data, at)
            for at in range(dynamic[0], dynamic[0] + dynamic[1], 16)]
    strtab = next((value for tag, value in tags if tag == 5), None)
    if strtab is None:
        return None
    base = next(offset + strtab - vaddr for vaddr, offset, size in loads
                if vaddr <= strtab < vaddr + size)

    def text(at):
        return data[base + at:data.index(b"\0", base + at)].decode()

    soname = next((text(value) for tag, value in tags if tag == 14), None)
    needed = [text(value) for tag, value in tags if tag == 1]
    paths = [part for tag, value in tags if tag in (15, 29) for part in text(value).split(":")]
    return soname, needed, paths


def walk(root):
    for directory, names, files in os.walk(root):
        for name in sorted(names) + sorted(files):
            yield pathlib.Path(directory) / name


def resolve(root, path, depth=0):
    """The file that an absolute path leads to below root, or None."""
    if depth > 20:
        return None
    at = pathlib.Path(root)
    parts = [part for part in path.split("/") if part not in ("", ".")]
    for i, part in enumerate(parts):
        if part == "..":
            at = at.parent if at != pathlib.Path(root) else at
            continue
        at = at / part
        if at.is_symlink():
            target = os.readlink(at)
            here = "/" + str(at.parent.relative_to(root)) if not target.startswith("/") else ""
            rest = "/".join(parts[i + 1:])
            return resolve(root, f"{here}/{target}/{rest}", depth + 1)
        if not at.exists():
            return None
    return at


def missing_libraries(root):
    """["/usr/bin/x needs libfoo.so.1"]."""
    root = pathlib.Path(root)
    conf = root / "etc/ld.so.conf.d"
    extra = [line.strip().lstrip("/") for file in sorted(conf.glob("*.conf"))
             for line in file.read_text().splitlines()
             if line.strip().startswith("/")] if conf.is_dir() else []
    have = {entry.name for directory in LIBRARY_DIRS + extra if (root / directory).is_dir()
            for entry in (root / directory).iterdir()}
    problems = []
    for path in walk(root / "usr"):
        if path.is_symlink() or not path.is_file() or path.stat().st_size < 64:
            continue
        with open(path, "rb") as file:
            if file.read(4) != b"\x7fELF":
                continue
        elf = elf_needed(path.read_bytes())
        if elf is None or path.suffix in (".ko", ".o"):
            continue
        for name in elf[1]:
            places = [place.replace("$ORIGIN", "/" + str(path.parent.relative_to(root)))
                      for place in elf[2]]
            if name not in have and not any(resolve(root, f"{place}/{name}") for place in places):
                problems.append(f"/{path.relative_to(root)} needs {name}")
    return problems


def dangling_links(root, allowed=()):
    """Links below /usr and /etc that lead nowhere, less those into places that only a running
    system has."""
    root = pathlib.Path(root)
    problems = []
    for top in ("usr", "etc"):
        for path in walk(root / top):
            if not path.is_symlink():
                continue
            name = "/" + str(path.relative_to(root))
            target = os.readlink(path)
            full = target if target.startswith("/") else os.path.normpath(
                os.path.join(os.path.dirname(name), target))
            if full.startswith(("/run/", "/proc/", "/dev/", "/var/", "/sys/")) or \
                    any(name.startswith(prefix) for prefix in allowed):
                continue
            if resolve(root, name) is None:
                problems.append(f"{name} -> {target}")
    return problems


def shell_commands(root):
    """Interpreters of scripts in the usual directories that are not there."""
    root = pathlib.Path(root)
    problems = []
    for directory in ("usr/bin", "usr/sbin"):
        for path in sorted((root / directory).iterdir()):
            if path.is_symlink() or not path.is_file():
                continue
            with open(path, "rb") as file:
                head = file.read(256)
            if head[:2] != b"#!":
                continue
            words = head[2:].split(b"\n")[0].split()
            program = words[0].decode() if words else ""
            if resolve(root, program) is None:
                problems.append(f"/{path.relative_to(root)} is run by {program}")
    return problems


def special_modes(root):
    """{path: mode} of set-user-id and set-group-id files."""
    root = pathlib.Path(root)
    found = {}
    for path in walk(root / "usr"):
        info = path.lstat()
        if stat.S_ISREG(info.st_mode) and info.st_mode & 0o6000:
            found["/" + str(path.relative_to(root))] = stat.S_IMODE(info.st_mode)
    return found
