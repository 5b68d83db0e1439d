"""What a file is, by its first bytes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "ARE_READ",
    "HEAD",
    "PICTURE_SUFFIXES",
    "READABLE",
    "described",
    "picture_format",
    "sniff",
]

HEAD = 16
"""So many first bytes are enough."""


@dataclass(frozen=True, eq=False, repr=False)
class Readable:
    """A picture format that is read.

    Parameters
    ----------
    name : str
        As Pillow calls it.
    title : str
        As people write it.
    suffixes : tuple of str
    begins : callable
        Whether a file with these first bytes is one.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    begins: Callable[[bytes], bool]


def _starts(*starts: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(starts)


def _webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def _bmp(head: bytes) -> bool:
    # two letters are little: a text may start with BM, so the reserved words and the header's size must fit
    return head[:2] == b"BM" and head[6:10] == b"\0\0\0\0" and head[15:16] in b"\0"


def _netpbm(head: bytes) -> bool:
    return (
        head[:1] == b"P"
        and head[1:2] in b"123456"
        and head[2:3] in (b" ", b"\t", b"\n", b"\r", b"#")
    )


_ROWS = (
    Readable("PNG", "PNG", (".png",), _starts(b"\x89PNG\r\n\x1a\n")),
    Readable("JPEG", "JPEG", (".jpg", ".jpeg", ".jpe"), _starts(b"\xff\xd8\xff")),
    Readable("WEBP", "WebP", (".webp",), _webp),
    Readable("TIFF", "TIFF", (".tif", ".tiff"), _starts(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    Readable("BMP", "BMP", (".bmp",), _bmp),
    Readable("GIF", "GIF", (".gif",), _starts(b"GIF87a", b"GIF89a")),
    Readable("PPM", "PBM/PGM/PPM", (".pbm", ".pgm", ".ppm", ".pnm"), _netpbm),
)
READABLE: dict[str, Readable] = {row.name: row for row in _ROWS}
"""The picture formats that are read, by Pillow's name."""

PICTURE_SUFFIXES = tuple(suffix for row in _ROWS for suffix in row.suffixes)
"""What the names of pictures end with: a file of such a name that is none is not read as text."""

ARE_READ = f"{', '.join(row.title for row in _ROWS[:-1])} and {_ROWS[-1].title} are read"
"""For the error about a file that is none of them."""


def picture_format(head: bytes) -> str | None:
    r"""Name the picture format that these first bytes belong to, as Pillow does, or return None.

    >>> picture_format(b"\x89PNG\r\n\x1a\n"), picture_format(b"1,2,3")
    ('PNG', None)
    """
    return next((row.name for row in _ROWS if row.begins(head)), None)


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


def described(data: bytes) -> str:
    r"""Tell a person what a file is that cannot be read as what its name says.

    >>> described(b""), described(b"\n<!DOCTYPE html><html>"), described(b"%PDF-1.7")
    ('empty', 'an HTML page', 'a PDF')
    """
    if not data:
        return "empty"
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for what, starts in _KNOWN.items():
        if start.startswith(starts):
            return what
    if b"ftypheic" in start[:16] or b"ftypavif" in start[:16] or b"ftypmif1" in start[:16]:
        return "a HEIC or AVIF picture"
    if not any(data):
        return "nothing but zero bytes"
    return "binary data" if b"\0" in start else "text"


_KNOWN = {
    "an HTML page": (b"<!doctype html", b"<html", b"<head"),
    "an SVG drawing": (b"<svg",),
    "XML": (b"<?xml",),
    "JSON": (b"{", b"["),
    "a PDF": (b"%pdf",),
    "a Git LFS pointer": (b"version https://git-lfs",),
    "gzipped data": (b"\x1f\x8b",),
    "a video": (b"\x1aE\xdf\xa3".lower(),),
    "a Photoshop picture": (b"8bps",),
}
