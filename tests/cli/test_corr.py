"""`convcli corr`, exact output."""

import gzip
import io
import json
import os
import re
import subprocess

import numpy as np
import pytest
from PIL import Image

from convcli.files.arrays import npy_bytes
from tests.conftest import IN_SHELL, SAMPLES, pixels
from tests.files.making import tiff

MATRIX, KERNEL, BARS = SAMPLES / "matrix.csv", SAMPLES / "kernel.csv", SAMPLES / "bars.png"


@pytest.mark.parametrize(
    ("args", "out"),
    [
        ((MATRIX, "-k", "0 1; 2 3"), "19,25\n37,43\n"),
        ((MATRIX, "-k", KERNEL), "19,25\n37,43\n"),
        ((MATRIX, "-k", KERNEL, "--flip"), "5,11\n23,29\n"),
        ((MATRIX, "-k", "0,1;2,3", "-p", "1", "-s", "2"), "0,8\n21,43\n"),
        ((MATRIX, "-k", "1 1; 1 1", "-P", "1"), "0,1,3\n3,8,12\n9,20,24\n"),
        ((MATRIX, "-k", "1 1; 1 1", "-p", "0/1"), "8,12,7\n20,24,13\n13,15,8\n"),
        ((MATRIX, "-k", "1 1; 1 1", "-p", "same"), "8,12,7\n20,24,13\n13,15,8\n"),
        ((MATRIX, "-k", "1 1; 1 1", "-p", "same-lower"), "0,1,3\n3,8,12\n9,20,24\n"),
        ((MATRIX, "-k", "1 1; 1 1", "-d", "2"), "16\n"),
        ((MATRIX, "-k", "0.5"), "0.0,0.5,1.0\n1.5,2.0,2.5\n3.0,3.5,4.0\n"),
        ((MATRIX, "-k", "3"), "0,3,6\n9,12,15\n18,21,24\n"),
        ((MATRIX, "-k", "-1,0,1"), "2\n2\n2\n"),
        ((MATRIX, "-k", "1 0", "--bias", "-10"), "-10,-9\n-7,-6\n-4,-3\n"),
        ((MATRIX, "-k", "1 1", "--scale", "2"), "0.5,1.5\n3.5,4.5\n6.5,7.5\n"),
        ((MATRIX, "-k", "1 1", "--scale", "sum"), "0.5,1.5\n3.5,4.5\n6.5,7.5\n"),
        ((MATRIX, "-k", "1 1 1", "-p", "same", "--border", "wrap"), "3,3,3\n12,12,12\n21,21,21\n"),
        (
            (MATRIX, "-k", "1 0 0", "-p", "0x2", "--border", "mirror"),
            "2,1,0,1,2\n5,4,3,4,5\n8,7,6,7,8\n",
        ),
        (
            (MATRIX, "-k", "1", "-p", "1", "--border", "constant", "--value", "-7"),
            "-7,-7,-7,-7,-7\n-7,0,1,2,-7\n-7,3,4,5,-7\n-7,6,7,8,-7\n-7,-7,-7,-7,-7\n",
        ),
    ],
)
def test_arrays_print_csv_in_a_pipe(convcli, args, out):
    result = convcli("corr", *args)
    assert (result.status, result.text, result.err) == (0, out, "")


def test_the_chapters_bars(convcli):
    result = convcli("corr", SAMPLES / "bars.csv", "-k", "1 -1")
    assert result.text == "0,1,0,0,0,-1,0\n" * 6


def test_bars_of_a_picture_keep_both_edges_with_their_signs(convcli, tmp_path):
    assert convcli("corr", BARS, "-k", "1 -1", "-o", "out.csv").text == "out.csv\n"
    assert (tmp_path / "out.csv").read_text() == "0,255,0,0,0,-255,0,0\n" * 6


def test_a_picture_that_cannot_hold_the_result_is_told_of(convcli, tmp_path):
    result = convcli("corr", BARS, "-k", "1 -1")
    assert (result.status, result.text) == (0, "bars-corr.png\n")
    assert result.err == (
        f"convcli: {BARS}: results run from -255 to 255, the picture holds 0 to 255: "
        "6 were clipped (--range abs, stretch or offset keeps them)\n"
    )
    written = pixels(tmp_path / "bars-corr.png")
    assert written.tolist() == [[0, 255, 0, 0, 0, 0, 0, 0]] * 6


@pytest.mark.parametrize(
    ("how", "row"),
    [
        ("abs", [0, 255, 0, 0, 0, 255, 0, 0]),
        ("stretch", [128, 255, 128, 128, 128, 0, 128, 128]),
        ("offset", [128, 255, 128, 128, 128, 0, 128, 128]),
    ],
)
def test_ranges_that_keep_both_edges(convcli, tmp_path, how, row):
    result = convcli("corr", BARS, "-k", "1 -1", "--range", how, "-o", "x.png")
    assert (result.status, result.err) == (0, "")
    assert pixels(tmp_path / "x.png").tolist() == [row] * 6


def test_json(convcli):
    result = convcli("corr", MATRIX, "-k", "0 1; 2 3", "--json")
    assert json.loads(result.text) == {
        "shape": [2, 2],
        "dtype": "int64",
        "data": [[19, 25], [37, 43]],
    }


def test_standard_input_both_ways(convcli):
    csv = convcli("corr", "-", "-k", "0 1; 2 3", stdin=MATRIX.read_bytes())
    assert csv.text == "19,25\n37,43\n"
    kernel = convcli("corr", MATRIX, "-k", "-", stdin=b"0 1\n2 3\n")
    assert kernel.text == "19,25\n37,43\n"
    png = convcli("corr", "-", "-k", "identity", stdin=BARS.read_bytes())
    assert png.out.startswith(b"\x89PNG")


def test_npy_chains_keep_the_dtype(convcli, tmp_path):
    np.save(tmp_path / "x.npy", np.arange(24, dtype=np.uint8).reshape(2, 3, 4))
    first = convcli("corr", "x.npy", "-k", "1 1", "--format", "npy")
    (tmp_path / "y.npy").write_bytes(first.out)
    assert np.load(tmp_path / "y.npy").dtype == np.int32
    second = convcli("pool", "-", "-k", "1x3", "--format", "npy", stdin=first.out)
    (tmp_path / "z.npy").write_bytes(second.out)
    assert np.load(tmp_path / "z.npy").tolist() == [[[5], [13], [21]], [[29], [37], [45]]]


def test_several_kernels_act_on_each_channel(convcli, tmp_path):
    x = np.arange(18).reshape(2, 3, 3)
    np.save(tmp_path / "x.npy", x)
    out = convcli("corr", "x.npy", "-k", "1 0", "-k", "0 1", "-k", "1 1", "-o", "y.npy")
    assert (out.status, out.err) == (0, "")
    left, right = x[:, :, :-1], x[:, :, 1:]
    expected = [left[0], right[0], left[0] + right[0], left[1], right[1], left[1] + right[1]]
    assert np.load(tmp_path / "y.npy").tolist() == np.array(expected).tolist()


def test_kernels_mix_channels(convcli, tmp_path):
    rng = np.random.default_rng(0)
    x, k = rng.integers(0, 9, (2, 4, 5, 5)), rng.integers(-3, 4, (6, 2, 2, 2))
    b = rng.integers(0, 9, (1, 6))
    for name, array in {"x": x, "k": k, "b": b}.items():
        np.save(tmp_path / f"{name}.npy", array)
    convcli("corr", "x.npy", "-k", "k.npy", "--groups", 2, "--bias", "b.npy", "-o", "y.npy")
    found = np.load(tmp_path / "y.npy")
    windows = np.lib.stride_tricks.sliding_window_view(x, (2, 2), (2, 3))
    halves = [
        np.einsum("nchwuv,ocuv->nohw", windows[:, 2 * g : 2 * g + 2], k[3 * g : 3 * g + 3])
        for g in (0, 1)
    ]
    assert (found == np.concatenate(halves, 1) + b[0][:, None, None]).all()


@pytest.mark.parametrize("shape", [(6,), (6, 1), (1, 1, 6)])
def test_a_bias_is_a_vector_whatever_its_shape(convcli, tmp_path, shape):
    x, k, b = np.ones((1, 3, 3), int), np.ones((6, 1, 2, 2), int), np.arange(6)
    for name, array in {"x": x, "k": k, "b": b.reshape(shape)}.items():
        np.save(tmp_path / f"{name}.npy", array)
    out = convcli("corr", "x.npy", "-k", "k.npy", "--bias", "b.npy", "-o", "y.npy")
    assert (out.status, out.err) == (0, "")
    assert np.load(tmp_path / "y.npy")[:, 0, 0].tolist() == (4 + b).tolist()


def test_elsewhere_one_dimension_is_one_row_and_that_is_said(convcli, tmp_path):
    np.save(tmp_path / "x.npy", np.array([1, 2, 4]))
    np.save(tmp_path / "k.npy", np.array([-1, 1]))
    out = convcli("corr", "x.npy", "-k", "k.npy")
    assert out.out == b"1,2\n"
    said = "one dimension is read as one row, 1x"
    assert out.err == f"convcli: k.npy: {said}2\nconvcli: x.npy: {said}3\n"
    np.save(tmp_path / "y.npy", np.array([1, 2]))
    fitted = convcli("learn", "x.npy", "y.npy", "-k", "1x2", "--json")
    assert fitted.err.startswith(f"convcli: x.npy: {said}3\nconvcli: y.npy: {said}2\n")


def test_matrices_parted_by_a_blank_line_are_channels(convcli, tmp_path):
    x = np.arange(18).reshape(2, 3, 3)
    (tmp_path / "x.csv").write_text(
        "\n".join("".join(",".join(map(str, row)) + "\n" for row in plane) for plane in x)
    )
    out = convcli("corr", "x.csv", "-k", "box:2x2", "--scale", ".25", "-o", "y.csv")
    assert (out.status, out.err) == (0, "")
    sums = x[:, :-1, :-1] + x[:, 1:, :-1] + x[:, :-1, 1:] + x[:, 1:, 1:]
    blocks = (tmp_path / "y.csv").read_text().split("\n\n")
    np.testing.assert_allclose(
        [[[float(c) for c in row.split(",")] for row in b.split()] for b in blocks], sums
    )
    pooled = convcli("pool", "y.csv", "-k", "2", "--format", "csv").out.split(b"\n\n")
    np.testing.assert_allclose([float(text) for text in pooled], sums.max((1, 2)))


@pytest.mark.parametrize("name", ["x.csv", "x.npy"])
def test_what_is_packed_by_gzip_is_read(convcli, tmp_path, name):
    data = npy_bytes(np.array([[0, 1], [2, 3]])) if name == "x.npy" else b"0,1\n2,3\n"
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(data))
    assert convcli("corr", f"{name}.gz", "-k", "1 1").out == b"1\n5\n"
    assert convcli("corr", "-", "-k", f"{name}.gz", stdin=gzip.compress(data)).out == b"14\n"
    convcli("corr", f"{name}.gz", "-k", "1 1", "-o", "out/{name}")
    assert (tmp_path / "out" / name).exists()
    (tmp_path / "cut.gz").write_bytes(gzip.compress(data)[:-9])
    cut = convcli("corr", "cut.gz", "-k", "1 1")
    assert cut.err == (
        "convcli: error: cut.gz: the gzip stream ends too early: the file is truncated\n"
    )


def test_pictures_keep_their_size_alpha_and_colour(convcli, tmp_path):
    cutout = SAMPLES / "coffee-cutout.png"
    keep = ("--alpha", "keep")
    assert convcli("corr", cutout, "-k", "gaussian:2", *keep).text == "coffee-cutout-corr.png\n"
    before, after = pixels(cutout), pixels(tmp_path / "coffee-cutout-corr.png")
    assert after.shape == before.shape
    assert (after[..., 3] == before[..., 3]).all()
    assert (after != before).any()


def test_a_kernel_of_three_channels_makes_grey(convcli, tmp_path):
    np.save(tmp_path / "grey.npy", np.array([[[0.5]], [[0.25]], [[0.25]]]))
    convcli("corr", SAMPLES / "coffee.png", "-k", "grey.npy", "-o", "grey.png")
    colour = pixels(SAMPLES / "coffee.png").astype(float)
    grey = pixels(tmp_path / "grey.png")
    assert (grey == np.rint(colour @ [0.5, 0.25, 0.25])).all()


def test_sixteen_bits_stay_sixteen(convcli, tmp_path):
    convcli("corr", SAMPLES / "coffee-grey16.png", "-k", "identity", "-o", "same.png")
    before = pixels(SAMPLES / "coffee-grey16.png")
    assert (pixels(tmp_path / "same.png") == before).all()
    assert before.max() > 255


ERRORS = [
    (("bytes.npy", "-k", "9223372036854775807"), 1, "bytes.npy: the sum of |kernel| is 9223372036854775807 and the largest |input| 255: results could pass int64, "),
    (("junk.png", "-k", "1"), 1, "junk.png: is text and no picture, whatever its suffix says: PNG, "),
    (("endless.png", "-k", "1"), 1, "endless.png: is truncated: the end of the PNG is missing"),
    ((MATRIX, "-k", "sobl"), 2, "--kernel: unknown kernel 'sobl', did you mean 'sobel-y'? known: "),
    ((MATRIX, "-k", "3x3"), 2, "--kernel: got the size 3x3, weights are needed: box:3x3 is the mean of such a window"),
    ((MATRIX, "-k", "1 2; 3"), 2, "--kernel: row 2 has 1 numbers, the first has 2"),
    ((MATRIX, "-k", ""), 2, "--kernel: row 1, number 1: got '', a number is needed"),
    ((MATRIX, "-k", "box:4x4"), 1, f"{MATRIX}: kernel 4 does not fit: it is larger than the input 3 on axis 0 (kernel 4x4, input 3x3)"),
    ((MATRIX, "-k", "1", "-s", "0"), 2, "--stride: got '0', whole numbers from 1 to 1000000000 are allowed"),
    ((MATRIX, "-k", "1", "--border", "refelct"), 2, "unknown border 'refelct', did you mean 'reflect'? known: "),
    ((MATRIX, "-k", "1", "--value", "3"), 2, "value: got 3 with border zero, only border constant has a value"),
    ((MATRIX, "-k", "1", "-p", "1", "-P", "2"), 2, "-p and -P: got both, one of them is allowed"),
    ((MATRIX, "-k", "1", "--scale", "0"), 2, "--scale: got 0, a number other than 0 is needed"),
    ((MATRIX, "-k", "1 -1", "--scale", "sum"), 2, "--scale sum: the kernel's sum is 0, a number is needed"),
    ((MATRIX, "-k", "1", "-k", "1 1"), 2, "--kernel: got kernels of 1x1, 1x2, several need one shape"),
    ((MATRIX, "-k", "1", "--bias", "1 2"), 1, f"{MATRIX}: bias: got 2 numbers, 1 is needed"),
    (("nope.csv", "-k", "1"), 1, "nope.csv: no such file or directory"),
    ((".", "-k", "1"), 1, ".: is a folder, a file is needed"),
    (("ragged.csv", "-k", "1"), 1, "ragged.csv: line 2, column 2: got no cell, 2 cells are needed as in line 1"),
    (("word.csv", "-k", "1"), 1, "word.csv: line 2, column 2: got 'x', a number is needed"),
    (("cut.png", "-k", "1"), 1, "cut.png: "),
    (("-", "-k", "-"), 2, "-: got standard input twice, one operand of a command can be read from it"),
    ((MATRIX, "-k", "1", "-o", "here.csv"), 1, "here.csv: already exists, -f overwrites it"),
    ((MATRIX, "-k", "1", "-o", "x.xyz"), 2, "x.xyz: unknown suffix '.xyz', known: .csv, .npy, .json, .png, "),
    ((MATRIX, "-k", "1", "-o", "edges"), 2, "edges: has no suffix, a folder (edges/), a suffix (edges.csv) or --format is needed"),
    ((MATRIX, "-k", "0", "1", "2", "3"), 2, "INPUT: got 1 2 3, no file of this name: if it belongs to -k, write -k '0 1 2 3'"),
    ((MATRIX, "-k", "gaussian", "1.5"), 2, "INPUT: got 1.5, no file of this name: if it belongs to -k, write -k 'gaussian:1.5'"),
    ((MATRIX, "-k", "1", "-o", "/dev/full"), 1, "/dev/full: no space left on device"),
    ((MATRIX, "-k", "1", "--format", "nyp"), 2, "--format: unknown format 'nyp', did you mean 'npy'? known: auto, table, csv, json, npy, png"),
    (("batch.npy", "-k", "1", "--format", "csv"), 1, "CSV holds 2 or 3 dimensions: got 2x1x3x3"),
    (("deep.npy", "-k", "1;1;1;1;1;1"), 1, "deep.npy: kernel 6 does not fit: it is larger than the input 5 on axis 0 (kernel 6x1, input 5x6)"),
    (("deep.npy", "-k", "mix.npy"), 1, "deep.npy: channels do not match: the input has 4, the kernel takes 3 (input 4x5x6, kernel 3x2x2)"),
    ((BARS, "-k", "1", "--range", "clop"), 2, "--range: unknown range 'clop', did you mean 'clip'? known: clip, abs, stretch, offset"),
]  # fmt: skip


@pytest.mark.parametrize(("args", "status", "message"), ERRORS)
def test_errors(convcli, tmp_path, args, status, message):
    (tmp_path / "ragged.csv").write_text("1,2\n3\n")
    (tmp_path / "word.csv").write_text("1,2\n3,x\n")
    (tmp_path / "cut.png").write_bytes((SAMPLES / "camera.png").read_bytes()[:5000])
    (tmp_path / "here.csv").write_text("mine")
    np.save(tmp_path / "deep.npy", np.zeros((4, 5, 6)))
    np.save(tmp_path / "batch.npy", np.zeros((2, 1, 3, 3)))
    np.save(tmp_path / "mix.npy", np.zeros((3, 2, 2)))
    np.save(tmp_path / "bytes.npy", np.zeros((3, 3), np.uint8))
    (tmp_path / "junk.png").write_bytes(b"junk")
    (tmp_path / "endless.png").write_bytes((SAMPLES / "camera.png").read_bytes()[:-12])
    before = sorted(tmp_path.iterdir())
    result = convcli("corr", *args)
    assert result.err.startswith(f"convcli: error: {message}")
    assert (result.status, result.out, result.err.count("\n")) == (status, b"", 1)
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "here.csv").read_text() == "mine"


def elevations(folder):
    heights = np.array([[-30, 10, 4000], [5, 6, 7], [-32768, 32767, 0]], np.int16)
    (folder / "dem.tif").write_bytes(tiff(heights, sample_format=2))
    return heights


def test_a_tiff_of_integers_is_an_array_of_its_own_units(convcli, tmp_path):
    heights = elevations(tmp_path)
    done = convcli("corr", "dem.tif", "-k", "1 1")
    assert (done.status, done.text, done.err) == (0, "dem-corr.tiff\n", "")
    sums = heights[:, :-1].astype(int) + heights[:, 1:]
    found = pixels(tmp_path / "dem-corr.tiff")
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, sums)
    done = convcli("corr", "dem.tif", "-k", "0.5 0.5", "-o", "-")
    assert Image.open(io.BytesIO(done.out)).mode == "F"
    done = convcli("corr", "dem.tif", "-k", "1 1", "-o", "-", "--format", "csv")
    assert done.text.splitlines()[0] == "-20,4010"
    assert convcli("corr", "dem.tif", "-k", "1 1", "-o", "x.npy").status == 0
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), sums)
    assert convcli("pool", "dem.tif", "-k", 2, "-o", "pooled/").text == "pooled/dem-pool.tiff\n"
    assert convcli("edge", "dem.tif", "--threshold", 100, "-o", "e.tif").status == 0
    assert pixels(tmp_path / "e.tif").dtype == np.uint8
    wide = np.array([[2**31 - 1, 2**31 - 1]], np.int32)
    (tmp_path / "wide.tif").write_bytes(tiff(wide, sample_format=2))
    done = convcli("corr", "wide.tif", "-k", "1 1")
    assert done.status == 1
    assert done.err == (
        "convcli: error: wide.tif: TIFF cannot hold integers of more than 32 bits: NPY and CSV "
        "can\n"
    )


def test_a_tiff_of_several_bands_is_an_array_of_them(convcli, tmp_path):
    tifffile = pytest.importorskip("tifffile")
    bands = np.random.default_rng(3).standard_normal((8, 9, 4))
    (tmp_path / "scene.tif").write_bytes(tiff(bands, sample_format=3, extra=(0, 0, 0)))
    done = convcli("corr", "scene.tif", "-k", "1 1", "--json")
    assert json.loads(done.text)["shape"] == [4, 8, 8]
    done = convcli("corr", "scene.tif", "-k", "1 1")
    assert (done.status, done.text, done.err) == (0, "scene-corr.tiff\n", "")
    planes = np.moveaxis(bands, 2, 0)
    np.testing.assert_array_equal(
        tifffile.imread(tmp_path / "scene-corr.tiff"), planes[..., :-1] + planes[..., 1:]
    )
    assert convcli("pool", "scene-corr.tiff", "-k", 2).text == "scene-corr-pool.tiff\n"
    assert tifffile.imread(tmp_path / "scene-corr-pool.tiff").shape == (4, 4, 4)
    done = convcli("corr", "scene.tif", "-k", "[[[[1]],[[0]],[[0]],[[1]]]]", "-o", "sum.tif")
    assert (done.status, done.err) == (0, "")
    np.testing.assert_array_equal(
        tifffile.imread(tmp_path / "sum.tif").squeeze(), planes[0] + planes[3]
    )
    done = convcli("corr", "scene.tif", "-k", "1 1", "-o", "x.png")
    assert done.status == 1
    assert not (tmp_path / "x.png").exists()


def test_what_the_camera_says_goes_along_once(convcli, tmp_path):
    tags = Image.Exif()
    tags[271], tags[274] = "Maker", 6
    noise = np.random.default_rng(0).integers(0, 256, (1200, 1000, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "photo.jpg", exif=tags)
    assert convcli("corr", "photo.jpg", "-k", "box:3", "-o", "out.jpg").status == 0
    data = (tmp_path / "out.jpg").read_bytes()
    assert data.count(b"\xff\xd0") > 0  # several strips
    assert data.count(b"Exif\0\0") == 1
    with Image.open(tmp_path / "out.jpg") as image:
        assert dict(image.getexif()) == {271: "Maker"}
        assert image.size == (1200, 1000)


def test_how_a_picture_is_shown_stays_or_is_said(convcli, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "scan.png", dpi=(300, 300))
    for call, note in (
        (("-s", 2, "-o", "x.png"), ""),  # a pixel is as large as it was
        (("-o", "x.jpg"), ""),
        (("-o", "x.ppm"), "convcli: scan.png: PPM holds no resolution, it is left out\n"),
    ):
        assert convcli("corr", "scan.png", "-k", "box", *call).err == note
    for name in ("x.png", "x.jpg"):
        with Image.open(tmp_path / name) as picture:
            assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.02)


def test_overwriting_is_asked_for(convcli, tmp_path):
    (tmp_path / "here.csv").write_text("mine")
    assert convcli("corr", MATRIX, "-k", "1", "-o", "here.csv", "-f").status == 0
    assert (tmp_path / "here.csv").read_text() == "0,1,2\n3,4,5\n6,7,8\n"


def test_a_reader_that_goes_away_is_no_error(tmp_path):
    (tmp_path / "big.csv").write_text("1,2,3,4\n" * 100_000)
    call = f"{IN_SHELL} corr big.csv -k 1 | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", call], cwd=tmp_path, capture_output=True, check=False)
    assert (done.stdout, done.stderr) == (b"1,2,3,4\n141\n", b"")


def test_a_closed_standard_output_is_an_error(process):
    done = process("corr", MATRIX, "-k", "1", preexec_fn=lambda: os.close(1))
    assert done.returncode == 1
    assert b"standard output is closed" in done.stderr


def test_the_plan_is_told_in_words(convcli):
    told = convcli("corr", SAMPLES / "coffee.png", "-k", "gaussian:3", "--plan", "-o", "x.png").err
    assert re.search(
        r": plan: separable, .*; [0-9.e+]+ operations, \d+ threads; predicted .* s, took .* s\n$",
        told,
    )


def test_a_large_fill_is_exact(convcli):
    fill = ("-p", "0/1x0", "--border", "constant", "--value", "9007199254740993")
    assert convcli("corr", MATRIX, "-k", "1", *fill).text.splitlines()[-1] == ",".join(
        ["9007199254740993"] * 3
    )


def test_a_kernel_of_three_columns_is_no_picture(convcli, tmp_path):
    np.save(tmp_path / "x.npy", np.ones((8, 9, 9)))
    np.save(tmp_path / "k.npy", np.ones((8, 5, 3)))
    assert convcli("corr", "x.npy", "-k", "k.npy").text.splitlines()[0] == ",".join(["120.0"] * 7)


def test_alpha_that_is_left_out_is_told(convcli):
    told = convcli("corr", SAMPLES / "coffee-cutout.png", "-k", "box", "-o", "x.npy").err
    assert told == f"convcli: {SAMPLES / 'coffee-cutout.png'}: alpha is left out\n"


@pytest.mark.parametrize("args", [("corr", "--help"), ("--help",), ("--version",)])
def test_help_into_a_closed_pipe(tmp_path, args):
    call = f"{IN_SHELL} {' '.join(args)} | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", call], cwd=tmp_path, capture_output=True, check=False)
    assert done.stdout in (b"141\n", b"0\n")  # 0: it was written before the reader went
    assert done.stderr == b""


@pytest.mark.parametrize("form", ["-", "k.txt"])
@pytest.mark.parametrize(
    "text",
    ["0 1; 2 3", "[[0,1],[2,3]]\n", '{"shape": [2, 2], "data": [[0, 1], [2, 3]]}', "0 1\n2 3\n"],
)
def test_a_kernel_written_in_a_file_is_read_as_in_the_call(convcli, tmp_path, form, text):
    (tmp_path / "k.txt").write_text(text)
    done = convcli("corr", SAMPLES / "matrix.csv", "-k", form, stdin=text.encode())
    assert (done.status, done.text) == (0, "19,25\n37,43\n")


def test_json_of_corr_and_learn_are_kernels(convcli):
    taps = convcli("learn", "--json").text
    done = convcli("corr", SAMPLES / "bars.csv", "-k", "-", stdin=taps.encode())
    assert done.status == 0
    sharp = convcli("corr", SAMPLES / "matrix.csv", "-k", "0 1; 2 3", "--json").text
    again = convcli("corr", SAMPLES / "matrix.csv", "-k", "-", stdin=sharp.encode())
    assert again.text == convcli("corr", SAMPLES / "matrix.csv", "-k", "19 25; 37 43").text


@pytest.mark.parametrize(
    "text", ['{"a": 1}', "{", '{"data": "x"}', '{"data": [[1], [2, 3]]}', '{"data": {}}']
)
def test_json_that_is_no_kernel(convcli, text):
    done = convcli("corr", SAMPLES / "matrix.csv", "-k", "-", stdin=text.encode())
    assert done.status in (1, 2)
    assert done.err.startswith("convcli: error: standard input: is no kernel")


def test_a_photograph_is_no_kernel(convcli):
    done = convcli("corr", SAMPLES / "matrix.csv", "-k", SAMPLES / "camera.png")
    assert done.status == 2
    assert "is a picture of 512x512, pictures of up to 64x64 are kernels" in done.err
