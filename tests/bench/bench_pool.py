"""Rank filters, erosion and sums of 2048², against scipy.ndimage and OpenCV, all with the border that repeats the edge."""

from collections.abc import Iterator

import numpy as np

from convcli import pool2d
from tests.bench.pairs import Case

SIDE = 2048


def cases() -> Iterator[Case]:
    import cv2
    from scipy import ndimage

    rng = np.random.default_rng(0)
    noise = rng.normal(128, 40, (SIDE, SIDE)).clip(0, 255)
    given = {"stride": 1, "padding": "same", "border": "reflect"}
    for dtype in (np.uint8, np.float32):
        x, name = noise.astype(dtype), np.dtype(dtype).name
        for k in (3, 5, 9, 15, 31):

            def ours(x=x, k=k) -> None:
                pool2d(x, k, mode="median", **given)

            def scipys(x=x, k=k) -> None:
                ndimage.median_filter(x, k)

            title = f"median {SIDE}², k {k}, {name}"
            if k < 31:  # a minute a time
                yield Case(title, ours, "scipy.ndimage", scipys, 1, 5 if k < 9 else 3)
            if dtype == np.uint8 or k < 7:

                def opencvs(x=x, k=k) -> None:
                    cv2.medianBlur(x, k)

                yield Case(title, ours, "OpenCV", opencvs, None, 5)
        for k in (3, 15):
            size = np.ones((k, k), np.uint8)

            def eroded(x=x, k=k) -> None:
                pool2d(x, k, mode="min", **given)

            def scipys_eroded(x=x, k=k) -> None:
                ndimage.minimum_filter(x, k)

            def opencvs_eroded(x=x, size=size) -> None:
                cv2.erode(x, size)

            title = f"min {SIDE}², k {k}, {name}"
            yield Case(title, eroded, "scipy.ndimage", scipys_eroded, 1, 9)
            yield Case(title, eroded, "OpenCV", opencvs_eroded, None, 9)

        disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))

        def of_disk(x=x) -> None:
            pool2d(x, 9, mode="min", footprint="disk", **given)

        def scipys_disk(x=x, disk=disk) -> None:
            ndimage.minimum_filter(x, footprint=disk)

        yield Case(f"min of a disk {SIDE}², k 9, {name}", of_disk, "scipy.ndimage", scipys_disk, 1, 3)  # fmt: skip
