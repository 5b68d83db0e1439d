import io

import numpy as np
import pytest
from PIL import Image

from convcli.files.sniff import HEAD, picture_format, sniff


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM"])
@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_pictures(format, mode):
    file = io.BytesIO()
    Image.new(mode, (300, 200)).save(file, format)
    head = file.getvalue()[:HEAD]
    assert picture_format(head) == format
    assert sniff(head) == "picture"


def test_arrays_and_texts():
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    assert sniff(file.getvalue()[:HEAD]) == "npy"
    file = io.BytesIO()
    np.savez(file, np.zeros(3))
    assert sniff(file.getvalue()[:HEAD]) == "npz"
    for text in (
        b"",
        b"1,2\n",
        b"P1,P2\n",
        b"BMI,age\n22,31\n40,1",
        b"GIF,1",
        b"PK,1",
        b"RIFF,1,2,3",
        b"II,1",
    ):
        assert sniff(text[:HEAD]) is None
