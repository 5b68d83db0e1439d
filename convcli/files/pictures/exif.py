"""What a camera says of a picture (EXIF): read with it, and carried to the result as far as that is true of it."""

from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from convcli.files.pictures.picture import Picture

if TYPE_CHECKING:
    from PIL import ImageFile

__all__ = ["carried", "loaded", "read_exif"]

_CAMERA, _PLACE = 0x8769, 0x8825
"""What points to tags of their own: of the camera, and of the place."""

_TITLES = (271, 272, 306, 315, 33432)
"""Of a TIFF's tags those that say who took the picture, by what and when; the others say how the file is made."""

_OF_THE_FILE = (256, 257, 274)
"""Width, height and orientation: the file says the first two, and the samples are upright."""

_SIDES = {40962: 1, 40963: 0}
"""Width and height once more, among the camera's tags; by axis."""


def read_exif(image: "ImageFile.ImageFile") -> bytes | None:
    """Return the EXIF of an open picture, None where there is none; a TIFF's is put together of its tags."""
    if image.format != "TIFF":
        data = image.info.get("exif")
        return data if isinstance(data, bytes) and data else None
    with suppress(Exception):  # broken tags are no reason to refuse the samples
        tags, found = image.getexif(), _empty()
        found.update({tag: tags[tag] for tag in _TITLES if tag in tags})
        _keep_letters(found)
        own = {tag: tags.get_ifd(tag) for tag in (_CAMERA, _PLACE) if tag in tags}
        for tag, held in own.items():
            found.get_ifd(tag).update(held)
        return found.tobytes() if found or own else None
    return None


def carried(picture: Picture) -> bytes:
    """Return a picture's EXIF for a file of it: upright, of its size, without the small picture of what it was.

    Nothing, where there is none or it cannot be read.
    """
    return _carried(picture.exif, picture.size) if picture.exif else b""


@lru_cache(4)
def _carried(exif: bytes, size: tuple[int, int]) -> bytes:
    """Compute it once for who writes the file and for who tells what it lacks."""
    with suppress(Exception):
        tags = loaded(exif)
        for tag in _OF_THE_FILE:
            if tag in tags:
                del tags[tag]
        camera = tags.get_ifd(_CAMERA) if _CAMERA in tags else {}
        for tag, axis in _SIDES.items():
            if tag in camera:
                camera[tag] = size[axis]
        data: bytes = tags.tobytes()
        return data
    return b""


def loaded(exif: bytes) -> Any:
    """Return EXIF as Pillow's writers take it, letters beyond ASCII as bytes: for those it would write "?"."""
    tags = _empty()
    tags.load(exif)
    _keep_letters(tags)
    if _CAMERA in tags:
        _keep_letters(tags.get_ifd(_CAMERA))
    return tags


def _keep_letters(tags: Any) -> None:
    for tag, value in list(tags.items()):
        if isinstance(value, str) and not value.isascii():
            tags[tag] = value.encode("latin-1")  # each letter is a byte of the file


def _empty() -> Any:
    return import_module("PIL.Image").Exif()  # not at the top: most of what is written has none
