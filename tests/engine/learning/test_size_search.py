"""Which sizes are tried when none is given, what each is worth on rows it has not seen, and which is taken."""

import numpy as np
import pytest

from convcli import ConvError, corr2d, learn_kernel
from convcli.engine.learning import Score, Trial, learning
from convcli.engine.learning.design_matrix import Run, split
from convcli.engine.learning.examples import Examples, Layer, sizes_that_fit
from convcli.engine.learning.size_search import best_size
from convcli.engine.progress import Note


def noted(x, y, **layer):
    """What is told before sizes are tried."""
    first = next(learning(Examples.of(x, y), None, Layer(**layer)))
    return first.text if isinstance(first, Note) else None


def test_that_no_other_size_than_1x1_fits_is_noted():
    x = np.random.default_rng(0).integers(0, 256, (20, 21))
    note = "only a 1x1 kernel gives answers of this size without padding; -p same allows others"
    assert noted(x, 2.0 * x) == note
    assert noted(x, 2.0 * x, padding="same") is None
    assert noted(x, x[1:] - 1.0 * x[:-1]) is None
    assert noted(x, x[:, 1:] - 1.0 * x[:, :-1]) is None


@pytest.mark.parametrize(
    ("x", "y", "layer", "sizes"),
    [
        ((20, 20), (20, 20), {"padding": "same"}, [(k, k) for k in range(1, 16, 2)]),
        ((5, 7), (5, 7), {"padding": "same"}, [(1, 1), (3, 3), (5, 5)]),
        ((9, 20), (9, 20), {"padding": "same", "dilation": 3}, [(1, 1), (3, 3)]),
        ((10, 20), (10, 20), {"padding": "same", "dilation": (3, 1)}, [(1, 1), (3, 3)]),
        ((20, 20), (10, 10), {"padding": 1, "stride": 2}, [(3, 3)]),
        ((20, 20), (19, 17), {}, [(2, 4)]),
        ((21, 20), (9, 9), {"stride": 2}, [(5, 3)]),
        ((20, 20), (6, 6), {}, [(15, 15)]),
        # as they are larger than the input, only where no other fits
        ((5, 5), (2, 2), {"padding": 2, "stride": 2}, [(6, 6), (7, 7)]),
        ((4, 4), (1, 1), {"padding": 1, "stride": 3}, [(4, 4)]),
        ((4, 4), (1, 1), {"padding": 1, "stride": 4}, [(3, 3)]),
    ],
)
def test_the_sizes_that_are_tried(x, y, layer, sizes):
    assert sizes_that_fit(Examples.of(np.ones(x), np.ones(y)), Layer(**layer)) == sizes


@pytest.mark.parametrize(
    "options",
    [
        {"padding": "same"},
        {"padding": "same-lower", "bias": True},
        {"padding": "causal", "holdout": 0.4},
        {"padding": "same", "dilation": 2},
        {"padding": "same", "dilation": (3, 1), "ridge": 3.0},
        {"padding": "same", "stride": 3, "bias": True},
        {"padding": "same", "stride": 2, "limits": (-8, 9)},
    ],
)
def test_each_size_is_measured_as_if_it_were_tried_alone(options):
    rng = np.random.default_rng(5)
    xs = [rng.normal(size=size) for size in ((14, 6), (7, 13), (12, 9))]
    layer = {k: v for k, v in options.items() if k in ("padding", "stride", "dilation")}
    ys = [corr2d(x, rng.normal(size=(3, 3)), **layer) + rng.normal(size=1) for x in xs]
    ys = [np.clip(y, *options.get("limits", (-99, 99))) for y in ys]
    found = learn_kernel(xs, ys, **options)
    assert len(found.trials) > 1
    for trial in found.trials:
        alone = learn_kernel(xs, ys, trial.size, **{"holdout": 0.2, **options})
        assert trial.taps == trial.size[0] * trial.size[1]
        assert trial.score.rmse == pytest.approx(alone.held_out.rmse, rel=1e-6)
        assert trial.score.r2 == pytest.approx(alone.held_out.r2, rel=1e-6)
        assert trial.score.count == alone.held_out.count
    assert found.kernel.shape == best_size(found.trials)
    assert (found.held_out is None) == ("holdout" not in options)


@pytest.mark.parametrize(
    ("side", "sizes"),
    [
        (2, [(1, 1)]),  # of two answers one is held out
        (4, [(1, 1)]),  # 8 to learn from, for 9 taps
        (5, [(1, 1), (3, 3)]),
        (8, [(1, 1), (3, 3), (5, 5)]),
    ],
)
def test_no_more_taps_are_tried_than_there_are_answers_to_learn_from(side, sizes):
    x = np.random.default_rng(0).normal(size=(side, side))
    assert [t.size for t in learn_kernel(x, x, padding="same", holdout=0.5).trials] == sizes


def trial(size, rmse):
    return Trial((size, size), size**2, Score(0.5, rmse, 90, 2.0))


@pytest.mark.parametrize(
    ("errors", "best"),
    [
        ({1: 0.5, 3: 0.25, 5: 0.2, 7: 0.3}, 5),
        ({1: 0.5, 3: 0.2, 5: 0.2}, 3),
        # a millionth of the deviation, which is 2, is rounding: of these the smallest
        ({1: 0.5, 3: 1.9e-6, 5: 1e-9, 7: 0.0}, 3),
        ({1: 0.5, 3: 2.1e-6, 5: 1e-9, 7: 0.0}, 5),
        ({1: 0.5}, 1),
    ],
)
def test_the_least_error_is_taken_and_of_errors_that_are_but_rounding_the_smallest_size(
    errors, best
):
    assert best_size([trial(size, rmse) for size, rmse in errors.items()]) == (best, best)


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 0.8, 0.95])
@pytest.mark.parametrize("total", [20, 64, 400])
def test_rows_are_held_out_in_blocks_that_are_spread_evenly(share, total):
    runs = [Run(0, 0, 0, total), Run(0, 1, 3, 3 + total), Run(1, 0, 0, total)]
    kept, out = split(runs, share)
    rows = [
        [(r.pair, r.image, i) for r in part for i in range(r.start, r.stop)] for part in (kept, out)
    ]
    assert sorted(rows[0] + rows[1]) == [
        (r.pair, r.image, i) for r in runs for i in range(r.start, r.stop)
    ]
    assert len(rows[1]) == pytest.approx(share * 3 * total, abs=16)
    # what is rarer stands in blocks of at most 16, and each image has its share of them
    rare = out if share <= 0.5 else kept
    assert max(run.rows for run in rare) <= 16 * (1 + (share == 0.5))
    for run in runs:
        own = sum(r.rows for r in out if (r.pair, r.image) == (run.pair, run.image))
        assert own == pytest.approx(share * total, abs=17)
    for part in (kept, out):
        ends = {(r.pair, r.image, r.stop) for r in part}
        assert not any((r.pair, r.image, r.start) in ends for r in part)  # what touches is joined


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("heights", [[20] * 6, [17, 30, 5, 18], [33] * 9])
def test_blocks_that_an_image_cuts_short_are_no_blocks_more(share, heights):
    """Rows are counted, not blocks: pictures of 20 rows have one of 16 and one of 4."""
    _, out = split([Run(0, i, 0, height) for i, height in enumerate(heights)], share)
    held, total = sum(run.rows for run in out), sum(heights)
    assert held == pytest.approx(share * total, abs=16 / 2)


def test_nothing_is_held_out_unless_asked_for_and_one_row_is_left_at_least():
    runs = [Run(0, 0, 0, 5), Run(0, 1, 2, 4)]
    assert split(runs, 0) == (runs, [])
    for rows, share in ((1, 0.5), (2, 0.1), (2, 0.9)):
        with pytest.raises(
            ConvError, match=rf"^holdout: got {share} of {rows} rows?, at least one row"
        ):
            split([Run(0, 0, 0, rows)], share)
    kept, out = split([Run(0, 0, 0, 2)], 0.5)
    assert (len(kept), len(out)) == (1, 1)
