"""Bad arrays: tables as they are found, CSV with every oddity, NPY that lies, archives that burst or hold code."""

import io
import struct
import zipfile
from collections.abc import Iterator
from random import Random

import numpy as np

from tests.fuzz import corpus
from tests.fuzz.arena import MIB, Call
from tests.fuzz.mutate import mutated

__all__ = ["bad_npy", "odd_csv", "whole_corpus"]

COMMANDS = (
    ("corr", "-k", "1"),
    ("corr", "-k", "1 -1", "--json"),
    ("corr", "-k", "sobel-x", "-p", "same", "-o", "out.npy"),
    ("pool", "-k", "2", "-o", "out.csv"),
    ("edge", "-m", "canny", "-o", "out.png"),
    ("edge", "--threshold", "otsu"),
    ("corr", "-k", "1", "--allow-nan", "--layout", "hwc"),
)


def _call(command: tuple[str, ...], name: str, data: bytes, expected: bytes | None = None) -> Call:
    stdin = name == "-"
    return Call(
        (command[0], name, *command[1:], "--max-memory", "64M"),
        {} if stdin else {name: data},
        data if stdin else b"",
        memory=64 * MIB + 40 * len(data),
        expected=expected,
    )


def whole_corpus(count: int, seed: int) -> Iterator[Call]:
    """Every file through every command, as it is and damaged, until there are so many."""
    seeds = [s for s in corpus.tables() if len(s[1]) < 300_000]
    calls = 0
    for command in COMMANDS:
        for name, data in seeds:
            yield _call(command, f"in-{name}", data)
            calls += 1
            if calls == count:
                return
    for i in range(min(count - calls, 20 * len(seeds))):
        rng = Random(f"{seed} {i}")
        name, data = rng.choice(seeds)
        yield _call(rng.choice(COMMANDS), f"in-{name}", mutated(data, rng, rng.choice(seeds)[1]))


# --- CSV

_GOOD = ("0", "1", "-7", "255", "3.5", "-0.25", "1e3", "2.5E-3", ".5", "5.", "+4", "1e-320", "9007199254740993",
         "9223372036854775807", "-9223372036854775808", "1e308")  # fmt: skip
_ODD = ("", " ", "x", "nan", "NaN", "inf", "-Infinity", "1e999", "-1e999", "9223372036854775808", "1" * 400, "0x10",
        "1_000", "1,5", "1 000", "١٢٣", "−1", "½", "1e", "e5", "--1", "+-1", "1.2.3", '"1"', '"1', "1\"", "'1'", "\0",
        "\x1b[31m1", "\u202e1", "\ufeff1", "# 1", "=1+1", "1;2", "TRUE", "None", "2020-01-01", "1\r", "1%", "$1", "\x85",
        "\u2028", "1d5", "1f", "1j", "9" * 5000, "0" * 3000 + "1", "1e" + "0" * 50 + "1", "\\N", "NA", "-", ".", "+")  # fmt: skip
_ENDS = ("\n", "\n", "\r\n", "\r", "\n\r", "\r\r\n", "\x0b", "\x0c", "\u2028", "")


def _plain(rng: Random) -> tuple[bytes, bytes]:
    """A sound table of whole numbers in some style, and what `corr -k 1` has to print."""
    rows, columns = rng.randrange(1, 6), rng.randrange(2, 6)
    cells = [[rng.randrange(-999, 1000) for _ in range(columns)] for _ in range(rows)]
    comma, end = rng.choice(",;\t "), rng.choice(("\n", "\r\n"))
    quote = rng.choice(("", "", '"')) if comma != " " else ""
    lines = [comma.join(f"{quote}{cell}{quote}" for cell in row) for row in cells]
    if rng.random() < 0.3:
        lines.insert(0, comma.join(f"name{i}" for i in range(columns)))
    text = end.join(lines) + rng.choice(("", end))
    data = (b"\xef\xbb\xbf" if rng.random() < 0.2 else b"") + text.encode()
    return data, "".join(",".join(map(str, row)) + "\n" for row in cells).encode()


def _odd(rng: Random) -> bytes:
    comma, end = rng.choice([",", ",", ";", "\t", " ", ", ", "|", ",,"]), rng.choice(_ENDS)
    rows, columns = rng.choice((1, 2, 3, 5, 40)), rng.choice((1, 2, 3, 5, 40))
    odd = rng.choice((0.0, 0.02, 0.2, 1.0))
    lines = []
    for _ in range(rows):
        ragged = columns + (rng.choice((-1, 1, 5)) if rng.random() < 0.05 else 0)
        cells = [rng.choice(_ODD if rng.random() < odd else _GOOD) for _ in range(ragged)]
        if rng.random() < 0.1:
            cells = [f'"{cell}"' for cell in cells]
        lines.append(comma.join(cells) + (comma if rng.random() < 0.03 else ""))
        if rng.random() < 0.05:
            lines.append("")
    if rng.random() < 0.2:
        lines.insert(
            0, comma.join(rng.choice(("a", "b", "1", '"c d"', "\x1b[1m")) for _ in range(columns))
        )
    text = end.join(lines) + rng.choice(("", end, end * 3))
    form = rng.choice(
        ("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1", "utf-16-le")
    )
    return text.encode(form, "replace")


def odd_csv(count: int, seed: int) -> Iterator[Call]:
    """A quarter of them sound, with the answer that is due; the rest with oddities."""
    for i in range(count):
        rng = Random(f"{seed} {i}")
        if i % 4 == 0:
            data, expected = _plain(rng)
            yield _call(COMMANDS[0], rng.choice(("t.csv", "-")), data, expected)
        else:
            data = _odd(rng)
            if rng.random() < 0.3:
                data = mutated(data, rng, b',\n;\0"\r')
            yield _call(rng.choice(COMMANDS), rng.choice(("t.csv", "t.tsv", "t.txt", "-")), data)


# --- NPY and archives

_DESCRS = ("'<f8'", "'<f4'", "'|u1'", "'<i2'", "'<u8'", "'|b1'", "'<f2'", "'>i4'", "'|O'", "'<c16'", "'<U5'", "'|S3'",
           "'|V8'", "'<M8[ns]'", "[('a', '<f8')]", "'<f16'", "'<i99999999999'", "'x'", "''", "__import__('os')",
           "'<f8' * 10**9", "'\x1b[2J'", "None")  # fmt: skip
_SHAPES = ("(3, 4)", "(1, 12)", "(12,)", "()", "(2, 2, 3)", "(1, 1, 3, 4)", "(0, 4)", "(-3, -4)", "(3.0, 4)",
           "(1000000, 1000000)", "(10**15, 4)", "(1125899906842624, 1024)", "(9" + "0" * 40 + ", 1)", "(3, 4",
           "[3, 4]", "(3L, 4L)", "('a', 4)", "(True, 12)", "(4611686018427387904, 4611686018427387904)",
           "(" + "1, " * 3000 + ")", "(3, 4, 1, 1, 1)", "(65536, 65536)", "(2**200,)")  # fmt: skip


class _Spy:
    """Unpickled, it leaves a file: then something ran that must not."""

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, ("unpickled.part", "w")


def _npy(rng: Random) -> bytes:
    if rng.random() < 0.1:
        held = np.array([[_Spy(), 1], [2, 3]], object)
        file = io.BytesIO()
        np.save(file, held, allow_pickle=True)
        return file.getvalue()
    order = rng.choice(("True", "False", "False", "1", "maybe"))
    descr, shape = rng.choice(_DESCRS), rng.choice(_SHAPES)
    text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"
    if rng.random() < 0.1:
        text = rng.choice(
            (text[:-9], text * 2, "{" * 500, "", "[]", text.replace("'", '"'), "(" * 9000)
        )
    header = text.encode("latin-1") + b" " * (-len(text) % 64) + b"\n"
    major = rng.choice((1, 1, 1, 2, 3, 0, 9, 255))
    claimed = len(header) if rng.random() < 0.8 else rng.choice((0, 1, 65535, 2**31, 2**32 - 1))
    size = struct.pack("<H", claimed % 65536) if major == 1 else struct.pack("<I", claimed)
    body = rng.randbytes(rng.choice((0, 1, 12, 24, 48, 95, 96, 97, 200)))
    return b"\x93NUMPY" + bytes((major, rng.choice((0, 0, 0, 1)))) + size + header + body


def _archive(rng: Random) -> bytes:
    """A zip archive: a bomb of zeros, headers that claim everything, names that climb, code, damage."""
    file = io.BytesIO()
    kind = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(file, "w", kind) as archive:
        for i in range(rng.choice((1, 1, 3, 300))):
            name = rng.choice(
                (
                    "conv1.weight.npy",
                    "../up.npy",
                    "/abs.npy",
                    f"x{i}.npy",
                    "\x1b[31m.npy",
                    "a" * 300,
                )
            )
            archive.writestr(zipfile.ZipInfo(name if i == 0 else f"{i}{name}"), _npy(rng), kind)
    return file.getvalue()


def _bomb() -> bytes:
    """Four gigabytes of zeros in some kilobytes, with a header that is true."""
    file = io.BytesIO()
    text = b"{'descr': '|u1', 'fortran_order': False, 'shape': (65536, 65536), }"
    header = text + b" " * (117 - len(text)) + b"\n"
    archive = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
    with archive, archive.open("conv1.weight.npy", "w", force_zip64=True) as entry:
        entry.write(b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header)
        zeros = bytes(1 << 20)
        for _ in range(256):  # a sixteenth of it is enough to be seen in memory
            entry.write(zeros)
    return file.getvalue()


def bad_npy(count: int, seed: int) -> Iterator[Call]:
    """NPY as an operand; archives as an operand, as a kernel and as the weights of a network."""
    bomb = _bomb()
    for i in range(count):
        rng = Random(f"{seed} {i}")
        if i % 50 == 0:
            name, data = "w.npz", bomb
        elif rng.random() < 0.6:
            name, data = rng.choice(("a.npy", "-", "a.csv", "a.png")), _npy(rng)
        else:
            name, data = "w.npz", _archive(rng)
        if rng.random() < 0.3:
            data = mutated(data, rng, b"\x93NUMPY\1\0PK\1\2\0\0")
        if name == "w.npz" and rng.random() < 0.7:
            argv = rng.choice(
                (
                    ("net", "predict", "lenet", "x.csv", "--weights", "w.npz"),
                    ("net", "predict", "w.npz", "x.csv"),
                    ("net", "show", "w.npz"),
                )
            )
            yield Call(argv, {"w.npz": data, "x.csv": b"1,2\n3,4\n"}, memory=64 * MIB)
        elif name != "-" and rng.random() < 0.2:
            argv = ("corr", "x.csv", "-k", f"./{name}")
            yield Call(argv, {name: data, "x.csv": b"1,2\n3,4\n"}, memory=64 * MIB)
        else:
            yield _call(rng.choice(COMMANDS), name, data)
