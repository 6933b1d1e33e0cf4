# SPDX-License-Identifier: MIT
"""strake image: what works and what is said without packages, root or QEMU."""
import json
import os
import subprocess

import pytest

STRAKE = os.environ["STRAKE"]

ROOT = """
[project]
description = "test"
default-distro = { name = "d", version = "1" }

[distros.d]
description = "d"
default-version = "1"

[distros.d.versions.1]
description = "v"
release-ver = "1"

[images.disk]
description = "A disk"
definition = { type = "strake" }
kind = "disk"
packages = ["bash"]

[images.tools]
description = "Tools"
definition = { type = "strake" }
kind = "oci"
outputs = []
packages = ["coreutils"]

[images.other]
description = "Of another tool"
definition = { type = "kiwi", path = "other.kiwi" }
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "strake.toml").write_text(ROOT)
    (tmp_path / "other.kiwi").write_text("<image/>")
    return tmp_path


def strake(project, *args):
    env = dict(os.environ, STRAKE_KEYS=str(project / "keys"))
    return subprocess.run([STRAKE, "-C", str(project), "--store", str(project / "store"), *args],
                          capture_output=True, text=True, env=env)


def test_list(project):
    result = strake(project, "image", "list", "--json")
    assert result.returncode == 0, result.stderr
    rows = {row["name"]: row for row in json.loads(result.stdout)}
    assert sorted(rows) == ["disk", "other", "tools"]
    assert rows["disk"]["kind"] == "disk" and not rows["disk"]["built"]
    assert rows["other"]["kind"] == "kiwi"


def test_unknown_image_names_the_nearest(project):
    result = strake(project, "image", "build", "dsk")
    assert result.returncode == 1
    assert "'dsk'" in result.stderr and "'disk'" in result.stderr


def test_no_repository_says_what_to_run(project):
    result = strake(project, "image", "build", "disk")
    assert result.returncode == 1
    assert "strake repo publish" in result.stderr
    assert not list(project.glob("out/images/*"))


def test_boot_without_image_says_what_to_run(project):
    result = strake(project, "image", "boot", "disk")
    assert result.returncode == 1
    assert "strake image build disk" in result.stderr


def test_report_without_image_says_what_to_run(project):
    result = strake(project, "image", "report", "disk")
    assert result.returncode == 1
    assert "strake image build disk" in result.stderr


def test_report(project):
    images = project / "images"
    images.mkdir()
    (images / "disk.files.txt").write_text(
        "1000\tbash\t/usr/bin/bash\n50\t-\t/etc/ld.so.cache\n")
    page = project / "page.html"
    result = strake(project, "image", "report", "disk", "-o", str(images), "--html", str(page))
    assert result.returncode == 0, result.stderr
    assert "bash" in result.stdout and "(generated)" in result.stdout
    assert "<html" in page.read_text()
    result = strake(project, "image", "report", "disk", "-o", str(images), "--json")
    assert json.loads(result.stdout)


def test_base(project):
    """An image starts with the values of its base; lists are added to."""
    with (project / "strake.toml").open("a") as root:
        root.write('[images.packed]\nbase = "disk"\ndefinition = { type = "strake" }\n'
                   'filesystem = "erofs"\npackages = ["nginx"]\n')
    result = strake(project, "config", "dump", "--json")
    packed = json.loads(result.stdout)["images"]["packed"]
    assert packed["packages"] == ["bash", "nginx"]
    assert (packed["kind"], packed["filesystem"]) == ("disk", "erofs")
    assert packed["description"] == "A disk"
    with (project / "strake.toml").open("a") as root:
        root.write('[images.again]\nbase = "packed"\ndefinition = { type = "strake" }\n'
                   '[images.lost]\nbase = "nowhere"\ndefinition = { type = "strake" }\n')
    result = strake(project, "config", "check")
    assert result.returncode == 1
    assert "image 'again': base 'packed' is an image with a base itself" in result.stderr
    assert "image 'lost': base 'nowhere' is not defined" in result.stderr


def test_source_date_is_checked(project):
    env = dict(os.environ, STRAKE_KEYS=str(project / "keys"), SOURCE_DATE_EPOCH="yesterday")
    result = subprocess.run([STRAKE, "-C", str(project), "--store", str(project / "store"), "image",
                             "build", "disk"], capture_output=True, text=True, env=env)
    assert result.returncode == 1
    assert "SOURCE_DATE_EPOCH" in result.stderr


def test_tree_without_kernel(project):
    """--from-root with a tree that cannot boot: one sentence, and nothing left behind."""
    tree = project / "tree"
    tools = project / "tools"
    (tree / "usr/lib/modules").mkdir(parents=True)
    tools.mkdir()
    result = strake(project, "image", "build", "disk", "--from-root", str(tree), "--tools",
                    str(tools), "-o", str(project / "images"))
    assert result.returncode == 1
    assert "no kernel" in result.stderr
    assert list((project / "images").iterdir()) == []
