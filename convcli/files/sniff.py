"""What a file is, by its first bytes."""

from typing import Literal

__all__ = ["HEAD", "PICTURE_SUFFIXES", "picture_format", "sniff"]

HEAD = 16
"""So many first bytes are enough."""

PICTURE_SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".webp", ".tif", ".tiff", ".bmp", ".gif"),
    *(".pbm", ".pgm", ".ppm", ".pnm"),
)
"""What the names of pictures end with: a file of such a name that is none is not read as text."""

_PICTURES: dict[str, tuple[bytes, ...]] = {
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "JPEG": (b"\xff\xd8\xff",),
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "GIF": (b"GIF87a", b"GIF89a"),
}


def picture_format(head: bytes) -> str | None:
    r"""Name the picture format that these first bytes belong to, as Pillow does, or return None.

    >>> picture_format(b"\x89PNG\r\n\x1a\n"), picture_format(b"1,2,3")
    ('PNG', None)
    """
    for name, starts in _PICTURES.items():
        if head.startswith(starts):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if (
        head[:1] == b"P"
        and head[1:2] in b"123456"
        and head[2:3] in (b" ", b"\t", b"\n", b"\r", b"#")
    ):
        return "PPM"
    # two letters are little: a text may start with BM, so the reserved words and the header's size must fit
    if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0" and head[15:16] in b"\0":
        return "BMP"
    return None


def sniff(head: bytes) -> Literal["picture", "npy", "npz"] | None:
    r"""Tell what a file is from its first bytes; None if they belong to no binary format that is known here.

    Parameters
    ----------
    head : bytes
        The first `HEAD` bytes, or the whole file if it is shorter.

    Examples
    --------
    >>> sniff(b"\x93NUMPY\x01\x00"), sniff(b"0 1\n2 3\n")
    ('npy', None)
    """
    if head.startswith(b"\x93NUMPY"):
        return "npy"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):  # a zip archive: NPZ, or something else
        return "npz"
    return "picture" if picture_format(head) else None
