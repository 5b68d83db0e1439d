"""What is said of a kernel that was learned, of fits that are written down here: which sentence, when, and with which numbers."""

import math

import numpy as np
import pytest

from convcli.engine.learning import Learned, Score, Trial
from convcli.engine.learning.nearest_kernel import Likeness
from convcli.engine.learning.report import as_values, sentences

NAN, INF = math.nan, math.inf


def learned(**what):
    """A fit of which there is little to say, but for what is told."""
    found = {
        "kernel": np.array([[1.0, 2.0], [3.0, 4.0]]),
        "bias": None,
        "score": Score(0.5, 0.25, 90, 0.75),
        "held_out": None,
        "stderr": np.zeros((2, 2)),
        "rank": 4,
        "taps": 4,
        "condition": 12.3456,
        "nearest": None,
        "separable": False,
        "clipped": 0,
        "method": "lstsq",
        "ridge": 0.0,
    }
    return Learned(**{**found, **what})


def scored(r2):
    return Score(r2, 0.25, 90, 0.75)


LITTLE = ["R² 0.5000, RMSE 0.25", "rank 4 of 4, condition 12.3"]


def test_of_a_plain_fit_little_is_said():
    assert sentences(learned()) == LITTLE


@pytest.mark.parametrize(
    ("r2", "text"),
    [
        (0.123456, "0.1235"),
        (0.99985, "0.9999"),
        (0.99996, "0.999960"),
        (0.9999999, "0.99999990"),
        (1 - 1e-9, "0.9999999990"),
        (1 - 1e-12, "0.999999999999"),
        (1 - 1e-13, "1"),
        (1.0, "1"),
        (NAN, "undefined"),
    ],
)
def test_only_a_perfect_fit_is_called_1(r2, text):
    said = sentences(learned(score=scored(r2), held_out=scored(r2)))
    assert said[:2] == [f"R² {text}, RMSE 0.25", f"R² {text}, RMSE 0.25 on rows not used"]


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ({"bias": np.array([5, 1 / 3, -2e9])}, "bias 5, 0.333333, -2e+09"),
        ({"score": scored(NAN)}, "the answers are all alike: they tell little about a kernel"),
        (
            {"score": scored(-0.06)},
            "worse than a constant: the answers have an offset, --bias fits it",
        ),
        ({"clipped": 1}, "1 answer is clipped and was left out"),
        ({"clipped": 2345}, "2,345 answers are clipped and were left out"),
        ({"stderr": np.array([[0.011, 0.0126], [0, NAN]])}, "standard error of a tap 0.013 at most"),
        ({"nearest": Likeness("box", 1, 0.0499)}, "like box, within 5 %"),
        ({"nearest": Likeness("box", 0.5, 0.0)}, "like 0.5 × box, exactly"),
        ({"separable": True}, "separable: a column times a row"),
    ],
)  # fmt: skip
def test_what_there_is_to_say_is_said_and_nothing_else(what, sentence):
    found = sentences(learned(**what))
    assert [s for s in found if s not in LITTLE and not s.startswith("R²")] == [sentence]


@pytest.mark.parametrize(
    "what",
    [
        {"score": Score(0.5, 0.25, 90, 0.75), "stderr": np.full((2, 2), NAN)},
        {"stderr": np.ones((2, 2)), "method": "sgd"},
        {"nearest": Likeness("box", 1, 0.0501)},
        {"separable": True, "kernel": np.array([[1.0, 2.0, 3.0, 4.0]])},
        {"separable": True, "kernel": np.array([[1.0], [2.0]])},
        {"separable": True, "kernel": np.zeros((2, 2))},
    ],
)
def test_what_would_mislead_is_not_said(what):
    assert sentences(learned(**what)) == LITTLE


@pytest.mark.parametrize(
    ("r2", "bias", "said"),
    [
        (0.051, None, False),
        (0.049, None, True),
        (-0.049, None, True),
        (-0.051, np.array([1.0]), True),
        (-0.051, None, False),
    ],
)
def test_answers_that_a_kernel_explains_too_little_of_are_called_unrelated(r2, bias, said):
    found = sentences(learned(score=scored(r2), bias=bias, kernel=np.ones((3, 2, 4, 5))))
    expected = "the answers are unrelated to the input, as far as a 4x5 kernel can tell"
    assert (expected in found) == said


@pytest.mark.parametrize(
    ("rank", "what", "words"),
    [
        (0, {}, "no combination of taps, not the taps; the minimum-norm kernel is returned"),
        (1, {}, "one combination of taps, not the taps; the minimum-norm kernel is returned"),
        (2, {"ridge": 0.1}, "two combinations of taps, not the taps; the ridge decides the rest"),
        (12, {}, "twelve combinations of taps, not the taps; the minimum-norm kernel is returned"),
        (
            13,
            {"method": "sgd"},
            "13 combinations of taps, not the taps; descent leaves the rest where it began",
        ),
    ],
)
def test_a_short_rank_is_told_with_what_becomes_of_the_rest(rank, what, words):
    found = sentences(learned(rank=rank, taps=14, **what))
    assert found == [LITTLE[0], f"rank {rank} of 14: the data fix {words}"]


def test_a_descent_tells_its_losses_and_its_rate():
    found = sentences(
        learned(method="sgd", losses=(12.0, 7.5, 0.0333333), rate=0.0125, stable_rate=0.025)
    )
    assert found == [
        *LITTLE,
        "loss 12 before step 1, 0.03333 before step 3",
        "rate 0.0125, stable below 0.025",
    ]


def test_values_are_those_of_the_fit_and_what_is_no_number_is_none():
    found = learned(
        score=Score(NAN, 0.25, 90, 0.0),
        held_out=Score(0.75, 0.5, 8, 1.0),
        stderr=np.array([[0.5, NAN], [INF, 0.0]]),
        rank=3,
        condition=NAN,
        nearest=Likeness("box:2", -0.5, 0.25),
        clipped=7,
        method="sgd",
        losses=(3.0, 1.0),
        rate=0.5,
        stable_rate=INF,
        trials=(Trial((1, 2), 2, Score(NAN, 0.125, 8, 1.0)), Trial((3, 4), 12, scored(0.5))),
    )
    assert as_values(found) == {
        "kernel": [[1, 2], [3, 4]],
        "bias": None,
        "r2": None,
        "rmse": 0.25,
        "stderr": [[0.5, None], [None, 0.0]],
        "rank": 3,
        "taps": 4,
        "condition": None,
        "nearest": {"name": "box:2", "scale": -0.5, "distance": 0.25},
        "separable": False,
        "clipped": 7,
        "holdout": {"r2": 0.75, "rmse": 0.5, "count": 8},
        "method": "sgd",
        "rate": 0.5,
        "stable_rate": None,
        "losses": [3.0, 1.0],
        "tried": [
            {"size": [1, 2], "r2": None, "rmse": 0.125},
            {"size": [3, 4], "r2": 0.5, "rmse": 0.25},
        ],
    }


@pytest.mark.parametrize(
    ("shape", "bias", "value"),
    [((2, 2), [1.5], 1.5), ((3, 2, 2), [1.5], 1.5), ((2, 3, 2, 2), [1.5, 2], [1.5, 2])],
)
def test_a_bias_is_one_number_unless_there_are_several_answer_channels(shape, bias, value):
    found = learned(kernel=np.ones(shape), bias=np.array(bias))
    assert as_values(found)["bias"] == value
    assert as_values(learned())["nearest"] is as_values(learned())["holdout"] is None
