# SPDX-License-Identifier: MIT
"""A miniature apt archive, made and served by the test that uses it: packages by dpkg-deb, an
index signed with a key of its own, and a web server that can misbehave."""
import hashlib
import http.server
import lzma
import os
import pathlib
import re
import shutil
import subprocess
import threading
import time

NEEDS = ["dpkg-deb", "gpg", "gpgv"]


def missing_tools():
    return [tool for tool in NEEDS if shutil.which(tool) is None]


class Key:
    """An OpenPGP key without passphrase in a home directory of its own."""

    def __init__(self, home, name):
        self.home = pathlib.Path(home)
        self.home.mkdir(mode=0o700)
        self.gpg("--quick-generate-key", f"{name} <{name}@example.org>", "ed25519", "sign", "never")
        self.keyring = self.home / "keyring.gpg"
        self.keyring.write_bytes(self.gpg("--export").stdout)
        self.armored = self.home / "keyring.asc"
        self.armored.write_bytes(self.gpg("--armor", "--export").stdout)

    def gpg(self, *args, **kwargs):
        return subprocess.run(
            ["gpg", "--homedir", self.home, "--batch", "--quiet", "--passphrase", "", *args],
            check=True, capture_output=True, timeout=60, **kwargs)

    def clearsign(self, text):
        return self.gpg("--clearsign", "--digest-algo", "SHA256", input=text.encode()).stdout

    def stop(self):
        subprocess.run(["gpgconf", "--homedir", self.home, "--kill", "all"], check=False)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def date(seconds):
    return time.strftime("%a, %d %b %Y %H:%M:%S UTC", time.gmtime(seconds))


class Archive:
    """Packages under pool/, one suite under dists/. `packages` maps name -> (version, fields)."""

    def __init__(self, root, key, suite="mini"):
        self.root, self.key, self.suite = pathlib.Path(root), key, suite
        self.packages = {}
        self.valid_until = time.time() + 7 * 86400
        self.released = time.time() - 3600
        self.by_hash = True
        self.padding = {}
        self.sources = {}

    def add_source(self, name, version, files):
        """A source package of files, name -> bytes; listed in Sources once there is any."""
        folder = f"pool/{name[0]}/{name}"
        (self.root / folder).mkdir(parents=True, exist_ok=True)
        for file, data in files.items():
            (self.root / folder / file).write_bytes(data)
        self.sources[name] = (version, folder, files)

    def source_index(self):
        text = ""
        for name, (version, folder, files) in sorted(self.sources.items()):
            text += f"Package: {name}\nVersion: {version}\nDirectory: {folder}\nChecksums-Sha256:\n"
            text += "".join(f" {sha256(d)} {len(d)} {f}\n" for f, d in files.items()) + "\n"
        return text.encode()

    def add(self, name, version="1.0-1", padding=0, **fields):
        self.packages[name] = (version, {k.replace("_", "-"): v for k, v in fields.items()})
        self.padding[name] = padding

    def remove(self, name):
        del self.packages[name]

    def file(self, name):
        version = self.packages[name][0].split(":")[-1]
        return f"pool/{name}_{version}_all.deb"

    def build_package(self, name):
        version, fields = self.packages[name]
        path = self.root / self.file(name)
        if path.exists():
            return path
        tree = self.root / "build" / name
        shutil.rmtree(tree, ignore_errors=True)
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "usr/share/doc" / name).mkdir(parents=True)
        content = name.encode() + b"\n" + os.urandom(self.padding[name])
        (tree / "usr/share/doc" / name / "readme").write_bytes(content)
        (tree / "DEBIAN/control").write_text(self.control(name, version, fields) +
                                             "Maintainer: nobody <n@example.org>\n")
        path.parent.mkdir(exist_ok=True)
        subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tree, path], check=True,
                       capture_output=True, timeout=60)
        return path

    def borrow_package(self, name, other):
        """Gives @name the file of @other, for fields that dpkg-deb refuses to build."""
        shutil.copy(self.build_package(other), self.root / self.file(name))

    @staticmethod
    def control(name, version, fields):
        lines = [f"Package: {name}", f"Version: {version}", "Architecture: all",
                 f"Description: {name}"]
        return "".join(line + "\n" for line in lines + [f"{k}: {v}" for k, v in fields.items()])

    def index(self):
        text = ""
        for name in sorted(self.packages):
            data = self.build_package(name).read_bytes()
            version, fields = self.packages[name]
            text += self.control(name, version, fields)
            text += f"Filename: {self.file(name)}\nSize: {len(data)}\nSHA256: {sha256(data)}\n\n"
        return text.encode()

    def publish(self):
        """Writes Packages and a signed InRelease."""
        folder = self.root / "dists" / self.suite
        binary = folder / "main/binary-amd64"
        (binary / "by-hash/SHA256").mkdir(parents=True, exist_ok=True)
        plain = self.index()
        files = {"main/binary-amd64/Packages": plain,
                 "main/binary-amd64/Packages.xz": lzma.compress(plain)}
        if self.sources:
            files["main/source/Sources"] = self.source_index()
            files["main/source/Sources.xz"] = lzma.compress(self.source_index())
            (folder / "main/source/by-hash/SHA256").mkdir(parents=True, exist_ok=True)
        lines = ""
        for path, data in files.items():
            lines += f" {sha256(data)} {len(data)} {path}\n"
            if path.endswith(".xz"):
                (folder / path).write_bytes(data)
                hashed = (folder / path).parent / "by-hash/SHA256" / sha256(data)
                hashed.write_bytes(data)
        release = (f"Origin: Test\nSuite: {self.suite}-suite\nCodename: {self.suite}\n"
                   f"Date: {date(self.released)}\nValid-Until: {date(self.valid_until)}\n"
                   f"Acquire-By-Hash: {'yes' if self.by_hash else 'no'}\n"
                   f"Components: main\nArchitectures: amd64\nSHA256:\n{lines}")
        self.write_release(release)
        return release

    def write_release(self, release):
        (self.root / "dists" / self.suite / "InRelease").write_bytes(self.key.clearsign(release))


class Server:
    """Serves `root` on loopback. `rules` maps a part of a path to what to do instead:
    ("status", 503), ("bytes", data), ("cut", n) closes after n bytes, ("no-range",),
    ("slow", seconds before the body); a rule with a count {"rule": ..., "times": n} wears off."""

    def __init__(self, root):
        self.rules = {}
        self.log = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_GET(self):
                outer.answer(self, pathlib.Path(root))

        self.httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.httpd.daemon_threads = True
        self.uri = f"http://127.0.0.1:{self.httpd.server_address[1]}"
        threading.Thread(target=self.httpd.serve_forever, args=(0.02,), daemon=True).start()

    def rule_for(self, path):
        for part, rule in self.rules.items():
            if part not in path:
                continue
            if isinstance(rule, dict):
                if rule["times"] == 0:
                    return None
                rule["times"] -= 1
                return rule["rule"]
            return rule
        return None

    def answer(self, request, root):
        path = re.sub("^http://[^/]*", "", request.path).split("?")[0].lstrip("/")
        wanted = request.headers.get("Range")
        self.log.append((path, wanted))
        rule = self.rule_for(path)
        file = root / path
        if rule and rule[0] == "status":
            return self.send(request, rule[1], b"no\n")
        if not file.is_file():
            return self.send(request, 404, b"not here\n")
        data = rule[1] if rule and rule[0] == "bytes" else file.read_bytes()
        stamp = '"' + sha256(data)[:16] + '"'
        if request.headers.get("If-None-Match") == stamp:
            return self.send(request, 304, b"")
        status, start = 200, 0
        if wanted and not (rule and rule[0] == "no-range"):
            status, start = 206, int(wanted.removeprefix("bytes=").split("-")[0])
        if rule and rule[0] == "slow":
            time.sleep(rule[1])
        self.send(request, status, data[start:], cut=rule[1] if rule and rule[0] == "cut" else None,
                  headers={"ETag": stamp}, start=start, total=len(data),
                  pause=rule[1:] if rule and rule[0] == "pause" else None)

    @staticmethod
    def send(request, status, body, cut=None, headers=None, start=0, total=0, pause=None):
        try:
            request.send_response(status)
            request.send_header("Content-Length", str(len(body)))
            if status == 206:
                request.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
            for name, value in (headers or {}).items():
                request.send_header(name, value)
            request.end_headers()
            if pause:  # some bytes, then silence
                request.wfile.write(body[:pause[0]])
                request.wfile.flush()
                time.sleep(pause[1])
                body = body[pause[0]:]
            request.wfile.write(body[:cut] if cut is not None else body)
            if cut is not None:
                request.wfile.flush()
                request.close_connection = True
        except (BrokenPipeError, ConnectionResetError):
            pass

    def requests(self, part):
        return [entry for entry in self.log if part in entry[0]]

    def stop(self):
        self.httpd.shutdown()
        self.httpd.server_close()
