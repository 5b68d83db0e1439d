"""Bad texts, models and data: chains of layers, rows of sizes, lists of names, pairs, weights, ONNX, labelled pictures."""

import contextlib
import gzip
import io
import json
import tempfile
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from random import Random

import numpy as np

from tests.fuzz import corpus
from tests.fuzz.arena import MIB, Call
from tests.fuzz.mutate import mutated

__all__ = ["cases", "weights"]

_WORDS = ("conv:6,k5", "conv:8,k3,p1,s2", "dwconv:k3", "convt:4,k2,s2,op1", "maxpool:k2", "avgpool:k2,s1,pad", "relu",
          "gap", "flatten", "linear:10", "bn", "lrn", "softmax", "dropout:0.5", "2*(", "residual(", "concat(", "|", ")",
          "(", "a = ( conv:2,k1 )", "a", "=", "*", "1000000*(", "0*(", "-1*(", "conv:", "conv:0,k3", "conv:6,k99999999999",
          "conv:1e9,k3", "conv:٣,k3", "conv:6,k5,k5", "conv:6,z3", "linear:999999999999999999999", "#x", "\0", "\x1b[31m",
          "[bold]", "\u202e", "conv:6,k5,p-1", "conv:6,k3,s0", "conv:6,k3,g7", "a = ( a )", "((((((((((((((((((")  # fmt: skip
_CELLS = ("n", "k", "p", "s", "d", "ceil", "out", "224", "7", "3", "2", "0", "-1", "1", "x", "", "same", "0/1", "1e30",
          "9" * 40, "٣", "nan", '"', "1.5", "\x1b[31m", "\u202e", "\0", "true", "224x224", "note")  # fmt: skip
_NAMES = ("x.csv", "y.csv", "none.csv", "", "../x.csv", "\x1b[31m", "a" * 5000, ".", "-", "x.csv\r", "*", "\udc80.csv",
          "/dev/null", "~", "{stem}", "x.csv\0y.csv")  # fmt: skip
_FILES = {"x.csv": b"1,2\n3,4\n", "y.csv": b"2,4\n6,8\n"}


@cache
def weights(form: str) -> bytes:
    """LeNet's weights, as `net init` writes them."""
    from convcli.cli import run

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"w.{form}")
        with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())):
            run(["net", "init", "lenet", "-o", str(path)])
        return path.read_bytes()


@cache
def _tensors() -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(weights("npz"))) as held:
        return {name: held[name] for name in held.files}


_CARDS = ("{}", "", "[]", "null", "{", '{"network": "lenet"}', '{"network": 3}', '{"network": "\x1b[31m"}',
          '{"network": "lenet", "input": "x"}', '{"network": "lenet", "input": [1, 28, 28], "classes": -1}',
          '{"network": "lenet", "labels": ["\\u001b[31m", 1, null]}', '{"network": "lenet", "labels": 7}',
          '{"network": "lenet", "preparation": {"mean": ["x"], "std": [0], "resize": -1}}',
          '{"network": "lenet", "preparation": {}}', '{"network": "lenet", "preparation": {"mean": [0], "std": [0]}}',
          '{"layers": "conv:6,k5 relu", "input": [1, 9, 9]}', '{"layers": 5}', '{"layers": "((((", "input": "1x9x9"}',
          '{"network": ' * 3000, '{"network": "resnet18", "input": [3, 1000000, 1000000]}', '{"classes": 1e999}')  # fmt: skip


def _weights(rng: Random) -> bytes:
    """A sound archive with one thing wrong: a tensor's type, shape or numbers, or what the file says of itself."""
    tensors = dict(_tensors())
    name = rng.choice([n for n in sorted(tensors) if n != "__metadata__"])
    tensor = tensors[name]
    change = rng.randrange(8)
    if change == 0:
        tensors["__metadata__"] = np.array(rng.choice(_CARDS))
    elif change == 1:
        tensors["__metadata__"] = np.zeros((), rng.choice(("<U30000000", "|S3", "<f8", "<U1")))
    elif change == 2:
        tensors[name] = tensor.astype(rng.choice(("<i4", "<c16", "|b1", "<f2", ">f8", "<U3")))
    elif change == 3:
        tensors[name] = tensor.reshape(-1)[: rng.randrange(1, 9)]
    elif change == 4:
        tensors[name] = np.full_like(tensor, rng.choice((np.nan, np.inf, -np.inf, 3e38)))
    elif change == 5:
        del tensors[name]
    elif change == 6:
        tensors[rng.choice(("\x1b[31m", "../x", "x" * 3000, "num_batches_tracked"))] = tensor
    file = io.BytesIO()
    np.savez(file, **tensors)
    data = file.getvalue()
    if change == 7:
        data = mutated(data, rng, weights("npz"))
    return data


def _stored(rng: Random) -> bytes:
    """A safetensors file with a header that lies, or with damage."""
    data = weights("safetensors")
    size = int.from_bytes(data[:8], "little")
    if rng.random() < 0.5:
        return mutated(data, rng, data)
    header = json.loads(data[8 : 8 + size])
    name = rng.choice([key for key in header if key != "__metadata__"])
    row = header[name]
    change = rng.choice(("dtype", "shape", "data_offsets", "card"))
    if change == "card":
        header["__metadata__"] = {"convcli": rng.choice(_CARDS)}
    else:
        row[change] = rng.choice(
            {
                "dtype": ("I64", "F99", "BF16", "BOOL", 3),
                "shape": ([10**9, 10**9], [-1], [], "x", [1.5]),
                "data_offsets": ([0, 10**15], [-8, 4], [4, 0], [0]),
            }[change]
        )
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data[8 + size :]


@cache
def _onnx() -> bytes:
    from onnx import TensorProto, helper

    def tensor(name: str, *shape: int) -> object:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    weight = helper.make_tensor("w", TensorProto.FLOAT, (4, 1, 3, 3), [0.1] * 36)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("MaxPool", ["b"], ["c"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("GlobalAveragePool", ["c"], ["d"]),
        helper.make_node("Flatten", ["d"], ["y"]),
    ]
    graph = helper.make_graph(nodes, "g", [tensor("x", 1, 1, 8, 8)], [tensor("y", 1, 4)], [weight])
    held: bytes = helper.make_model(graph).SerializeToString()
    return held


def _layers(rng: Random) -> Call:
    words = [rng.choice(_WORDS) for _ in range(rng.choice((1, 2, 3, 8, 30)))]
    text = rng.choice((" ", "\n", "")).join(words).encode("utf-8", "surrogateescape")
    if rng.random() < 0.2:
        text = mutated(text, rng, b"()|*:,=\0\xff") if text else b"\xff"
    size = rng.choice(("1x28x28", "3x224x224", "1x1x1", "1x99999999x99999999"))
    argv = rng.choice(
        (
            ("shape", "-n", size, "--layers", "l.txt"),
            ("shape", "-n", size, "--layers", "l.txt", "--code", "torch"),
            ("net", "show", "l.txt", "--input", size),
            ("net", "show", "l.txt", "--input", size, "--json", "--depth", "1"),
        )
    )
    return Call(argv, {"l.txt": text})


def _rows(rng: Random) -> Call:
    head = rng.choice(
        ("n,k,p,s\n", "n,k\n", "k\n", "", "n,n\n", "note,n,k\n", "n;k\n", "\ufeffn,k\n")
    )
    rows = [
        ",".join(rng.choice(_CELLS) for _ in range(rng.choice((1, 2, 4, 4, 9)))) for _ in range(9)
    ]
    text = (head + rng.choice(("\n", "\r\n", "\r")).join(rows)).encode("utf-8", "surrogateescape")
    if rng.random() < 0.3:
        text = mutated(text, rng, b'",\n\0\xff')
    return Call(("shape", "-", *rng.choice(((), ("-k", "3"), ("-n", "9", "-s", "2")))), stdin=text)


def _lists(rng: Random) -> Call:
    text = rng.choice(("\n", "\0", "\r\n")).join(
        rng.choice(_NAMES) for _ in range(rng.choice((1, 2, 5)))
    )
    listed = text.encode("utf-8", "surrogateescape")
    argv = rng.choice(
        (
            ("pool", "--files-from", "l.txt", "-k", "2", "-o", "out/", "--jobs", "1"),
            ("pool", "--files-from", "l.txt", "-k", "1", "-o", "{stem}-{name}.csv", "--jobs", "1"),
            ("learn", "--pairs", "l.txt", "-k", "1"),
        )
    )
    if argv[0] == "learn":
        listed = listed.replace(b"\n", rng.choice((b"\n", b",", b",,")))
    return Call(argv, {**_FILES, "l.txt": listed})


def _models(rng: Random) -> Call:
    form = rng.choice(("npz", "npz", "safetensors", "labels", "onnx"))
    line = ",".join(["0.5"] * 28)
    files = {"x.csv": "\n".join([line] * 28).encode(), "x.png": dict(corpus.made())["grey.png"]}
    if form == "onnx":
        files["m.onnx"] = mutated(_onnx(), rng, _onnx())
        return Call(("net", "show", "m.onnx"), files)
    if form == "labels":
        files["w.npz"] = weights("npz")
        files["l.txt"] = mutated(b"\n".join(b"a%d" % i for i in range(10)), rng, b"\x1b[31m\n\xff")
        return Call(("net", "predict", "w.npz", "x.csv", "--labels", "l.txt"), files)
    name = f"w.{form}"
    files[name] = _weights(rng) if form == "npz" else _stored(rng)
    more = rng.choice(
        ((), ("--json",), ("-o", "out.npy"), ("--features", "conv1", "-o", "out.png"))
    )
    first = rng.choice(((name,), ("lenet", "--weights", name)))
    operand = rng.choice(("x.csv", "x.png"))
    return Call(("net", "predict", first[0], operand, *first[1:], *more), files, memory=64 * MIB)


@cache
def _labelled() -> dict[str, bytes]:
    """Eight pictures of two classes, in every form in which labelled data are kept."""
    rng = np.random.default_rng(7)
    x, y = rng.integers(0, 256, (8, 6, 6), dtype=np.uint8), np.arange(8, dtype=np.uint8) % 2
    npz = io.BytesIO()
    np.savez(npz, x=x, y=y)
    rows = [f"{label},{','.join(map(str, p.ravel()))}" for label, p in zip(y, x, strict=True)]
    head = "label," + ",".join(f"p{i}" for i in range(36))
    table = "\n".join([head, *rows, ""]).encode()
    images = b"\0\0\x08\3" + np.array(x.shape, ">u4").tobytes() + x.tobytes()
    labels = b"\0\0\x08\1" + np.array(y.shape, ">u4").tobytes() + y.tobytes()
    picture = dict(corpus.made())["grey.png"]
    return {
        "d.npz": npz.getvalue(),
        "d.csv": table,
        "d.csv.gz": gzip.compress(table),
        "d-images-idx3-ubyte": images,
        "d-labels-idx1-ubyte": labels,
        "folder/a/1.png": picture,
        "folder/b/2.png": picture,
    }


_DATA = (
    "d.npz",
    "d.csv",
    "d.csv.gz",
    "d-images-idx3-ubyte",
    "d-labels-idx1-ubyte",
    "folder/a/1.png",
)


def _datasets(rng: Random) -> Call:
    files = dict(_labelled())
    files["l.txt"] = b"conv:2,k3 relu flatten linear:2"
    hit = rng.choice(_DATA)
    if hit == "d.csv.gz" and rng.random() < 0.5:  # sound gzip of damaged text
        files[hit] = gzip.compress(mutated(files["d.csv"], rng, b"label,\n\0-1e999"))
    else:
        files[hit] = mutated(files[hit], rng, files[rng.choice(_DATA)])
    if rng.random() < 0.05:
        del files[hit]
    data = "folder" if hit.startswith("folder") else hit
    size = () if hit.startswith("d") else ("--input", "1x6x6")
    argv = ("net", "train", "l.txt", data, *size, "--epochs", "1", "-o", "out.npz")
    if rng.random() < 0.1:
        argv = ("net", "eval", "l.txt", data)
    held = ("--holdout", "0.3") if rng.random() < 0.2 and argv[1] == "train" else ()
    return Call((*argv, *held), files, goes_on=data == "folder")


def cases(count: int, seed: int) -> Iterator[Call]:
    """So many of all of them; models only of the formats whose extras are installed."""
    extras = all(find_spec(name) for name in ("onnx", "safetensors"))
    kinds = (_layers, _rows, _lists, _datasets, _datasets, *((_models, _models) if extras else ()))
    for i in range(count):
        rng = Random(f"{seed} {i}")
        yield rng.choice(kinds)(rng)
