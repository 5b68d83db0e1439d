"""What an installation carries: the samples, and the pages of the manual."""

import pytest

from convcli.engine.errors import ConvError
from convcli.files.bundled_samples import CARRIED, copy_samples, guide_pages
from tests.conftest import SAMPLES


def test_the_samples_are_copied_into_a_new_folder(tmp_path):
    copy_samples(tmp_path / "a" / "b")
    assert sorted(p.name for p in (tmp_path / "a" / "b").iterdir()) == sorted(CARRIED)
    for name in CARRIED:
        assert (tmp_path / "a" / "b" / name).read_bytes() == (SAMPLES / name).read_bytes()
    for path in (tmp_path / "a" / "b", tmp_path / "a" / "b" / "README.md"):
        with pytest.raises(ConvError) as caught:
            copy_samples(path)
        assert str(caught.value) == f"{path}: already exists, name a new folder"
    with pytest.raises(ConvError, match=r"README.md/x: Not a directory$"):
        copy_samples(tmp_path / "a" / "b" / "README.md" / "x")


def test_the_tutorial_is_the_first_page():
    pages = guide_pages()
    first, *others = pages
    assert first == "chapter"
    assert others == sorted(others)
    assert {path.name for path in pages.values()} >= {"chapter.md", "house.md"}
    assert all(path.read_text() for path in pages.values())
