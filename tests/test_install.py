"""Built, and installed elsewhere: the commands work without the repository. `make test-install` runs this."""

import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from importlib import import_module

import pytest

import convcli
from convcli.cli import COMMANDS, GROUPS
from convcli.files.bundled_samples import CARRIED, guide_pages
from tests.conftest import SAMPLES
from tests.release import DIST

LARGEST = 900_000
"""Bytes of the wheel; camera.png and the digits are 190,000 of them, 220 modules and 20 pages the rest."""

CALLS = [*COMMANDS, *(f"{group}.{name}" for group, names in GROUPS.items() for name in names)]

SITE = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"

pytestmark = pytest.mark.install


@pytest.fixture(scope="module")
def built():
    """What `make dist` built: the sdist, and from it the wheel."""
    name = f"convcli-{convcli.__version__}"
    return {"wheel": DIST / f"{name}-py3-none-any.whl", "sdist": DIST / f"{name}.tar.gz"}


@pytest.fixture(scope="module", params=["wheel", "sdist"])
def installed(built, request, tmp_path_factory):
    """Install into a bare environment, and return its folder of programs."""
    home = tmp_path_factory.mktemp(request.param) / "venv"
    venv.create(home, with_pip=True)
    subprocess.run([home / "bin/pip", "install", "--quiet", built[request.param]], check=True)
    return home / "bin"


def run(tools, call, folder):
    """Run a call with nothing in the environment but the installation."""
    bare = {"PATH": f"{tools}:/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"}
    bare |= {k: v for k, v in os.environ.items() if k.startswith("OPENBLAS_")}
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {call}"],
        cwd=folder,
        env=bare,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_the_wheel_holds_the_package_and_its_samples_alone(built):
    names = zipfile.ZipFile(built["wheel"]).namelist()
    assert {name.split("/")[0] for name in names} == {
        "convcli",
        f"convcli-{convcli.__version__}.dist-info",
    }
    kept = {n.removeprefix("convcli/samples/") for n in names if n.startswith("convcli/samples/")}
    pages = {str(path.relative_to(SAMPLES)) for path in guide_pages().values()}
    assert kept == {*CARRIED, *pages}
    assert "convcli/py.typed" in names
    assert built["wheel"].stat().st_size < LARGEST


def test_the_sdist_can_be_tested(built):
    with tarfile.open(built["sdist"]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"Makefile", "README.md", "LICENSE", "tests/test_install.py", "samples/make.py"} <= names


def test_it_runs_from_where_it_was_installed(installed, tmp_path):
    done = run(installed, "convcli --version", tmp_path)
    assert (done.stdout, done.stderr) == (f"convcli {convcli.__version__}\n", "")
    where = run(installed, 'python -c "import convcli; print(convcli.__file__)"', tmp_path)
    assert where.stdout.startswith(str(installed.parent))


def test_it_needs_neither_a_home_nor_leave_to_write_to_itself(installed, tmp_path):
    """As where an administrator installed it."""
    home = installed.parent
    shutil.copyfile(home / SITE / "convcli/samples/camera.png", tmp_path / "camera.png")
    calls = ("convcli shape -n 8 -k 3", "convcli corr camera.png -k box -o - | wc -c", "convcli edge camera.png",
             "convcli learn", "convcli net show lenet", "convcli help borders", "convcli demo")  # fmt: skip
    before = {p: p.stat().st_mtime_ns for p in home.rglob("*")}
    # root without capabilities: permissions hold for it as for anyone
    plainly = "setpriv --bounding-set=-all --inh-caps=-all " if os.geteuid() == 0 else ""
    subprocess.run(["chmod", "-R", "a-w", home], check=True)
    try:
        for call in calls:
            bare = f"env -u HOME {plainly}bash -c 'set -o pipefail; {call}'"
            done = run(installed, bare, tmp_path)
            assert (done.returncode, "error:" in done.stderr) == (0, False), done.stderr
            assert done.stdout
        assert {p: p.stat().st_mtime_ns for p in home.rglob("*")} == before
    finally:
        subprocess.run(["chmod", "-R", "u+w", home], check=True)


def test_the_demo_brings_what_the_examples_need(installed, tmp_path):
    done = run(installed, "convcli demo -o tour", tmp_path)
    assert done.returncode == 0, done.stderr
    assert {p.name for p in (tmp_path / "tour").iterdir()} > set(CARRIED)
    if "wheel" in installed.parts[-3]:
        for call in CALLS:
            folder = tmp_path / call
            folder.mkdir()
            for name in CARRIED:
                shutil.copy(tmp_path / "tour" / name, folder)
            for example in import_module(f"convcli.commands.{call}").EXAMPLES:
                done = run(installed, example, folder)
                assert done.returncode == 0, f"{example}\n{done.stderr}"
