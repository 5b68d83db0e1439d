"""Decoding that begins early gives the same pictures and the same complaints."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convcli.engine.errors import ConvError
from convcli.files import ahead
from convcli.files.memory import MAX_PIXELS
from convcli.files.pictures import read_picture

RNG = np.random.default_rng(3)
SHAPES = {"L": (37, 53), "RGB": (37, 53, 3), "RGBA": (37, 53, 4)}


def image_of(mode):
    return Image.fromarray(RNG.integers(0, 256, SHAPES[mode], np.uint8), mode)


def small_chunks(png, size=100):
    """The same PNG with its samples in chunks of so many bytes."""
    at, found, samples = 8, [png[:8]], b""
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        data = png[at + 8 : at + 8 + length]
        if kind == b"IDAT":
            samples += data
        parts = [data] if kind != b"IDAT" else []
        if kind == b"IEND":
            cut = [samples[i : i + size] for i in range(0, len(samples), size)]
            found += [_chunk(b"IDAT", part) for part in (*cut, b"")]
        found += [_chunk(kind, part) for part in parts]
        at += 12 + length
    return b"".join(found)


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def saved(path, image, format, **options):
    found = io.BytesIO()
    image.save(found, format, **options)
    data = found.getvalue()
    path.write_bytes(small_chunks(data) if options.pop("optimize", False) else data)
    return path


@pytest.fixture(autouse=True)
def nothing_is_left():
    ahead._begun.clear()  # of calls that were refused
    yield
    assert not ahead._begun


def same(one, other):
    assert np.array_equal(one.planes, other.planes)
    assert (one.alpha is None) == (other.alpha is None)
    assert one.alpha is None or np.array_equal(one.alpha, other.alpha)
    assert (one.profile, one.notes, one.display) == (other.profile, other.notes, other.display)


@pytest.mark.parametrize("turn", [1, 6])
@pytest.mark.parametrize(
    ("mode", "format", "options"),
    [
        ("L", "PNG", {}),
        ("RGB", "PNG", {"dpi": (72, 72)}),
        ("RGBA", "PNG", {"optimize": True}),
        ("L", "JPEG", {}),
        ("RGB", "JPEG", {"quality": 90}),
    ],
)
def test_a_picture_is_the_same(tmp_path, mode, format, options, turn):
    exif = Image.Exif()
    exif[274] = turn
    path = saved(tmp_path / "x", image_of(mode), format, exif=exif, **options)
    expected = read_picture(path, "x")
    ahead.begin(str(path), MAX_PIXELS)
    assert len(ahead._begun) == 1
    same(read_picture(path, "x"), expected)


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
@pytest.mark.parametrize("left", [0.4, 0.98])
def test_a_complaint_is_the_same(tmp_path, format, left):
    path = saved(tmp_path / "x", image_of("RGB"), format)
    path.write_bytes(path.read_bytes()[: int(left * path.stat().st_size)])
    with pytest.raises(ConvError) as expected:
        read_picture(path, "x")
    ahead.begin(str(path), MAX_PIXELS)
    with pytest.raises(ConvError) as found:
        read_picture(path, "x")
    assert str(found.value) == str(expected.value)


@pytest.mark.parametrize(
    "image",
    [
        Image.fromarray(np.zeros((4, 4), np.uint16)),
        Image.fromarray(np.zeros((4, 4), np.uint8)).convert("1"),
        Image.fromarray(np.zeros((4, 4), np.uint8)).convert("P"),
        Image.fromarray(np.zeros((4, 4), np.uint8)).convert("LA"),
    ],
    ids=lambda image: image.mode,
)
def test_other_samples_are_left(tmp_path, image):
    ahead.begin(str(saved(tmp_path / "x", image, "PNG")), MAX_PIXELS)
    assert not ahead._begun


def test_animations_are_left(tmp_path):
    frames = [image_of("RGB"), image_of("RGB")]
    path = saved(tmp_path / "x", frames[0], "PNG", save_all=True, append_images=frames[1:])
    ahead.begin(str(path), MAX_PIXELS)
    assert not ahead._begun


def test_what_is_no_photograph_is_left(tmp_path):
    (tmp_path / "x.csv").write_text("1,2\n3,4\n")
    (tmp_path / "broken").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    os.mkfifo(tmp_path / "pipe")  # opening it would wait for ever
    image = saved(tmp_path / "x.png", image_of("L"), "PNG")
    for name in ("x.csv", "broken", "pipe", "", "none", "\0"):
        ahead.begin(name if name in ("", "\0") else str(tmp_path / name), MAX_PIXELS)
    ahead.begin("-", MAX_PIXELS)
    ahead.begin(str(image), 37 * 53 - 1)
    assert not ahead._begun


def test_what_was_begun_is_another_s_no_more(tmp_path, monkeypatch):
    """Of the same name in another folder, or written anew meanwhile."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        saved(tmp_path / folder / "x.png", image_of("L"), "PNG")
    monkeypatch.chdir(tmp_path / "a")
    expected = read_picture(Path("x.png"), "x")
    ahead.begin("x.png", MAX_PIXELS)
    monkeypatch.chdir(tmp_path / "b")
    assert not np.array_equal(read_picture(Path("x.png"), "x").planes, expected.planes)
    monkeypatch.chdir(tmp_path / "a")
    same(read_picture(Path("x.png"), "x"), expected)
    ahead.begin("x.png", MAX_PIXELS)
    saved(Path("x.png"), image_of("RGB"), "PNG")
    assert read_picture(Path("x.png"), "x").colour
    ahead._begun.clear()


def test_a_call_begins_with_its_picture(convcli, tmp_path, monkeypatch):
    path = saved(tmp_path / "x.png", image_of("RGB"), "PNG")
    begun = []
    monkeypatch.setattr(ahead, "begin", lambda *args: begun.append(args))
    for call in ("edge", "corr -k box", "pool -k 2"):
        convcli(*call.split(), path, "-o", tmp_path / f"{call[:4]}.png")
    assert begun == [(str(path), MAX_PIXELS)] * 3
    convcli("edge", path, path, "-o", tmp_path / "all")
    convcli("edge", path, "--frame", "0", "-o", tmp_path / "frame.png")
    assert len(begun) == 3
