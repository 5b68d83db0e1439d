"""A descent step by step: what is accepted, which rows a step sees, when it ends, and the rates that are told."""

import numpy as np
import pytest

from convcli import ConvError, corr2d, learn_kernel
from convcli.engine.learning import learning
from convcli.engine.learning.design_matrix import Run
from convcli.engine.learning.examples import Examples, Layer
from convcli.engine.learning.gradient_descent import Descent, DivergedError, batches, stable_text
from convcli.engine.progress import Progress, finished

BARS = np.array([[1, 1, 0, 0, 0, 0, 1, 1]] * 6)
EDGES = corr2d(BARS, [[1, -1]])


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (2, "1.99"),
        (1 / 3, "0.333"),
        (2 / 3, "0.666"),
        (1.0, "0.99"),
        (0.0999999, "0.099"),
        (0.001, "0.00099"),
        (1.235e-9, "1.23e-09"),
        (98765.0, "98700"),
    ],
)
def test_a_stable_rate_is_stable_as_it_is_written(rate, text):
    assert stable_text(rate) == text
    assert 0.985 * rate <= float(stable_text(rate)) < rate


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"lr": 0}, "lr: got 0, a number above 0 is needed"),
        ({"lr": -0.5}, "lr: got -0.5, a number above 0 is needed"),
        ({"lr": np.inf}, "lr: got inf, a number above 0 is needed"),
        ({"momentum": -0.1}, "momentum: got -0.1, 0 to below 1 is allowed"),
        ({"momentum": 1}, "momentum: got 1, 0 to below 1 is allowed"),
        ({"steps": 0}, "steps: got 0, a whole number of at least 1 is needed"),
        ({"batch": 0}, "batch: got 0, a whole number of at least 1 is needed"),
        ({"seed": -1}, "seed: got -1, a whole number of at least 0 is needed"),
        ({"ridge": 0.5}, "ridge: got it with method sgd, only lstsq has it"),
    ],
)
def test_numbers_out_of_range(given, message):
    with pytest.raises(ConvError) as caught:
        learn_kernel(BARS, EDGES, (1, 2), method="sgd", **given)
    assert (str(caught.value), caught.value.usage) == (message, True)


def test_the_least_numbers_are_accepted():
    found = learn_kernel(
        BARS, EDGES, (1, 2), method="sgd", steps=1, momentum=0, batch=1, seed=0, lr=1e-300, ridge=0
    )
    assert (len(found.losses), found.rate, found.method) == (1, 1e-300, "sgd")


def test_a_batch_is_rows_that_follow_each_other_of_one_image():
    runs = [Run(0, 0, 2, 9), Run(0, 1, 0, 3), Run(1, 0, 4, 8)]
    assert batches(runs, None) == [runs]
    assert batches(runs, 3) == [
        *([Run(0, 0, 2, 5)], [Run(0, 0, 5, 8)], [Run(0, 0, 8, 9)]),
        *([Run(0, 1, 0, 3)], [Run(1, 0, 4, 7)], [Run(1, 0, 7, 8)]),
    ]


def test_every_epoch_has_an_order_of_its_own_and_each_batch_once():
    y = 2.0 ** np.arange(8)[:, None] * np.ones((8, 3))  # the loss of a batch names it
    options = {"method": "sgd", "lr": 1e-30, "batch": 1, "steps": 24}
    x = np.ones((8, 3))
    seen = np.log2(np.array(learn_kernel(x, y, 1, **options).losses) / 3) / 2
    assert np.rint(seen).tolist() == list(range(8)) * 3
    mixed = np.log2(np.array(learn_kernel(x, y, 1, seed=4, **options).losses) / 3) / 2
    epochs = np.rint(mixed).reshape(3, 8)
    assert (np.sort(epochs, axis=1) == np.arange(8)).all()
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_without_a_rate_half_of_the_largest_stable_one_is_taken():
    found = learn_kernel(BARS, EDGES, (1, 2), method="sgd", momentum=0.5)
    assert found.rate == pytest.approx(found.stable_rate / 2)
    assert found.stable_rate == pytest.approx(
        1.5 / 30
    )  # the windows' products: [[18, 12], [12, 18]]
    assert len(found.losses) == 20
    nothing = learn_kernel(BARS * 0, EDGES, (1, 2), method="sgd")
    assert (nothing.rate, nothing.stable_rate) == (1.0, np.inf)
    assert set(nothing.losses) == {12.0}


def test_a_step_tells_how_far_it_is_and_may_be_the_last():
    done = []
    work = learning(
        Examples.of(BARS, EDGES),
        (1, 2),
        Layer(),
        method="sgd",
        descent=Descent(0.01, 9),
        stop=lambda: len(done) == 4,
    )
    steps = []

    def told():
        for record in work:
            if isinstance(record, Progress) and record.stage == "descending":
                done.append(record)
                steps.append((record.done, record.total))
            yield record

    finished(told())
    assert steps == [(1, 9), (2, 9), (3, 9), (4, 9)]
    assert done[0].loss == 12
    assert [r.loss for r in done] == sorted((r.loss for r in done), reverse=True)


def test_a_loss_that_grows_a_million_times_ends_the_descent_with_its_losses():
    with pytest.raises(DivergedError, match=r"grew from 12 to \S+ by step (\d+);") as caught:
        learn_kernel(BARS, EDGES, (1, 2), method="sgd", lr=0.2, steps=100)
    *before, last = caught.value.losses
    assert max(before) <= 12e6 < last
    assert f"by step {len(before) + 1};" in str(caught.value)
