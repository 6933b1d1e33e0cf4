# SPDX-License-Identifier: MIT
"""strake config: check, dump and schema on small projects and on our own definitions."""
import json
import os
import pathlib
import tomllib

import pytest

from tool import strake

SOURCE_ROOT = pathlib.Path(os.environ["STRAKE_SOURCE_ROOT"])

PROJECT = """\
includes = ["more/*.toml"]
[project]
default-distro = { name = "d" }
[distros.d]
default-version = "1"
[distros.d.versions.1]
release-ver = "1"
default-component-config = { build = { with = ["base"] } }
"""
COMPONENTS = """\
[components.b]
[components.a]
build = { with = ["own"] }
[[components.a.overlays]]
type = "file-add"
file = "x"
source = "x.txt"
description = "Adds a file."
"""


def run(*args, cwd=None, **env):
    return strake(*args, cwd=cwd, env=env)


def make(path, root="strake.toml"):
    (path / "more").mkdir(parents=True)
    (path / root).write_text(PROJECT)
    (path / "more" / "c.toml").write_text(COMPONENTS)
    (path / "more" / "x.txt").write_text("x\n")
    return path


def test_check_says_what_there_is(tmp_path):
    make(tmp_path)
    result = run("config", "check", cwd=tmp_path / "more")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "ok: 2 components with 1 overlay, 0 images, 0 upstreams\n"


def test_check_names_every_problem_with_its_place(tmp_path):
    make(tmp_path)
    (tmp_path / "more" / "bad.toml").write_text('[components.q]\noverlay = 1\nbuild = 2\n')
    result = run("config", "check", cwd=tmp_path)
    assert result.returncode == 1 and result.stdout == ""
    assert "more/bad.toml:2:1: components.q: unknown key 'overlay'" in result.stderr
    assert "did you mean 'overlays'?" in result.stderr
    assert "more/bad.toml:3:9: components.q.build: expected a table" in result.stderr


def test_permissive_warns(tmp_path):
    make(tmp_path)
    (tmp_path / "more" / "bad.toml").write_text('[components.q]\noverlay = 1\n')
    result = run("config", "check", "--permissive", cwd=tmp_path)
    assert result.returncode == 0
    assert "warning: more/bad.toml:2:1: unknown key 'overlay'" in result.stderr


def test_missing_source_file_is_found_by_check(tmp_path):
    make(tmp_path)
    (tmp_path / "more" / "x.txt").unlink()
    result = run("config", "check", cwd=tmp_path)
    assert result.returncode == 1
    assert "more/c.toml:7:10: source: there is no file" in result.stderr


def test_config_files_and_user_config_come_last(tmp_path):
    project = make(tmp_path / "p")
    extra = tmp_path / "extra.toml"
    extra.write_text('[project]\ndescription = "extra"\n')
    user = tmp_path / "config" / "strake"
    user.mkdir(parents=True)
    (user / "config.toml").write_text('[project]\ndescription = "user"\n')
    config = str(tmp_path / "config")

    def description(*args):
        result = run("config", "dump", *args, cwd=project, XDG_CONFIG_HOME=config)
        return json.loads(result.stdout)["project"]["description"]

    assert description() == "user"
    assert description("--config-file", str(extra)) == "extra"


def test_dump_is_the_same_wherever_the_project_lies(tmp_path):
    first, second = make(tmp_path / "one"), make(tmp_path / "two" / "deeper")
    outputs = [run("config", "dump", "--json", "--origins", "--resolved", cwd=p).stdout
               for p in (first, second)]
    assert outputs[0] == outputs[1]
    dump = json.loads(outputs[0])
    assert list(dump["components"]) == ["a", "b"]
    a = dump["components"]["a"]
    assert a["build"]["with"] == ["base", "own"]
    assert a["build"]["@origins"]["with"] == "more/c.toml:3:18"
    assert a["overlays"][0]["source"] == "more/x.txt"
    assert dump["components"]["b"]["build"]["@origins"]["with"] == "strake.toml:8:47"


def test_dump_reads_back_as_the_same_project(tmp_path):
    """JSON is a subset of what the loader needs: tables as inline tables."""
    project = make(tmp_path / "p")
    dump = json.loads(run("config", "dump", cwd=project).stdout)
    del dump["includes"]

    def toml(value):
        if isinstance(value, dict):
            return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(map(toml, value)) + "]"
        return json.dumps(value)

    other = tmp_path / "q"
    (other / "more").mkdir(parents=True)
    (other / "more" / "x.txt").write_text("x\n")
    (other / "strake.toml").write_text(
        "".join(f"{key} = {toml(value)}\n" for key, value in dump.items()))
    again = json.loads(run("config", "dump", cwd=other).stdout)
    assert again == dump


def test_a_project_of_azldev_is_read_with_its_defaults(tmp_path):
    project = make(tmp_path, "azldev.toml")
    assert run("config", "check", cwd=project).returncode == 0
    info = json.loads(run("config", "dump", cwd=project).stdout)["project"]
    assert info["default-author-email"] == "azurelinux@microsoft.com"


AZLDEV = {
    "azldev.toml": 'includes = ["distro/distro.toml", "base/project.toml"]\n',
    "distro/distro.toml": 'includes = ["*.distro.toml"]\n',
    "distro/made.distro.toml": """\
[distros.made]
default-version = "4.0"
[distros.made.versions.'4.0']
release-ver = "4.0"
mock-config-x86_64 = "mock/made-x86_64.cfg"
[distros.made.versions.'4.0'.default-component-config]
spec = { type = "upstream", upstream-distro = { name = "base", version = "43" } }
[distros.made.versions.'4.0'.default-component-config.build.defines]
dist = ".m4"
""",
    # One key of a version of another file, before and after it in the order of names.
    "distro/inputs.distro.toml": """\
[resources.rpm-repo-sets.beta]
template = "azl-standard"
base-uri = "https://example.org/4.0/beta"
name-prefix = "beta-"
gpg-key = "https://example.org/key.asc"
subrepos = ["base", "sdk-src"]
[resources.rpm-repos.base-43]
base-uri = "https://example.org/43/$basearch/"
gpg-key = "https://example.org/43.gpg"
[distros.made.versions.'4.0'.inputs]
rpm-build = [{ repo = "base-43" }, { set = "beta" }]
""",
    "distro/base.distro.toml": """\
[distros.base]
default-version = "43"
dist-git-base-uri = "https://example.org/rpms/$pkg.git"
repos = [
    # a comment inside
    {"base-uri" = "https://example.org/$releasever/source/tree" },
]
[distros.base.versions.43]
release-ver = "43"
dist-git-branch = "f43"
""",
    "base/project.toml": """\
includes = ["comps/components.toml", "images.toml", "packages.toml", "tests.toml"]
[project]
log-dir = 'build/logs'
default-distro = { name = "made" }
""",
    "base/comps/components.toml": """\
includes = ["**/*.comp.toml"]
[components.plain]
[components."with+plus"]
""",
    "base/comps/shell/shell.comp.toml": """\
[components.shell]
spec = { type = "upstream", upstream-distro = { name = "base", version = "43", snapshot = "2025-06-01T00:00:00-08:00" } }
release = { calculation = "manual" }
overlays = [
  { type = "spec-search-replace", regex = '^BuildRequires:.*%{x}.*$', replacement = "" },
  { type = "spec-append-lines", section = "%prep", lines = [
    "cp %{SOURCE1} .",
  ] },
]
[[components.shell.source-files]]
filename = "shell.tar.gz"
hash = "HASH"
hash-type = "SHA512"
origin = { type = "download", uri = "https://example.org/shell.tar.gz" }
""".replace("HASH", "Ab" * 64),
    "base/images.toml": """\
[images.vm]
definition = { type = "kiwi", path = "vm/vm.kiwi", profile = "vm" }
tests.test-suites = [ { name = "static" }, { name = "clouds" } ]
[images.vm.capabilities]
machine-bootable = true
container = false
[test-suites.clouds]
type = "lisa"
[test-suites.static]
type = "pytest"
[test-suites.static.pytest]
working-dir = "tests"
install = "pyproject"
test-paths = ["cases/"]
extra-args = ["--image-path", "{image-path}"]
""",
    "base/tests.toml": """\
[tests.ssh]
type = "pytest"
kind = "functional"
[test-groups.bvt]
tests = [{ name = "ssh" }]
[components.tested]
tests.tests = [{ group = "bvt" }]
[components.tested.default-package-config.publish]
channel = "base"
""",
    "base/packages.toml": """\
[default-package-config]
publish = { channel = "base" }
[package-groups.devel]
packages = ["x-devel"]
[package-groups.devel.default-package-config.publish]
channel = "build-only"
""",
}


def test_a_project_laid_out_as_azure_linux_is(tmp_path):
    for name, text in AZLDEV.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    result = run("config", "check", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("ok: 4 components with 2 overlays, 1 image")
    dump = json.loads(run("config", "dump", "--resolved", cwd=tmp_path).stdout)
    version = dump["distros"]["made"]["versions"]["4.0"]
    assert version["release-ver"] == "4.0" and version["inputs"]["rpm-build"][1] == {"set": "beta"}
    shell = dump["components"]["shell"]
    assert shell["spec"]["upstream-distro"]["snapshot"] == "2025-06-01T00:00:00-08:00"
    assert shell["build"]["defines"] == {"dist": ".m4"}
    assert shell["source-files"][0]["hash"] == "ab" * 64
    assert dump["images"]["vm"]["definition"]["path"] == "base/vm/vm.kiwi"


def test_a_machine_names_its_mirror_in_the_user_config(tmp_path):
    project = make(tmp_path / "p")
    (project / "more" / "u.toml").write_text('[upstreams.u]\nkind = "deb"\nsuite = "forky"\n')
    extra = tmp_path / "extra.toml"
    extra.write_text('[upstreams.u]\nmirror = "http://mirror.example"\n')
    dump = json.loads(run("config", "dump", "--config-file", str(extra), cwd=project).stdout)
    assert dump["upstreams"]["u"] == {
        "kind": "deb", "suite": "forky", "components": ["main"], "architecture": "amd64",
        "mirror": "http://mirror.example"}


def types_of(schema, definition):
    return {branch["properties"]["type"]["const"]: branch["required"]
            for branch in schema["$defs"][definition]["oneOf"]}


def test_schema_describes_what_the_loader_takes(tmp_path):
    schema = json.loads(run("config", "schema").stdout)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    overlays = types_of(schema, "overlay")
    assert overlays["spec-add-tag"] == ["tag", "value"]
    assert overlays["package-rename"] == ["value"]
    properties = schema["$defs"]["overlay"]["properties"]
    assert set(overlays) == set(properties["type"]["enum"])
    # Every $ref leads somewhere, every key of every table is described.
    refs = {part.split('"')[0] for part in json.dumps(schema).split('#/$defs/')[1:]}
    assert refs <= set(schema["$defs"])
    for definition in schema["$defs"].values():
        assert definition["additionalProperties"] is False
        assert all(p["description"] for p in definition["properties"].values())
        assert set(definition["required"]) <= set(definition["properties"])


def validator():
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(run("config", "schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def errors_of(valid, text):
    # What TOML has and JSON has not: a date-time stands as a string, as editors see it.
    plain = json.loads(json.dumps(tomllib.loads(text), default=str))
    return [error.message for error in valid.iter_errors(plain)]


def test_schema_accepts_our_own_definitions_and_those_of_azldev():
    valid = validator()
    texts = {path: path.read_text() for path in sorted((SOURCE_ROOT / "distro").rglob("*.toml"))
             if "metadata" not in path.read_text()[:200]}
    for name, text in {**texts, **AZLDEV}.items():
        assert errors_of(valid, text) == [], name


@pytest.mark.parametrize("text", [
    "x = 1",
    "[components.a]\nbuild = { wit = [] }",
    "[components.a]\nbuild = { with = 'x' }",
    "[[components.a.overlays]]\ntag = 'x'",
    "[[components.a.overlays]]\ntype = 'spec-add-tag'\ntag = 'x'",
    "[[components.a.overlays]]\ntype = 'spec-ad-tag'\ntag = 'x'\nvalue = 'y'",
    "[images.i]\nkind = 'floppy'",
])
def test_schema_and_loader_refuse_the_same(tmp_path, text):
    assert errors_of(validator(), text) != []
    (tmp_path / "strake.toml").write_text(text)
    assert run("config", "check", cwd=tmp_path).returncode == 1


def test_every_key_of_the_schema_is_known_to_the_loader(tmp_path):
    """The two come from the same tables: a wrong type is found for each key, never "unknown"."""
    schema = json.loads(run("config", "schema").stdout)
    keys = schema["$defs"]["component"]["properties"]
    for key in set(keys) - {"tests"}:
        (tmp_path / "strake.toml").write_text(f"[components.x]\n{json.dumps(key)} = 1979-05-27\n")
        result = run("config", "check", cwd=tmp_path)
        assert result.returncode == 1 and f"components.x.{key}: expected" in result.stderr, key
        assert "unknown" not in result.stderr


def test_our_own_definitions_are_in_order():
    result = run("-C", str(SOURCE_ROOT), "config", "check")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("ok: ")


def test_no_project_is_a_clear_error(tmp_path):
    result = run("-C", "/", "config", "check")
    assert result.returncode == 1
    assert "no strake.toml" in result.stderr and "-C" in result.stderr
