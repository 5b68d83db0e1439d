"""learn_kernel against numpy.linalg.lstsq on design matrices that plain loops build; learn of corr is the identity."""

import itertools
import random

import numpy as np
import pytest

import convcli
from convcli import ConvError, corr2d, kernel, learn_kernel
from convcli.engine.borders import BORDERS
from convcli.engine.kernels import KERNELS
from convcli.engine.learning import design_matrix, moments
from convcli.engine.learning.nearest_kernel import nearest
from convcli.engine.learning.report import as_values, sentences
from tests import oracle

BARS = np.array([[1, 1, 0, 0, 0, 0, 1, 1]] * 6)
EDGES = corr2d(BARS, [[1, -1]])


def photograph(size=(96, 80), seed=0):
    """Something smooth with edges and grain, 8 bits."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[: size[0], : size[1]] / 20
    scene = 120 + 60 * np.sin(rows) * np.cos(columns + rows) + 40 * (rows + columns > 3.1)
    return np.clip(scene + rng.normal(0, 6, size), 10, 245).round().astype(np.uint8)


def design(x, size, padding=((0, 0), (0, 0)), stride=(1, 1), dilation=(1, 1), border="zero"):
    """The design matrix of x (N, C, H, W), cell by cell: rows of answers, columns (channel, row, column)."""
    pads = [
        oracle.split(x.shape[2 + a], size[a], stride[a], dilation[a], padding) if isinstance(padding, str) else padding[a]
        for a in (0, 1)
    ]  # fmt: skip
    out = [
        (x.shape[2 + a] + sum(pads[a]) - dilation[a] * (size[a] - 1) - 1) // stride[a] + 1
        for a in (0, 1)
    ]
    rows = []
    for image, i, j in itertools.product(x, range(out[0]), range(out[1])):
        row = []
        for plane, u, v in itertools.product(image, range(size[0]), range(size[1])):
            r = oracle.source(i * stride[0] + u * dilation[0] - pads[0][0], plane.shape[0], border)
            q = oracle.source(j * stride[1] + v * dilation[1] - pads[1][0], plane.shape[1], border)
            row.append(0.0 if r is None or q is None else float(plane[r, q]))
        rows.append(row)
    return np.array(rows)


# --- the chapter ----------------------------------------------------------------------------------


def test_the_chapters_kernel_is_exact():
    found = learn_kernel(BARS, EDGES, (1, 2))
    assert found.kernel.tolist() == [[1.0, -1.0]]
    assert (found.score.r2, found.score.rmse, found.rank) == (1.0, 0.0, 2)
    assert found.nearest.text == "diff-x, exactly"


def test_the_chapters_losses():
    found = learn_kernel(BARS, EDGES, (1, 2), method="sgd", lr=0.03, steps=10)
    assert [round(loss, 4) for loss in found.losses[1::2]] == [
        4.9152,
        0.8246,
        0.1384,
        0.0232,
        0.0039,
    ]


def test_descent_follows_the_definition():
    rng = np.random.default_rng(5)
    x, y = rng.normal(2, 1, (7, 8)), rng.normal(size=(5, 6))
    A, b = np.c_[design(x[None, None], (3, 3)), np.ones(30)], y.ravel()
    start = np.random.default_rng(11).normal(0, 0.01, 9)
    taps, push, losses = np.r_[start, 0], np.zeros(10), []
    for _ in range(30):
        r = b - A @ taps
        losses.append(r @ r)
        push = 0.5 * push - 2 * A.T @ r
        taps = taps - 0.001 * push
    found = learn_kernel(
        x, y, 3, method="sgd", lr=0.001, steps=30, momentum=0.5, seed=11, bias=True
    )
    np.testing.assert_allclose(found.losses, losses, rtol=1e-10)
    np.testing.assert_allclose(found.kernel.ravel(), taps[:-1], rtol=1e-9)
    np.testing.assert_allclose(found.bias, taps[-1:], rtol=1e-9)


def test_batches_see_each_row_once_an_epoch():
    rng = np.random.default_rng(5)
    # nearly nothing to learn from: the loss of a batch is the sum of its y²
    x, y = 1e-9 * rng.normal(size=(12, 9)), rng.normal(size=(12, 9))
    rows = (y**2).sum(1)
    found = learn_kernel(x, y, 1, method="sgd", lr=1e-12, steps=3, batch=5)
    np.testing.assert_allclose(found.losses, [rows[:5].sum(), rows[5:10].sum(), rows[10:].sum()])
    mixed = learn_kernel(x, y, 1, method="sgd", lr=1e-12, steps=12, batch=1, seed=3)
    np.testing.assert_allclose(sorted(mixed.losses), sorted(rows), rtol=1e-6)
    assert list(mixed.losses) != sorted(mixed.losses)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("batch", [None, 3])
def test_the_largest_stable_rate(momentum, bias, batch):
    rng = np.random.default_rng(2)
    x = rng.normal(1, 1, (6, 9))
    y = corr2d(x, [[1, -2]]) + 3 * bias
    options = {"method": "sgd", "momentum": momentum, "bias": bias, "batch": batch}
    limit = learn_kernel(x, y, (1, 2), steps=1, **options).stable_rate
    A = np.c_[design(x[None, None], (1, 2)), np.ones((48, int(bias)))]
    parts = [A[i : i + 8 * (batch or 6)] for i in range(0, 48, 8 * (batch or 6))]
    steepest = max(np.linalg.eigvalsh(2 * part.T @ part)[-1] for part in parts)
    assert limit == pytest.approx(2 * (1 + momentum) / steepest)
    if batch is None:
        below = learn_kernel(x, y, (1, 2), lr=0.99 * limit, steps=1500, **options)
        assert below.losses[-1] < 1e-6
        with pytest.raises(ConvError, match="the loss grew"):
            learn_kernel(x, y, (1, 2), lr=1.01 * limit, steps=1500, **options)


@pytest.mark.parametrize("limits", [None, (-4, 5)])
@pytest.mark.parametrize("bias", [False, True])
def test_batches_together_tell_what_all_rows_tell(bias, limits):
    """Rank, condition and clipped answers of all batches; the errors of taps as the squares that the descent leaves say."""
    rng = np.random.default_rng(2)
    x = rng.normal(1, 1, (7, 9))
    y = np.clip(corr2d(x, [[1, -2], [3, 0]]) + rng.normal(0, 0.1, (6, 8)), *(limits or (-99, 99)))
    found, whole = (
        learn_kernel(x, y, 2, bias=bias, limits=limits, **options)
        for options in ({"method": "sgd", "batch": 1, "steps": 600}, {})
    )
    assert (found.rank, found.taps, found.clipped) == (4, 4, whole.clipped)
    assert (found.clipped > 0) == (limits is not None)
    assert found.condition == pytest.approx(whole.condition, rel=1e-9)
    share = found.score.rmse / whole.score.rmse
    np.testing.assert_allclose(found.stderr, whole.stderr * share, rtol=1e-9)


def test_a_rate_above_the_limit_is_noted_before_it_diverges():
    from convcli.engine.learning import learning
    from convcli.engine.learning.examples import Examples, Layer
    from convcli.engine.learning.gradient_descent import Descent
    from convcli.engine.progress import Note

    work = learning(
        Examples.of(BARS, EDGES), (1, 2), Layer(), method="sgd", descent=Descent(0.5, 100)
    )
    with pytest.raises(ConvError, match=r"lower it to 0.0333 or less"):
        list(work)
    work = learning(
        Examples.of(BARS, EDGES), (1, 2), Layer(), method="sgd", descent=Descent(0.034, 4)
    )
    notes = [record.text for record in work if isinstance(record, Note)]
    assert notes == ["the rate 0.034 is above 0.0333, the largest that is stable on these data"]


# --- least squares against the definition ---------------------------------------------------------


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("band", [1, 1 << 17])
@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_lstsq_on_a_design_matrix_of_loops(monkeypatch, bias, band, noise):
    monkeypatch.setattr(design_matrix, "BAND", band)
    rng = np.random.default_rng(8)
    x = rng.normal(3, 1, (2, 2, 9, 8))
    options = {"padding": "same", "dilation": (2, 1), "border": "mirror"}
    weights = rng.normal(size=(3, 2, 3, 2))
    y = corr2d(x, weights, bias=[5, 6, 7] if bias else None, **options)
    y = y + noise * rng.normal(size=y.shape)
    found = learn_kernel(x, y, (3, 2), bias=bias, **options)
    A = design(x, (3, 2), "same", (1, 1), (2, 1), "mirror")
    if bias:
        A = np.c_[A, np.ones(len(A))]
    b = y.swapaxes(0, 1).reshape(3, -1).T
    expected, _, rank, _ = np.linalg.lstsq(A, b)
    taps = found.kernel.reshape(3, -1).T
    np.testing.assert_allclose(taps, expected[:12], atol=1e-12)
    left = b - A @ expected
    variance = (left**2).sum(0) / (len(A) - rank)
    errors = np.sqrt(np.outer(np.diagonal(np.linalg.inv(A.T @ A)), variance))[:12]
    np.testing.assert_allclose(found.stderr.reshape(3, -1).T, errors, rtol=1e-6, atol=1e-14)
    assert found.rank == 12
    assert found.score.rmse == pytest.approx(np.sqrt((left**2).mean()), abs=1e-14)
    if bias:
        np.testing.assert_allclose(found.bias, expected[12])
        A = A[:, :12] - A[:, :12].mean(0)
    assert found.condition == pytest.approx(np.linalg.cond(A), rel=1e-6)
    variation = ((b - b.mean(0)) ** 2).sum()
    assert found.score.r2 == pytest.approx(1 - (left**2).sum() / variation)


def test_the_standard_error_is_the_scatter_of_repeated_fits():
    rng = np.random.default_rng(1)
    x, taps = rng.normal(size=(20, 20)), rng.normal(size=(3, 3))
    clean = corr2d(x, taps)
    # 300 answers to one input, each with its own noise
    found = learn_kernel(x, clean + rng.normal(0, 0.5, (300, *clean.shape)), 3)
    scatter = found.kernel[:, 0].std(0)
    np.testing.assert_allclose(found.stderr[:, 0].mean(0), scatter, rtol=0.2)


def test_ridge_against_an_augmented_design():
    rng = np.random.default_rng(3)
    x, y = rng.normal(4, 1, (9, 9)), rng.normal(size=(7, 7))
    A = design(x[None, None], (3, 3))
    above = np.vstack((A, np.sqrt(2.5) * np.eye(9)))
    expected = np.linalg.lstsq(above, np.r_[y.ravel(), np.zeros(9)])[0]
    found = learn_kernel(x, y, 3, ridge=2.5)
    np.testing.assert_allclose(found.kernel.ravel(), expected, atol=1e-13)
    assert found.condition == pytest.approx(np.linalg.cond(above))
    flat = learn_kernel(np.ones((9, 9)), y, 3, ridge=2.5)
    assert (flat.rank, np.ptp(flat.kernel) < 1e-12) == (1, True)
    assert "the ridge decides the rest" in " ".join(sentences(flat))


def test_pairs_are_one_fit():
    rng = np.random.default_rng(3)
    xs = [rng.normal(size=(6, 7)), rng.normal(size=(9, 5))]
    ys = [rng.normal(size=(4, 5)), rng.normal(size=(7, 3))]
    A = np.vstack([design(x[None, None], (3, 3)) for x in xs])
    b = np.concatenate([y.ravel() for y in ys])
    found = learn_kernel(xs, ys, 3)
    np.testing.assert_allclose(found.kernel.ravel(), np.linalg.lstsq(A, b)[0], atol=1e-12)


def test_clipped_answers_are_left_out_channel_by_channel():
    rng = np.random.default_rng(4)
    x, taps = rng.normal(size=(2, 12, 13)), rng.normal(size=(3, 2, 3, 3))
    y = np.clip(corr2d(x, taps, padding=1), -3, 3)
    found = learn_kernel(x, y, 3, padding=1, limits=(-3, 3))
    np.testing.assert_allclose(found.kernel, taps, atol=1e-12)
    assert found.clipped == (np.abs(y) == 3).sum()
    assert found.score.count == y.size - found.clipped
    A = design(x[None], (3, 3), ((1, 1), (1, 1)))
    kept = np.abs(y[1].ravel()) < 3
    noisy = np.where(np.abs(y) == 3, y, y + 0.01 * rng.normal(size=y.shape))
    found = learn_kernel(x, noisy, 3, padding=1, limits=(-3, 3))
    expected = np.linalg.lstsq(A[kept], noisy[1].ravel()[kept])[0]
    np.testing.assert_allclose(found.kernel[1].ravel(), expected, atol=1e-12)


# --- learn of corr is the identity ----------------------------------------------------------------

PADDINGS = ["valid", "same", "same-lower", "full", "causal", ((1, 2), (0, 3))]
CHANNELS = [((), ()), ((3,), ()), ((3,), (4,)), ((2, 3), (2,)), ((2, 1), (2,))]
PRODUCT = list(
    itertools.product(
        BORDERS, PADDINGS, [(1, 1), (2, 1), (3, 2)], [(1, 1), (2, 1), (1, 3)], CHANNELS, (0, 1)
    )
)


def identity(case):
    border, padding, stride, dilation, (leading, maps), bias = case
    rng = np.random.default_rng(PRODUCT.index(case))
    x = rng.normal(1, 1, (*leading, 19, 23))
    channels = leading[-1:] if maps or leading else ()
    taps = rng.normal(size=(*maps, *channels, 3, 2))
    options = {"padding": padding, "stride": stride, "dilation": dilation, "border": border}
    options["value"] = 7 if border == "constant" else 0
    offset = rng.normal(size=taps.shape[0] if taps.ndim == 4 else 1)
    y = corr2d(x, taps, bias=offset if bias else None, **options)
    found = learn_kernel(x, y, taps.shape, bias=bool(bias), **options)
    np.testing.assert_allclose(found.kernel, taps, atol=1e-9, err_msg=str(case))
    if bias:
        np.testing.assert_allclose(found.bias, offset, atol=1e-9, err_msg=str(case))
    assert found.rank == found.taps, case


def test_learn_of_corr_is_the_identity_in_a_sample_of_the_product():
    for case in random.Random(6).sample(PRODUCT, 60):
        identity(case)


@pytest.mark.full
@pytest.mark.parametrize("border", BORDERS)
def test_learn_of_corr_is_the_identity(border):
    for case in PRODUCT:
        if case[0] == border:
            identity(case)


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("size", [(3, 3), (4, 7), (9, 9)])
def test_random_kernels_are_recovered(border, size):
    rng = np.random.default_rng(sum(size))
    taps = rng.normal(size=size)
    options = {"padding": "same", "border": border, "value": 9 if border == "constant" else 0}
    picture = photograph()
    for x in (
        rng.normal(size=(40, 50)),
        picture.astype(float),
        200 + 1e-4 * rng.normal(size=(40, 50)),  # nearly flat
    ):
        found = learn_kernel(x, corr2d(x, taps, **options), size, **options)
        assert np.abs(found.kernel - taps).max() < 1e-6
    blurred = corr2d(picture, kernel("gaussian:0.7"), padding="same", border="nearest")
    found = learn_kernel(blurred, corr2d(blurred.astype(float), taps, **options), size, **options)
    assert np.abs(found.kernel - taps).max() < 1e-6
    assert found.condition > 200


@pytest.mark.parametrize("border", BORDERS)
def test_random_kernels_are_recovered_from_8_bits(border):
    rng = np.random.default_rng(2)
    taps = rng.normal(size=(5, 5))
    taps += (1 - taps.sum()) / 25
    picture = rng.integers(0, 256, (150, 160), dtype=np.uint8)
    options = {"padding": "same", "border": border, "value": 9 if border == "constant" else 0}
    y = np.clip(np.rint(corr2d(picture, taps, **options)), 0, 255).astype(np.uint8)
    found = learn_kernel(picture, y, 5, limits=(0, 255), **options)
    assert np.abs(found.kernel - taps).max() < 2e-3
    assert found.clipped == ((y == 0) | (y == 255)).sum() > 1000
    careless = learn_kernel(picture, y, 5, **options)
    assert np.abs(careless.kernel - taps).max() > 2e-3


def test_four_kernels_on_three_channels_with_stride_padding_and_bias():
    rng = np.random.default_rng(0)
    x, taps = rng.normal(size=(3, 30, 31)), rng.normal(size=(4, 3, 3, 3))
    y = corr2d(x, taps, stride=2, padding=1, bias=[1, -2, 3, 40])
    found = learn_kernel(x, y, 3, stride=2, padding=1, bias=True)
    assert found.kernel.shape == taps.shape
    assert np.abs(found.kernel - taps).max() < 1e-6
    assert np.abs(found.bias - [1, -2, 3, 40]).max() < 1e-6


def test_exact_products_of_integers():
    picture = photograph((64, 70))
    y = corr2d(picture, [[-3, 0, 2], [1, 5, 0]])
    found = learn_kernel(picture, y, (2, 3))
    np.testing.assert_allclose(found.kernel, [[-3, 0, 2], [1, 5, 0]], atol=1e-13)
    assert found.score.rmse < 1e-10


@pytest.mark.parametrize("noise", [1e-6, 1e-9, 1e-12])
def test_an_error_that_is_no_rounding_is_told(noise):
    """Down to what doubles of this size can show: it is not taken for 0."""
    rng = np.random.default_rng(5)
    x = rng.random((90, 80))
    y = corr2d(x, [[0.5, -1.0], [2.0, 0.25]])
    found = learn_kernel(x, y + rng.normal(0, noise, y.shape), 2)
    assert found.score.rmse == pytest.approx(noise, rel=0.05)


def test_the_moments_of_rows_shared_between_kernel_rows():
    """The short cut of stride 1 gives what all products would, over several runs."""
    from convcli.engine.learning.examples import Examples, Layer
    from convcli.engine.progress import finished

    rng = np.random.default_rng(0)
    x = rng.integers(0, 50, (20, 14))
    data = Examples.of(x, x[:-6, :-2]).data((4, 3), Layer(dilation=(2, 1)))
    runs = [design_matrix.Run(0, 0, 2, 3), design_matrix.Run(0, 0, 5, 14)]
    found = finished(moments.gather(data, runs))
    A = design(x[None, None] - data.shift[0], (4, 3), dilation=(2, 1)).reshape(14, 12, 12)
    rows = np.concatenate((A[2:3], A[5:14])).reshape(-1, 12)
    assert (found.gram[0] == rows.T @ rows).all()
    assert (found.sums[0] == rows.sum(0)).all()


# --- what the data do not tell ---------------------------------------------------------------------


def test_a_rank_that_is_short():
    y = corr2d(BARS, kernel("sobel-x"))
    found = learn_kernel(BARS, y, 3)
    expected = np.linalg.pinv(design(BARS[None, None], (3, 3))) @ y.ravel()
    np.testing.assert_allclose(found.kernel.ravel(), expected, atol=1e-12)
    assert found.rank == 3
    assert np.isnan(found.stderr).all()
    assert (
        "rank 3 of 9: the data fix three combinations of taps, not the taps; the minimum-norm kernel is returned"
        in sentences(found)
    )


def test_the_minimum_norm_also_where_scales_differ():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, 8, 9))
    x[1] *= 1000
    x[2] = x[1] / 500
    y = rng.normal(size=(6, 7))
    found = learn_kernel(x, y, 3)
    expected = np.linalg.pinv(design(x[None], (3, 3))) @ y.ravel()
    np.testing.assert_allclose(found.kernel.ravel(), expected, rtol=1e-9, atol=1e-12)
    assert found.rank == 18
    assert np.isnan(found.stderr).reshape(3, 9).all(1).tolist() == [False, True, True]


@pytest.mark.parametrize(("bias", "rank"), [(False, 1), (True, 0)])
@pytest.mark.parametrize("level", [1.0, 0.1, -3e7])
def test_a_constant_input(bias, rank, level):
    rng = np.random.default_rng(0)
    y = rng.normal(size=(10, 10)) + 2
    found = learn_kernel(
        np.full((10, 10), level), y, 3, padding="same", border="nearest", bias=bias
    )
    assert found.rank == rank
    mean = y.mean() - (found.bias[0] if bias else 0)
    np.testing.assert_allclose(found.kernel, mean / level / 9, atol=1e-12 / abs(level))
    assert found.score.r2 == pytest.approx(0, abs=1e-12)
    number = "no combination" if bias else "one combination"
    assert any(f"the data fix {number} of taps" in s for s in sentences(found))


def test_answers_unrelated_to_the_input():
    rng = np.random.default_rng(7)  # not the photograph's
    found = learn_kernel(photograph(), rng.normal(size=(96, 80)), 3, padding="same", bias=True)
    assert abs(found.score.r2) < 0.01
    assert "the answers are unrelated to the input, as far as a 3x3 kernel can tell" in sentences(
        found
    )


def test_constant_answers_have_no_r2():
    found = learn_kernel(photograph(), np.full((94, 78), 7.1), 3)
    assert np.isnan(found.score.r2)
    assert as_values(found)["r2"] is None
    assert "the answers are all alike: they tell little about a kernel" in sentences(found)


def test_fewer_answers_than_taps_have_no_standard_error():
    rng = np.random.default_rng(0)
    found = learn_kernel(rng.normal(size=(4, 5)), rng.normal(size=(2, 3)), 3)
    assert (found.rank, np.isnan(found.stderr).all()) == (6, True)


# --- sizes, held-out rows, what it is like ----------------------------------------------------------


def test_without_a_size_the_best_on_held_out_rows_is_taken():
    picture = photograph()
    taps = kernel("gaussian:1.02")
    y = np.rint(corr2d(picture, taps, padding="same", border="reflect")).astype(np.uint8)
    found = learn_kernel(picture, y, padding="same", border="reflect", limits=(0, 255))
    assert [trial.size for trial in found.trials] == [(k, k) for k in range(1, 16, 2)]
    assert found.kernel.shape in {(5, 5), (7, 7)}
    for trial in found.trials:
        alone = learn_kernel(
            picture, y, trial.size, padding="same", border="reflect", holdout=0.2, limits=(0, 255)
        )
        assert trial.score.rmse == pytest.approx(alone.held_out.rmse, rel=1e-6)
    sharp = corr2d(picture, kernel("sharpen"), padding="same")
    assert learn_kernel(picture, sharp, padding="same").kernel.shape == (3, 3)


def test_without_a_size_the_shapes_may_tell():
    assert learn_kernel(BARS, EDGES).kernel.tolist() == [[1.0, -1.0]]
    x = photograph((40, 41))
    found = learn_kernel(x, corr2d(x, kernel("sobel-x"), stride=2), stride=2)
    np.testing.assert_allclose(found.kernel, kernel("sobel-x"), atol=1e-9)
    with pytest.raises(ConvError, match=r"no kernel of up to 15x15 on X \(6x8\)"):
        learn_kernel(BARS, np.ones((7, 9)))


def test_held_out_rows_are_not_used():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(52, 30)), rng.normal(size=(50, 28))
    found = learn_kernel(x, y, 3, holdout=0.2)
    runs, out = design_matrix.split([design_matrix.Run(0, 0, 0, 50)], 0.2)
    kept = np.concatenate([np.arange(run.start, run.stop) for run in runs])
    held = np.setdiff1d(np.arange(50), kept)
    assert sorted(i for run in out for i in range(run.start, run.stop)) == held.tolist()
    assert 8 <= len(held) <= 12
    A = design(x[None, None], (3, 3)).reshape(50, 28, 9)
    taps = np.linalg.lstsq(A[kept].reshape(-1, 9), y[kept].ravel())[0]
    np.testing.assert_allclose(found.kernel.ravel(), taps, atol=1e-12)
    rmse = np.sqrt(np.mean((y[held] - A[held] @ taps) ** 2))
    assert found.held_out.rmse == pytest.approx(rmse)
    assert found.held_out.count == len(held) * 28


def test_names_scales_and_separability():
    picture = photograph()
    for name, text, separable in [
        ("gaussian:1.02", "gaussian:1.02, exactly", True),
        ("log:1.2", "log:1.2, exactly", False),
        ("sobel-x@45", "sobel-x@45, exactly", False),
        ("box:5x3", "box:5x3, exactly", True),
        ("gaussian:2,5", "gaussian:2,5, exactly", True),
    ]:
        taps = kernel(name)
        y = corr2d(picture.astype(float), taps, padding="same")
        found = learn_kernel(picture, y, taps.shape, padding="same")
        assert (found.nearest.text, found.separable) == (text, separable)
    y = corr2d(picture, kernel("scharr-x") / 16, padding="same")
    found = learn_kernel(picture, y, 3, padding="same")
    assert found.nearest.text.startswith("0.0625 × scharr-x, ")
    rounded = np.rint(corr2d(picture, kernel("gaussian:1"), padding="same", border="reflect"))
    found = learn_kernel(picture, rounded, 7, padding="same", border="reflect")
    assert found.nearest.name in {"gaussian:0.998", "gaussian:0.999", "gaussian:1", "gaussian:1.01"}
    assert 1e-4 < found.nearest.distance < 0.02
    assert found.separable


def test_values_are_plain():
    import json

    found = learn_kernel(BARS, corr2d(BARS, kernel("sobel-x")), 3, bias=True, holdout=0.3)
    values = json.loads(json.dumps(as_values(found), allow_nan=False))
    first = ["kernel", "bias", "r2", "rmse", "stderr", "rank"]
    assert list(values)[:6] == first
    assert values["stderr"] == [[None] * 3] * 3
    assert isinstance(values["bias"], float)
    assert {"condition", "nearest", "separable", "holdout"} < set(values)


def test_the_python_name():
    assert convcli.learn_kernel is learn_kernel


# --- errors ---------------------------------------------------------------------------------------


def with_nan(x):
    x = x.astype(float)
    x[2, 5] = np.nan
    return x


ONES = np.ones((6, 8))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: learn_kernel(ONES, ONES, (1, 2)),
            "Y is 6x8, but a 1x2 kernel on X (6x8) gives 6x7; -p same fits",
        ),
        (
            lambda: learn_kernel(ONES, ONES[1:-1, 1:-1], 3, padding="same"),
            "Y is 4x6, but a 3x3 kernel on X (6x8) gives 6x8; -p valid fits",
        ),
        (
            lambda: learn_kernel(ONES, np.ones((5, 9)), 3),
            "Y is 5x9, but a 3x3 kernel on X (6x8) gives 4x6",
        ),
        (
            lambda: learn_kernel(ONES, ONES, 9),
            "kernel 9 does not fit: it is larger than the input 6 on axis 0 (kernel 9x9, input 6x8)",
        ),
        (
            lambda: learn_kernel(np.ones((3, 6, 8)), np.ones((2, 6, 8)), (2, 4, 3, 3), padding=1),
            "channels do not match: the input has 3, the kernel takes 4 (input 3x6x8, kernel 2x4x3x3)",
        ),
        (
            lambda: learn_kernel(ONES, with_nan(ONES), 1),
            "Y: got 1 of 48 values that are not finite (the first at [2, 5]), numbers are needed",
        ),
        (
            lambda: learn_kernel([ONES, with_nan(ONES)], [ONES, ONES], 1),
            "X 2: got 1 of 48 values that are not finite (the first at [2, 5]), numbers are needed",
        ),
        (
            lambda: learn_kernel([ONES], [ONES, ONES], 1),
            "got 1 inputs and 2 answers, one answer an input is needed",
        ),
        (
            lambda: learn_kernel(np.ones(5), ONES, 1),
            "X: got shape 5, a non-empty array of 2 to 4 dimensions is needed: "
            "numpy.reshape(a, (1, -1)) makes it one row",
        ),
        (
            lambda: learn_kernel(ONES * 1j, ONES, 1),
            "X: got dtype complex128, integers or floats of at most 64 bits are needed",
        ),
        (
            lambda: learn_kernel(ONES, ONES, 1, limits=(0, 1)),
            "Y: every value of a channel is 0 or 1, which counts as clipped: none is left to learn from; "
            "an array of the values before clipping tells more",
        ),
        (
            lambda: learn_kernel(ONES, ONES, 1, method="lsq"),
            "unknown method 'lsq', did you mean 'lstsq'? known: lstsq, sgd",
        ),
        (
            lambda: learn_kernel(ONES, ONES, (1, 1, 1, 1, 1)),
            "size: got 1x1x1x1x1, KHxKW, CxKHxKW or OxCxKHxKW is allowed",
        ),
        (
            lambda: learn_kernel(ONES, ONES, 1, holdout=1),
            "holdout: got 1, a share from 0 to below 1 is needed",
        ),
        (
            lambda: learn_kernel(ONES[:1], ONES[:1], 1, holdout=0.5),
            "holdout: got 0.5 of 1 row, at least one row has to be held out and one has to be left",
        ),
        (
            lambda: learn_kernel(ONES, ONES, 1, ridge=-1),
            "ridge: got -1, a number of at least 0 is needed",
        ),
        (
            lambda: learn_kernel(ONES, ONES, 1, method="sgd", momentum=1),
            "momentum: got 1, 0 to below 1 is allowed",
        ),
        (
            lambda: learn_kernel(ONES, ONES, 1, method="sgd", lr=0),
            "lr: got 0, a number above 0 is needed",
        ),
        (
            lambda: learn_kernel(ONES, ONES, 1, method="sgd", steps=0),
            "steps: got 0, a whole number of at least 1 is needed",
        ),
        (
            lambda: learn_kernel(BARS, EDGES, (1, 2), method="sgd", lr=0.5),
            "lr: got 0.5, with which the loss grew from 12 to 1.17e+08 by step 6; lower it to 0.0333 or less",
        ),
    ],
)
def test_errors(call, message):
    with pytest.raises(ConvError) as caught:
        call()
    assert str(caught.value) == message


@pytest.mark.parametrize("scale", [1, -1, 2.5, -0.3])
@pytest.mark.parametrize("name", KERNELS)
def test_a_multiple_of_either_sign_is_called_by_its_name(name, scale):
    found = nearest(kernel(name) * scale)
    assert found.name.split(":")[0] == name
    assert found.scale == pytest.approx(scale)
    assert found.distance < 1e-6


def test_the_outline_kernel_is_the_negative_of_a_laplacian():
    assert nearest(np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]])).text == (
        "-1 × laplacian:4, exactly"
    )
    outline = nearest(np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]))
    assert (outline.name, outline.scale) == ("laplacian:8", -1)
    assert nearest(kernel("kirsch@135")).text == "kirsch@135, exactly"
