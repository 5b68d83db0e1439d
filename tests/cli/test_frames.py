"""`--frame` of corr, pool and edge: animations and files of several pages."""

import io
import json
import struct

import numpy as np
import pytest
from PIL import Image

from tests.conftest import SAMPLES, pixels

RNG = np.random.default_rng(3)
GREY = RNG.integers(0, 256, (3, 6, 8), dtype=np.uint8)
RGB = RNG.integers(0, 256, (3, 6, 8, 3), dtype=np.uint8)
SPENT = [40, 120, 70_000]


def save(path, frames, **options):
    first, *more = (Image.fromarray(frame) for frame in frames)
    first.save(path, save_all=True, append_images=more, **options)


def seen(path):
    """All frames as RGB, with their times, by Pillow alone."""
    with Image.open(path) as image:
        found = []
        for at in range(image.n_frames):
            image.seek(at)
            image.load()
            found.append((np.asarray(image.convert("RGB")), image.info.get("duration")))
        return found, image.info.get("loop")


@pytest.mark.parametrize("format", ["gif", "png", "webp"])
@pytest.mark.parametrize("out", ["png", "webp"])
@pytest.mark.parametrize("frames", [GREY, RGB], ids=["grey", "colour"])
def test_animations_stay_animations(convcli, tmp_path, format, out, frames):
    lossless = {"lossless": True, "exact": True} if format == "webp" else {}
    if format == "gif" and frames is RGB:
        frames = frames // 128 * 255
    save(tmp_path / f"in.{format}", frames, duration=SPENT, loop=0, **lossless)
    done = convcli("corr", f"in.{format}", "-k", "1", "--frame", "all", "-o", f"x.{out}")
    assert (done.status, done.text, done.err) == (0, f"x.{out}\n", "")
    found, loop = seen(tmp_path / f"x.{out}")
    assert loop == 0
    assert [spent for _, spent in found] == SPENT
    for (picture, _), frame in zip(found, frames, strict=True):
        expected = frame if frame.ndim == 3 else np.repeat(frame[..., None], 3, 2)
        np.testing.assert_array_equal(picture, expected)
    if frames is GREY and out == "png" and format != "webp":
        assert pixels(tmp_path / "x.png").ndim == 2


def test_every_frame_is_filtered(convcli, tmp_path):
    save(tmp_path / "in.gif", GREY, duration=50, loop=3)
    assert convcli("pool", "in.gif", "-k", 2, "--frame", "all").text == "in-pool.png\n"
    found, loop = seen(tmp_path / "in-pool.png")
    assert loop == 4  # a GIF says how often it is shown again
    for (picture, _), frame in zip(found, GREY, strict=True):
        expected = frame.reshape(3, 2, 4, 2).max((1, 3))
        np.testing.assert_array_equal(picture[..., 0], expected)
    assert convcli("edge", "in.gif", "--frame", "all", "-o", "-").out[:4] == b"\x89PNG"


def test_one_frame(convcli, tmp_path):
    save(tmp_path / "in.gif", GREY, duration=50)
    save(tmp_path / "in.tif", GREY)
    for name, unit in (("in.gif", "frames"), ("in.tif", "pages")):
        for at in range(3):
            done = convcli("corr", name, "-k", 1, "--frame", at, "-o", "x.png", "-f")
            assert (done.status, done.err) == (0, "")
            np.testing.assert_array_equal(pixels(tmp_path / "x.png"), GREY[at])
        done = convcli("corr", name, "-k", 1, "-o", "x.png", "-f")
        assert done.err == f"convcli: {name}: the first of 3 {unit} is read\n"
        done = convcli("corr", name, "-k", 1, "--frame", 3)
        assert done.status == 1
        assert done.err == (
            f"convcli: error: {name}: has 3 {unit}, --frame 0 to 2 are allowed, got 3\n"
        )
    done = convcli("corr", "in.gif", "-k", 1, "--frame", 1, "-o", "{stem}-{frame}.png")
    assert done.text == "in-1.png\n"


def test_pages_stay_pages(convcli, tmp_path):
    pages = [GREY[0], GREY[1][:4], GREY[2][:, :3]]
    save(tmp_path / "in.tif", pages)
    assert convcli("corr", "in.tif", "-k", "1", "--frame", "all").text == "in-corr.tiff\n"
    found, _ = seen(tmp_path / "in-corr.tiff")
    for (picture, _), page in zip(found, pages, strict=True):
        np.testing.assert_array_equal(picture[..., 0], page)
    # pages are no animation
    done = convcli("corr", "in.tif", "-k", "1", "--frame", "all", "-o", "out/x.png")
    assert done.text == "out/x-0.png\nout/x-1.png\nout/x-2.png\n"
    np.testing.assert_array_equal(pixels(tmp_path / "out/x-1.png"), pages[1])


def test_pages_of_numbers(convcli, tmp_path):
    heights = GREY.astype(np.int32) * -1000
    save(tmp_path / "dem.tif", heights)
    assert convcli("corr", "dem.tif", "-k", "1", "--frame", "all").text == "dem-corr.tiff\n"
    with Image.open(tmp_path / "dem-corr.tiff") as image:
        image.seek(2)
        np.testing.assert_array_equal(np.asarray(image), heights[2])


def test_forms_of_one_frame_get_a_file_each(convcli, tmp_path):
    save(tmp_path / "in.gif", GREY, duration=50)
    call = ("corr", "in.gif", "-k", "1", "--frame", "all")
    assert convcli(*call, "-o", "x.csv").text == "x-0.csv\nx-1.csv\nx-2.csv\n"
    assert np.loadtxt(tmp_path / "x-2.csv", delimiter=",").tolist() == GREY[2].tolist()
    done = convcli(*call, "-o", "all/{stem}.{frame}.png")
    assert done.text == "all/in.0.png\nall/in.1.png\nall/in.2.png\n"
    done = convcli(*call, "-o", "x.csv")
    assert (done.status, done.text) == (1, "")
    assert done.err == "convcli: error: x-0.csv: already exists, -f overwrites it\n"
    assert convcli(*call, "-o", "x.npy").status == 0
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), GREY[:, None])
    assert json.loads(convcli(*call, "--json").text)["shape"] == [3, 1, 6, 8]
    done = convcli(*call, "--format", "csv")
    assert done.status == 2
    assert done.err == (
        "convcli: error: --frame all: csv holds one frame, -o 'x-{frame}.csv' makes a file of each\n"
    )
    done = convcli(*call, "-o", "x.tif")
    assert done.err == ("convcli: in.gif: TIFF holds pages: how long each is shown is left out\n")


def test_many_files_with_frames(convcli, tmp_path):
    save(tmp_path / "a.gif", GREY, duration=50)
    Image.fromarray(GREY[0]).save(tmp_path / "b.png")
    call = ("corr", "a.gif", "b.png", "-k", "1", "--frame", "all")
    done = convcli(*call, "-o", "{stem}-{frame}.png")
    assert (done.status, done.err) == (0, "convcli: 2 of 2 written\n")
    assert done.text == "a-0.png\na-1.png\na-2.png\nb-0.png\n"
    assert convcli(*call, "-o", "out/").text == "out/a-corr.png\nout/b-corr.png\n"
    assert seen(tmp_path / "out/a-corr.png")[0][2][1] == 50


@pytest.mark.parametrize("name", ["in.gif", "in.tif", "in.png", "in.webp"])
def test_all_frames_count(convcli, tmp_path, name):
    frames = np.concatenate([GREY, 255 - GREY])
    save(tmp_path / name, frames)
    call = ("pool", name, "-k", 2, "--frame", "all", "-o", "x.npy")
    assert convcli(*call, "--max-pixels", 6 * 48).status == 0
    done = convcli(*call, "-f", "--max-pixels", 6 * 48 - 1)
    assert (done.status, done.text) == (1, "")
    assert f"6 {'pages' if name == 'in.tif' else 'frames'} of 6x8 pixels" in done.err
    assert convcli("pool", name, "-k", 2, "--max-pixels", 48).status == 0


def chain(*nexts):
    """A TIFF of pages of one pixel, each of which names the one that follows; 0 is the end."""
    entries = {256: 1, 257: 1, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 1, 279: 1}
    size = 2 + 12 * len(entries) + 4
    data = struct.pack("<2sHI", b"II", 42, 10) + b"\x07\0"
    for follows in nexts:
        data += struct.pack("<H", len(entries))
        for tag, value in entries.items():
            data += struct.pack("<HHII", tag, 4, 1, value)
        data += struct.pack("<I", 0 if follows is None else 10 + size * follows)
    return data


def test_a_tiff_without_an_end_comes_to_one(convcli, tmp_path):
    (tmp_path / "ring.tif").write_bytes(chain(1, 2, 0))
    done = convcli("pool", "ring.tif", "-k", 1, "--frame", "all", "--json")
    assert json.loads(done.text)["shape"][0] == 3
    (tmp_path / "long.tif").write_bytes(chain(*range(1, 10_001), None))
    done = convcli("pool", "long.tif", "-k", 1, "--frame", "all")
    assert done.err == (
        "convcli: error: long.tif: has 10000 pages or more, less are allowed for --frame all\n"
    )
    assert "first of more than 9999 pages" in convcli("pool", "long.tif", "-k", 1).err


@pytest.mark.parametrize(
    ("call", "status", "message"),
    [
        (["in.png", "--frame", "x"], 2, "--frame: got 'x', a number from 0 or all is allowed"),
        (["in.png", "--frame", "-1"], 2, "--frame: got '-1', a number from 0 or all is allowed"),
        (["in.png", "--frame", "1"], 1, "in.png: has one frame, --frame 0 is allowed, got 1"),
        (["in.pgm", "--frame", "1"], 1, "in.pgm: has one frame, --frame 0 is allowed, got 1"),
        (["in.csv", "--frame", "0"], 1, "in.csv: is no picture, --frame is for pictures' files"),
        (["in.csv", "--frame", "all"], 1, "in.csv: is no picture, --frame is for pictures' files"),
    ],
)
def test_errors(convcli, tmp_path, call, status, message):
    for name in ("in.png", "in.pgm"):
        Image.fromarray(GREY[0]).save(tmp_path / name)
    (tmp_path / "in.csv").write_text("1,2\n")
    done = convcli("pool", *call, "-k", 2)
    assert (done.status, done.err) == (status, f"convcli: error: {message}\n")


def test_a_picture_of_one_frame_is_as_ever(convcli, tmp_path):
    done = convcli("edge", SAMPLES / "bars.png", "--frame", "all")
    assert (done.text, done.err) == ("bars-edge.png\n", "")
    once = (tmp_path / "bars-edge.png").read_bytes()
    assert convcli("edge", SAMPLES / "bars.png", "-f").status == 0
    assert (tmp_path / "bars-edge.png").read_bytes() == once


def test_pages_of_sixteen_bits_keep_them(convcli, tmp_path):
    deep = (GREY.astype(np.uint16) << 8) | 7
    save(tmp_path / "in.tif", deep)
    done = convcli("corr", "in.tif", "-k", "1", "--frame", "all", "-o", "x.tif")
    assert done.status == 0
    with Image.open(tmp_path / "x.tif") as image:
        image.seek(1)
        np.testing.assert_array_equal(np.asarray(image), deep[1])


def test_transparent_frames_keep_their_alpha(convcli, tmp_path):
    clear = RGB.copy()
    frames = np.concatenate([clear, np.full((3, 6, 8, 1), 255, np.uint8)], -1)
    frames[1, :3, :, 3] = 0
    save(tmp_path / "in.png", frames, duration=50)
    done = convcli("corr", "in.png", "-k", "1", "--frame", "all", "-o", "x.png")
    assert done.status == 0
    with Image.open(io.BytesIO((tmp_path / "x.png").read_bytes())) as image:
        image.seek(1)
        np.testing.assert_array_equal(np.asarray(image.convert("RGBA"))[..., 3], frames[1, ..., 3])


@pytest.mark.parametrize("disposal", [0, 1, 2, 3])
def test_frames_of_a_gif_with_holes(convcli, tmp_path, disposal):
    frames = np.full((3, 6, 8, 4), 255, np.uint8)
    frames[..., :3] = RGB // 128 * 255
    for i, frame in enumerate(frames):
        frame[i : i + 2, 1:4, 3] = 0
    save(tmp_path / "in.gif", frames, duration=50, disposal=disposal)
    done = convcli("corr", "in.gif", "-k", "1", "--frame", "all", "-o", "x.png")
    assert (done.status, done.err) == (0, "")
    with Image.open(tmp_path / "in.gif") as before, Image.open(tmp_path / "x.png") as after:
        for at in range(3):
            before.seek(at)
            after.seek(at)
            expected, found = (np.asarray(p.convert("RGBA")) for p in (before, after))
            np.testing.assert_array_equal(found[..., 3], expected[..., 3])
            seen = expected[..., 3] > 0
            np.testing.assert_array_equal(found[seen], expected[seen])
