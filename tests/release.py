"""`python -m tests.release`: builds sdist and wheel into dist/, and compares the version with the tag and the changelog."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import convcli

ROOT = Path(__file__).parent.parent
DIST = ROOT / "dist"


def wrong(version: str, tags: list[str], changelog: str) -> str | None:
    """Say what keeps a version from being this commit's release; a commit without a tag of a version is none."""
    if version not in re.findall(r"^## (\S+)", changelog, re.MULTILINE):
        return f"samples/guide/changelog.md has no part about {version}"
    releases = [tag for tag in tags if re.fullmatch(r"v[0-9].*", tag)]
    if releases and f"v{version}" not in releases:
        return f"the commit is tagged {', '.join(releases)}, convcli.__version__ is {version}"
    return None


def main() -> int:
    """Check, and build."""
    asked = subprocess.run(
        ["git", "tag", "--points-at", "HEAD"], cwd=ROOT, capture_output=True, text=True
    )
    changelog = (ROOT / "samples/guide/changelog.md").read_text()
    if error := wrong(convcli.__version__, asked.stdout.split(), changelog):
        print(f"dist: {error}", file=sys.stderr)
        return 1
    shutil.rmtree(DIST, ignore_errors=True)
    return subprocess.run([sys.executable, "-m", "build", "--outdir", DIST, ROOT]).returncode


if __name__ == "__main__":
    sys.exit(main())
