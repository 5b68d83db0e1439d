"""What a release needs: the version in one place, in the changelog, and as the tag."""

import pytest

import convcli
from tests.conftest import SAMPLES
from tests.release import wrong

CHANGES = (SAMPLES / "guide/changelog.md").read_text()


@pytest.mark.parametrize(
    ("version", "tags", "error"),
    [
        (convcli.__version__, [], None),
        (convcli.__version__, ["idea"], None),
        (convcli.__version__, ["idea", f"v{convcli.__version__}"], None),
        (convcli.__version__, ["v9.9"], "the commit is tagged v9.9"),
        ("9.9", ["v9.9"], "samples/guide/changelog.md has no part about 9.9"),
    ],
)
def test_versions(version, tags, error):
    found = wrong(version, tags, CHANGES)
    assert (found or "").startswith(error or "")
    assert (found is None) == (error is None)
