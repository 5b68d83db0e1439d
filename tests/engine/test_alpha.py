"""Filters of pictures with alpha, against four plain loops on premultiplied floats."""

import numpy as np
import pytest

from convcli.engine import correlation, pooling
from convcli.engine.alpha import laid_over, opaque, smooths, solid
from convcli.engine.errors import ConvError
from convcli.engine.kernels import KERNELS, kernel
from convcli.engine.weighted import averaged, smoothed
from tests import oracle

RNG = np.random.default_rng(1)


def picture(dtype="uint8", colours=3, size=(9, 8)):
    full = np.iinfo(dtype).max
    planes = RNG.integers(0, full + 1, (colours, *size)).astype(dtype)
    alpha = RNG.integers(0, full + 1, size).astype(dtype)
    alpha[RNG.random(size) < 0.3] = 0
    alpha[RNG.random(size) < 0.3] = full
    return (planes if colours > 1 else planes[0]), alpha, full


def expected(
    planes, alpha, full, taps, *, value=0.0, border="zero", bias=None, groups=1, **windows
):
    """Colours and alphas, one of each an output channel; `taps` is (O, C / groups, kh, kw)."""
    there = alpha[None] / full
    colours = planes.reshape(-1, *alpha.shape).astype(float)
    options = {"border": border, "groups": groups, **windows}
    if border == "constant":  # an opaque frame, which the loops then need no border for
        wide = [(0, 0), (9, 9), (9, 9)]
        colours = np.pad(colours, wide, constant_values=value)
        there = np.pad(there, wide, constant_values=1.0)
    sums = oracle.correlate((colours * there)[None], taps, **options)[0].astype(float)
    whole = np.repeat(there[None], len(colours), axis=1)
    share = taps / taps.sum(axis=(1, 2, 3), keepdims=True)
    found = oracle.correlate(whole, share, **options)[0].astype(float)
    with np.errstate(all="ignore"):
        mixed = np.where(found > 2**-17, sums / found, 0)
    if bias is not None:
        mixed += np.where(found > 2**-17, np.reshape(bias, (-1, 1, 1)), 0)
    return mixed, found


def close(found, want, full):
    np.testing.assert_allclose(found, want, atol=2e-4 * full, rtol=1e-4)


@pytest.mark.parametrize("border", ["zero", "reflect", "mirror", "nearest", "wrap"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize("padding", ["valid", "same", "same-lower", "full"])
def test_smoothing_agrees_with_four_loops(padding, colours, dtype, border):
    planes, alpha, full = picture(dtype, colours)
    taps = np.array([[1.0, 2, 3], [0, 4, 1]])
    windows = {"padding": padding, "stride": (2, 1), "dilation": (1, 2)}
    result = smoothed(planes, alpha, taps, mode=border, **windows)
    each = np.repeat(taps[None, None], colours, axis=0)
    mixed, found = expected(planes, alpha, full, each, border=border, groups=colours, **windows)
    assert result.dtype == np.float32
    assert result.shape == (*planes.shape[:-2], *mixed.shape[1:])
    close(result.run(), mixed.reshape(result.shape), full)
    close(result.opacity.run(), found[0] * full, full)


def test_the_loops_notice_colours_that_bleed():
    planes, alpha, full = picture()
    taps = np.ones((3, 1, 3, 3))
    mixed, _ = expected(planes, alpha, full, taps, groups=3)
    plain = correlation.prepare(planes, taps[0, 0]).run()
    assert np.abs(plain - mixed).max() > 0.1 * full


def test_a_fill_is_opaque():
    planes, alpha, full = picture()
    taps = np.array([[1.0, 1], [1, 2]])
    result = smoothed(planes, alpha, taps, padding=1, mode="constant", value=77)
    each = np.repeat(taps[None, None], 3, axis=0)
    mixed, found = expected(planes, alpha, full, each, border="constant", value=77, groups=3)
    close(result.run(), mixed[:, 8:-8, 8:-8], full)
    close(result.opacity.run(), found[0, 8:-8, 8:-8] * full, full)


def test_kernels_that_mix_channels_or_are_several():
    planes, alpha, full = picture()
    mix = RNG.random((1, 3, 2, 2))
    mixed, found = expected(planes, alpha, full, mix, bias=[5.0])
    result = smoothed(planes, alpha, mix[0], bias=5.0)
    close(result.run(), mixed[0], full)
    close(result.opacity.run(), found[0] * full, full)
    several = RNG.random((3, 3, 2, 2))
    mixed, found = expected(planes, alpha, full, several, bias=[1.0, 2.0, 3.0])
    result = smoothed(planes, alpha, several, bias=[1, 2, 3])
    close(result.run(), mixed, full)
    close(result.opacity.run(), found.mean(axis=0) * full, full)


def test_a_flipped_kernel_and_one_with_negative_weights():
    planes, alpha, full = picture()
    planes[:] = 100
    taps = np.array([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]])
    result = smoothed(planes, alpha, taps, padding="same")
    there = result.opacity.run() > full * 2**-17
    close(result.run(), np.where(there, 100, 0)[None].repeat(3, 0), full)
    corner = np.array([[1.0, 0], [0, 0]])
    first, last = (smoothed(planes, alpha, corner, flip=flip).opacity.run() for flip in (0, 1))
    assert (first == alpha[:-1, :-1]).all()
    assert (last == alpha[1:, 1:]).all()


@pytest.mark.parametrize("taps", [np.ones((3, 3)), np.ones((5, 1)), np.full((3, 3, 1, 1), 0.5)])
def test_an_opaque_picture_is_that_of_its_colours(taps):
    planes, alpha, _ = picture()
    result = smoothed(planes, solid(alpha), taps, padding="same", mode="reflect")
    plain = correlation.prepare(planes, taps, padding="same", mode="reflect").run()
    np.testing.assert_allclose(result.run(), plain, rtol=1e-5)
    np.testing.assert_allclose(result.opacity.run(), 255, rtol=1e-5)


@pytest.mark.parametrize("include_pad", [False, True])
@pytest.mark.parametrize("ceil", [False, True])
@pytest.mark.parametrize("padding", ["valid", "same", "full", ((0, 1), (1, 1))])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_averages_agree_with_four_loops(dtype, padding, ceil, include_pad):
    planes, alpha, full = picture(dtype)
    options = {"padding": padding, "ceil": ceil, "include_pad": include_pad}
    windows = {"stride": (2, 3), "dilation": (1, 2)}
    result = averaged(planes, alpha, (3, 2), **options, **windows)
    there = alpha / full
    stack = np.concatenate([planes * there, there[None]])[None]
    means = oracle.pool(stack, (3, 2), mode="avg", **options, **windows)[0].astype(float)
    with np.errstate(all="ignore"):
        mixed = np.where(means[3] > 2**-17, means[:3] / means[3], 0)
    close(result.run(), mixed, full)
    close(result.opacity.run(), means[3] * full, full)


def test_averages_of_padding_alone_are_transparent():
    planes, alpha, _ = picture(size=(4, 4))
    alpha[:] = 255
    result = averaged(planes, alpha, 2, stride=1, padding=4, include_pad=True)
    assert not result.run()[:, 0].any()
    assert not result.opacity.run()[0].any()


def test_bands_cover_the_result():
    planes, alpha, _ = picture(size=(60, 7))
    for result in (
        smoothed(planes, alpha, kernel("gaussian:1"), padding="same", mode="wrap"),
        averaged(planes, alpha, (5, 3), stride=(2, 1), padding=1),
    ):
        whole = result.run()
        for top in range(0, whole.shape[1] - 3, 3):
            np.testing.assert_allclose(result.rows(top, top + 3), whole[:, top : top + 3], 1e-4)
        rows, across = result.shape[-2], result.shape[0] * result.shape[2]
        assert list(result.bands()) == [(0, rows)]
        for elements in (1, 20 * across, 45 * across):
            spans = list(result.bands(elements))
            assert [a for a, _ in spans] == [0, *(b for _, b in spans[:-1])]
            assert spans[-1][1] == rows
            tall = max(b - a for a, b in spans)
            assert tall * across <= max(elements, 40 * across)
            assert tall >= min(rows, 2 * result.axes[0].extent)  # what lies between is read twice
        parts = [result.rows(*span) for span in result.bands(across * 20)]
        np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, 1e-4)


def test_memory_is_that_of_a_band():
    import tracemalloc

    planes = np.zeros((3, 4000, 500), np.uint8)
    alpha = np.zeros((4000, 500), np.uint8)
    result = smoothed(planes, alpha, kernel("gaussian:1"), padding="same")
    tracemalloc.start()
    for start, stop in result.bands():
        result.rows(start, stop)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2 * planes.nbytes + (1 << 24)  # a float copy has four times its bytes


# --- over a background ------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("colours", [1, 3])
def test_laid_over_a_background(colours, dtype):
    planes, alpha, full = picture(dtype, colours, (70, 9))
    background = (0.2, 0.9, 0.4)
    found = laid_over(planes, alpha, background)
    colour = (
        np.array(background) if colours == 3 else [np.dot(background, (0.2125, 0.7154, 0.0721))]
    )
    levels = np.rint(np.multiply(colour, full))[:, None, None]
    want = (planes.reshape(-1, 70, 9).astype(float) * alpha + levels * (full - alpha)) / full
    assert found.dtype == dtype
    assert (found == np.rint(want).reshape(planes.shape)).mean() > 0.999  # halves go either way
    assert np.abs(found - want.reshape(planes.shape)).max() <= 0.5 + 1e-9
    assert (laid_over(planes, solid(alpha), background) == planes).all()
    assert opaque(solid(alpha))
    assert not opaque(alpha)


def test_which_kernels_smooth():
    no = {"diff-x", "diff-y", "kirsch", "laplacian", "log", "dog"}
    no |= {f"{n}-{a}" for n in ("sobel", "scharr", "prewitt", "roberts", "farid") for a in "xy"}
    assert {name for name in KERNELS if not smooths(kernel(name))} == no
    assert not smooths(-kernel("box"))
    assert smooths(np.ones((3, 1, 1)))
    assert not smooths(np.stack([kernel("box"), kernel("sobel-x")])[:, None])


def test_what_is_wrong_is_told_as_without_alpha():
    planes, alpha, _ = picture()
    for make, plain in (
        (lambda: smoothed(planes, alpha, np.ones((20, 1))), correlation.prepare),
        (lambda: averaged(planes, alpha, 20), pooling.prepare),
    ):
        with pytest.raises(ConvError) as caught:
            make()
        with pytest.raises(ConvError) as wanted:
            plain(planes, np.ones((20, 1)) if plain is correlation.prepare else 20)
        assert str(caught.value) == str(wanted.value)
