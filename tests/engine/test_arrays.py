"""Arrays as callers give them: what is taken, and which floats answer."""

import numpy as np
import pytest

from convcli.engine.arrays import as_array, check_numbers, check_planes, float_dtype
from convcli.engine.errors import ConvError

NARROW = ["bool", "int8", "uint8", "int16", "uint16", "float16", "float32"]
WIDE = ["int32", "uint32", "int64", "uint64", "float64"]


@pytest.mark.parametrize("name", NARROW + WIDE)
def test_numbers_of_at_most_64_bits_are_taken(name):
    check_planes("input", np.ones((2, 3), name))
    assert float_dtype(np.dtype(name)) == (np.float32 if name in NARROW else np.float64)


@pytest.mark.parametrize("dtype", ["complex64", "O", "U3", "S3", "M8[s]", "V4"])
def test_what_are_no_numbers_is_refused(dtype):
    given = np.empty((2, 3), dtype)
    with pytest.raises(ConvError, match=r"input: got dtype .*, integers or floats of at most 64"):
        check_numbers("input", given)
    with pytest.raises(ConvError, match="input: got dtype"):
        check_planes("input", given)


def test_rows_of_different_lengths_are_no_array():
    with pytest.raises(ConvError) as caught:
        as_array("kernel", [[1, 2], [3]])
    assert str(caught.value) == "kernel: got rows of different lengths, an array is needed"
    given = np.ones(3)
    assert as_array("kernel", given) is given
