"""Make the derived samples again: `python samples/make.py`. coffee.png and camera.png are what they are made from.

digits.csv.gz is an original too; README.md says where it is from.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import convcli
from convcli.engine.edges import DETECTORS
from convcli.engine.grey import grey
from convcli.engine.ranges import to_samples

HERE = Path(__file__).parent


def halved(planes: np.ndarray) -> np.ndarray:
    """Mean of each 2x2 block of (..., H, W), as float64."""
    *lead, height, width = planes.shape
    return planes.reshape(*lead, height // 2, 2, width // 2, 2).mean(axis=(-3, -1))


def main() -> None:
    """Write coffee-grey16.png, coffee-cutout.png, bars.png and the arrays of the chapter."""
    coffee = np.moveaxis(np.asarray(Image.open(HERE / "coffee.png")), 2, 0)
    half = halved(coffee)

    # 16 bits that no 8 would hold: block means of the Rec. 709 grey, 255 becoming 65535
    grey = np.tensordot([0.2125, 0.7154, 0.0721], half, axes=1)
    Image.fromarray(np.rint(grey * 257).astype(np.uint16)).save(
        HERE / "coffee-grey16.png", optimize=True
    )

    # the saucer, cut out by an ellipse whose edge is 3 pixels soft
    y, x = np.mgrid[: half.shape[1], : half.shape[2]]
    reach = np.hypot((x - 139) / 102, (y - 101) / 94)
    alpha = np.clip((1 - reach) * 100 / 3 + 0.5, 0, 1) * 255
    rgba = np.concatenate([half, alpha[np.newaxis]])
    Image.fromarray(np.moveaxis(np.rint(rgba).astype(np.uint8), 0, 2).copy()).save(
        HERE / "coffee-cutout.png", optimize=True
    )

    bars = np.ones((6, 8), dtype=np.uint8)
    bars[:, 2:6] = 0
    Image.fromarray(bars * 255).save(HERE / "bars.png", optimize=True)
    for name, array in (
        ("matrix", np.arange(9).reshape(3, 3)),
        ("kernel", np.arange(4).reshape(2, 2)),
        ("bars", bars),
    ):
        np.savetxt(HERE / f"{name}.csv", array, fmt="%d", delimiter=",")


def figures() -> None:
    """Write the figures of the chapter and of the guide, each by the call that its page shows."""
    import re
    import shlex
    from contextlib import redirect_stdout
    from os import chdir, devnull

    from convcli.cli import run

    chdir(HERE)
    (HERE / "figures").mkdir(exist_ok=True)
    for page in ("guide/figures.md", "chapter.md"):
        for call in re.findall(r"^\$ convcli (.*)", (HERE / page).read_text(), re.MULTILINE):
            made = re.search(r"--draw ([\w.-]+)|^net draw .*-o ([\w.-]+)$", call)
            kept = re.search(r"-o (x|k|x3)\.npy", call)  # what the calls of the chapter read
            if not made and not kept:
                continue
            with Path(devnull).open("w") as nowhere, redirect_stdout(nowhere):
                option = "-o " if call.startswith("net draw") else "--draw "
                run([*shlex.split(call.replace(option, f"{option}figures/")), "-f"])
    for left in ("x.npy", "k.npy", "x3.npy", "y2.npy"):
        (HERE / left).unlink(missing_ok=True)


def shown(x: np.ndarray, method: str) -> Image.Image:
    """What `convcli edge -m METHOD` writes."""
    answer = convcli.edges(x, method, padding="same", border="reflect")
    values = answer * 255.0 if answer.dtype == bool else answer
    return Image.fromarray(to_samples(values, np.uint8, "abs")[0]).convert("RGB")


def sheets() -> None:
    """Write the README's pictures: a photograph beside its edges, and every detector at its defaults."""
    coffee = Image.open(HERE / "coffee.png").convert("RGB")
    x = grey(np.moveaxis(np.asarray(coffee), 2, 0))
    pair = Image.new("RGB", (2 * coffee.width, coffee.height))
    pair.paste(coffee, (0, 0))
    pair.paste(shown(x, "sobel"), (coffee.width, 0))
    pair.resize((1000, 1000 * pair.height // pair.width)).save(HERE / "coffee-and-edges.png")

    camera = np.asarray(Image.open(HERE / "camera.png"))[40:296, 96:352]
    cell, across = 256, 5
    down = -(-len(DETECTORS) // across)
    sheet = Image.new("RGB", (across * cell, down * (cell + 24)), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(16)
    for i, name in enumerate(DETECTORS):
        left, top = i % across * cell, i // across * (cell + 24)
        sheet.paste(shown(camera, name), (left, top))
        pen.text((left + 8, top + cell + 3), name, "black", font)
    sheet.save(HERE / "detectors.png", optimize=True)


if __name__ == "__main__":
    main()
    sheets()
    figures()
