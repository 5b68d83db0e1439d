"""Labelled data on their way to a network: what is read, what is told, what is left out."""

import numpy as np
import pytest
from PIL import Image

from convcli.commands.net import examples
from convcli.commands.net.examples import examples_of
from convcli.engine.errors import ConvError
from convcli.files.datasets import Labelled, read_labelled
from convcli.nets.zoo import Preparation


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two classes of pictures of several kinds: grey of 8 and 16 bits, colour, a small one."""
    monkeypatch.chdir(tmp_path)
    for name in "ab":
        (tmp_path / "d" / name).mkdir(parents=True)
    Image.fromarray(np.full((4, 6), 51, np.uint8)).save("d/a/1.png")
    Image.fromarray(np.full((8, 8), 13107, np.uint16)).save("d/a/2.png")
    Image.fromarray(np.full((5, 5, 3), (255, 0, 0), np.uint8)).save("d/b/1.png")
    Image.fromarray(np.full((2, 2), 255, np.uint8)).save("d/b/2.png")
    return tmp_path / "d"


@pytest.mark.usefixtures("folder")
def test_pictures_are_brought_to_the_input(capfd):
    found, skipped = examples_of(read_labelled("d"), (1, 2, 3))
    assert (skipped, found.labels, found.y.tolist()) == (0, ("a", "b"), [0, 0, 1, 1])
    assert found.x.dtype == np.float32
    assert found.x.shape == (4, 1, 2, 3)
    np.testing.assert_allclose(found.x[:, 0, 1, 2], [0.2, 0.2, 0.2125, 1], rtol=1e-5)
    assert capfd.readouterr() == ("", "")
    colour, _ = examples_of(read_labelled("d"), (3, 2, 3))
    np.testing.assert_allclose(colour.x[2, :, 0, 0], [1, 0, 0])
    np.testing.assert_allclose(colour.x[0, :, 0, 0], [0.2, 0.2, 0.2], rtol=1e-6)


@pytest.mark.usefixtures("folder")
def test_pictures_that_are_ready_are_not_resized_again():
    Image.fromarray(np.arange(24, dtype=np.uint8).reshape(4, 6)).save("d/a/1.png")
    found, _ = examples_of(read_labelled("d"), (1, 2, 2), resize=4)
    middle = np.array([[8, 9], [14, 15]]) / 255
    np.testing.assert_allclose(found.x[0, 0], middle, rtol=1e-6)
    how = Preparation((0.5,), (2.0,), 4)
    batch = found.taken(np.array([0])).batch(slice(None), (1, 2, 2), how)
    np.testing.assert_allclose(batch[0, 0], (middle - 0.5) / 2, rtol=1e-5)


@pytest.mark.usefixtures("folder")
def test_max_value_is_white_in_pictures_too():
    found, _ = examples_of(read_labelled("d", max_value=102), (1, 1, 1))
    assert found.x[0].item() == pytest.approx(0.5)


def test_what_cannot_be_read_is_told_and_left_out(folder, capfd):
    (folder / "a/0.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    (folder / "b/3.png").write_bytes(b"1,2\n")
    np.save(folder / "b/x.npy", np.eye(2))
    (folder / "b/x.npy").rename(folder / "b/4.png")
    found, skipped = examples_of(read_labelled("d"), (1, 2, 3))
    assert skipped == 3
    assert found.y.tolist() == [0, 0, 1, 1]
    np.testing.assert_allclose(found.x[:, 0, 1, 2], [0.2, 0.2, 0.2125, 1], rtol=1e-5)
    lines = capfd.readouterr().err.splitlines()
    assert [line.split(": ")[:3] for line in lines] == [
        ["convcli", "error", f"d/{name}.png"] for name in ("a/0", "b/3", "b/4")
    ]
    assert lines[2].endswith("is an array, pictures are read from a folder")


def test_a_class_of_which_nothing_can_be_read(folder, capfd):
    for name in ("1", "2"):
        (folder / f"b/{name}.png").write_bytes(b"")
    with pytest.raises(ConvError, match=r"^d: no picture of the class b could be read$"):
        examples_of(read_labelled("d"), (1, 2, 3))
    tested, skipped = examples_of(read_labelled("d"), (1, 2, 3), labels=("b", "a"))
    assert (len(tested), skipped, tested.y.tolist()) == (2, 2, [1, 1])
    for name in ("1", "2"):
        (folder / f"a/{name}.png").write_bytes(b"")
    with pytest.raises(ConvError, match=r"^d: no picture could be read$"):
        examples_of(read_labelled("d"), (1, 2, 3), labels=("b", "a"))
    capfd.readouterr()


@pytest.mark.usefixtures("folder")
def test_a_label_that_was_never_trained():
    with pytest.raises(
        ConvError,
        match=r"^d: 2 examples have a label that is none of the network's: got a; known: b, c$",
    ):
        examples_of(read_labelled("d"), (1, 2, 3), labels=("b", "c"))


@pytest.mark.usefixtures("folder")
def test_memory_is_asked_for_before_pictures_are_read(monkeypatch):
    def never(*_):
        raise AssertionError("a picture was read")

    monkeypatch.setattr(examples, "load", never)
    with pytest.raises(ConvError, match=r"^d: needs \S+ PiB of memory, .* are free$"):
        examples_of(read_labelled("d"), (3, 10**7, 10**7))


def test_arrays_stay_as_they_are_stored(capfd):
    x = np.arange(18, dtype=np.uint8).reshape(2, 1, 3, 3)
    labelled = Labelled("x.npz", ("9", "10"), x, white=16, notes=("one", "two"))
    found, skipped = examples_of(labelled, (1, 28, 28))
    assert found.x is x
    assert (skipped, found.y.tolist(), found.labels, found.white) == (0, [0, 1], ("9", "10"), 16)
    assert not found.ready
    assert capfd.readouterr().err == "convcli: x.npz: one\nconvcli: x.npz: two\n"
