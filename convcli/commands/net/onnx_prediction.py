"""`convcli net predict MODEL.onnx`: models of others, run by onnxruntime (the extra `convcli[onnxruntime]`)."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from importlib import import_module
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import typer
from numpy.typing import NDArray

from convcli.commands.net.choose import Chosen
from convcli.commands.net.labels import read_labels
from convcli.commands.net.load import Loaded
from convcli.commands.net.prediction import outputs, put_features, put_logits, show
from convcli.commands.output import Request
from convcli.engine.errors import ConvError, one_of, printable
from convcli.engine.sizes.geometry import size_text
from convcli.files.operands import Reading
from convcli.nets.model import Prediction
from convcli.nets.zoo import Preparation

if TYPE_CHECKING:
    from convcli.commands.net.predict import PredictOptions

__all__ = ["predict_onnx"]

_DTYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
}

_PASSING = ("Identity", "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Cast", "Dropout", "QuantizeLinear",
            "DequantizeLinear")  # fmt: skip
"""Operators behind which numbers mean what they meant."""

_EACH = ("Sigmoid", "HardSigmoid", "QLinearSigmoid")
"""Operators that make a probability of each number by itself."""

_SCORES = ("Gemm", "MatMul", "Conv", "Add", "LogSoftmax")
"""Operators that make no probabilities, whatever their numbers add up to."""


def predict_onnx(asked: "PredictOptions", inputs: Sequence[str], request: Request) -> None:
    """Answer for each input, or give what a node computes of it.

    Raises
    ------
    ConvError
        The extra is missing, the model cannot be run, or an option has no part in it.
    typer.Exit
        With status 1, where some of several inputs could not be read.
    """
    idle = {
        "--weights": asked.weights,
        "--classes": asked.classes,
        "--kernels": asked.kernels,
        "--receptive-field": asked.field,
    }
    for option, value in idle.items():
        if value is not None:
            raise ConvError(f"{option}: an ONNX model is run as it is", usage=True)
    model = _Session(asked.name, asked.features, asked.size, asked.crop)
    # a model of bytes takes 0 to 255
    std = asked.std or ((1 / 255,) if model.input.type == "tensor(uint8)" else (1.0,))
    preparation = Preparation(asked.mean or (0.0,), std, asked.resize)
    chosen = Chosen(printable(asked.name), model.size, [])
    loaded = Loaded(chosen, model, preparation)  # type: ignore[arg-type]
    reading = Reading(asked.allow_nan, asked.layout, asked.max_pixels)
    named, found, whole = outputs(loaded, model, inputs, reading)  # type: ignore[arg-type]
    if found and asked.features is not None:
        put_features(inputs, named, found, request)
    elif found:
        model.check_scores(found[0])
        answers = [model.answer(name, x) for name, x in zip(named, found, strict=True)]
        names = read_labels(asked.labels, answers[0].logits.size) if asked.labels else None
        show(answers, names, request, asked.top, request.format == "table" and asked.format == "md")
        if asked.logits is not None:
            put_logits(answers, replace(request, output=asked.logits, format="auto"))
    if not whole:
        raise typer.Exit(1)


class _Stage:
    """As much of a step as is asked for."""

    def __init__(self, activations: int) -> None:
        self.activations = activations


class _Session:
    """A model in onnxruntime, with what `Model` is used for."""

    def __init__(
        self,
        name: str,
        node: str | None,
        size: tuple[int, ...] | None,
        crop: tuple[int, ...] | None,
    ) -> None:
        shown = printable(name)
        Path(name).stat()  # a file that is not there is told before an extra that is not
        try:
            runtime = import_module("onnxruntime")
        except ImportError as error:
            raise ConvError(
                f"{shown}: ONNX models are run with pip install 'convcli[onnxruntime]'"
            ) from error
        options = runtime.SessionOptions()
        options.log_severity_level = 4  # what is wrong is told here, in one line
        self.name, self.file = shown, name
        try:
            source = name if node is None else _with_output(name, node, size)
            self.session = runtime.InferenceSession(
                source, options, providers=["CPUExecutionProvider"]
            )
        except ConvError as error:
            raise error.about(shown) from error
        except Exception as error:  # the runtime has error types of its own
            raise ConvError(f"{shown}: cannot be run: {_first(error)}") from error
        given = self.session.get_inputs()
        if len(given) != 1:
            names = ", ".join(printable(g.name) for g in given)
            raise ConvError(f"{shown}: has {len(given)} inputs ({names}), one is needed")
        self.input = given[0]
        if self.input.type not in _DTYPES:
            raise ConvError(f"{shown}: its input is a {self.input.type}, pictures are numbers")
        self.output = self.session.get_outputs()[-1 if node is not None else 0].name
        stated = list(self.input.shape)
        self.alone = len(stated) == 3 and bool({stated[0], stated[2]} & {1, 3})  # C×H×W or H×W×C
        self.size, self.last = _size_of(shown, [1] * self.alone + stated, size, crop)
        self.steps = [_Stage(prod(self.size))]

    def forward(self, batch: NDArray[Any]) -> NDArray[Any]:
        """Run a batch, shape (N, C, H, W); in parts where the model has room for so many, or for one and no batch axis."""
        x = batch.transpose(0, 2, 3, 1) if self.last else batch
        dtype = _DTYPES[self.input.type]
        x = (np.clip(np.rint(x), 0, 255) if dtype is np.uint8 else x).astype(dtype)
        room = self.input.shape[0] if len(self.input.shape) == 4 else None
        try:
            if self.alone:
                found = np.stack([self._found(one) for one in x])
                # inside it may have a batch axis nonetheless
                return found[:, 0] if found.ndim == 5 and found.shape[1] == 1 else found
            step = room if isinstance(room, int) and room > 0 else len(x)
            parts = [x[i : i + step] for i in range(0, len(x), step)]
            return np.concatenate(
                [self._run(np.resize(part, (step, *x.shape[1:])))[: len(part)] for part in parts]
            )
        except ConvError:
            raise
        except Exception as error:
            raise ConvError(f"{self.name}: cannot be run: {_first(error)}", usage=True) from error

    @cached_property
    def ends_in(self) -> str:
        """The operator that the output comes from, those that change no number left out; nothing if it is not known."""
        with suppress(Exception):  # the model runs: what cannot be told of it is no error
            graph = import_module("onnx").load(self.file, load_external_data=False).graph
            made = {name: node for node in graph.node for name in node.output}
            node = made[self.output]
            while node.op_type in _PASSING and node.input[0] in made:
                node = made[node.input[0]]
            return str(node.op_type)
        return ""

    def check_scores(self, found: NDArray[Any]) -> None:
        """Refuse an output that has no score a class.

        Raises
        ------
        ConvError
        """
        held = ""
        # whole numbers of one byte are scores of quantized models
        if found.dtype.kind in "iub" and found.itemsize > 1:
            held = f"whole numbers ({self.ends_in or found.dtype})"
        elif sum(n > 1 for n in found.shape) > 1:
            held = size_text(found.shape)
        elif found.size == 1 and self.ends_in not in _EACH:
            held = "one number"
        if held:
            output = printable(self.output)
            raise ConvError(
                f"{self.name}: its output {output} is {held}, no score a class: "
                f"--features {output} -o x.npy gives its numbers",
                usage=True,
            )

    def answer(self, name: str, found: NDArray[Any]) -> Prediction:
        """Take numbers for logits, unless they are probabilities: of classes that exclude each other, or of each for itself."""
        values = np.asarray(found, np.float32).reshape(-1)
        soft = self.ends_in in (*_EACH, "Softmax")
        if self.ends_in not in _SCORES:  # made by hand, or not known
            soft |= bool((values >= 0).all() and abs(values.sum() - 1) < 1e-3)
        return Prediction(name, values, soft)

    def _run(self, x: NDArray[Any]) -> NDArray[Any]:
        found = self._found(x)
        return found if len(found) == len(x) else found[np.newaxis]

    def _found(self, x: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(
            self.session.run([self.output], {self.input.name: np.ascontiguousarray(x)})[0]
        )


def _first(error: Exception) -> str:
    return printable((str(error).splitlines() or [type(error).__name__])[0][:300])


def _with_output(name: str, node: str, size: tuple[int, ...] | None) -> bytes:
    """Return a model that gives what one of its nodes computes as well, named as `net show` or the model names it."""
    from convcli.nets.architecture.onnx_model import outputs_by_name

    onnx = import_module("onnx")
    model = onnx.load(name)
    known = {
        key: made.output[0] for made in model.graph.node for key in (made.name, made.output[0])
    }
    with suppress(ConvError):  # its sizes need not be known for this
        known |= outputs_by_name(name, {"": size} if size else {})
    if not node or node not in known:
        raise one_of("node", node, filter(None, known)).about("--features")
    model.graph.output.append(onnx.ValueInfoProto(name=known[node]))
    held: bytes = model.SerializeToString()
    return held


def _size_of(
    shown: str,
    stated: Sequence[object],
    size: tuple[int, ...] | None,
    crop: tuple[int, ...] | None,
) -> tuple[tuple[int, int, int], bool]:
    """Return the size of the input as C×H×W, and whether the model has its channels last."""
    if len(stated) != 4:
        got = "x".join(str(n) for n in stated)
        raise ConvError(
            f"{shown}: its input is {printable(got)}, NxCxHxW or NxHxWxC is needed, N may be left out"
        )
    _, *inner = stated
    last = inner[0] not in (1, 3) and inner[2] in (1, 3)
    channels, *spatial = (inner[2], inner[0], inner[1]) if last else inner
    known: list[int | None] = [n if isinstance(n, int) else None for n in (channels, *spatial)]
    wanted: list[int | None] = (
        list(size) if size else [None, *((crop * 2)[:2] if crop else (None, None))]
    )
    if len(wanted) != 3:
        raise ConvError("--input: CxHxW is needed", usage=True)
    for axis, (one, other) in enumerate(zip(known, wanted, strict=True)):
        if one is not None and other is not None and one != other:
            held = "x".join("?" if n is None else str(n) for n in known)
            raise ConvError(f"--input: the model's is {held}", usage=True)
        known[axis] = one if other is None else other
    if known[0] is None:
        known[0] = 3
    if None in known:
        raise ConvError(
            f"{shown}: leaves the size of its input open: --input CxHxW says it", usage=True
        )
    return (int(known[0] or 0), int(known[1] or 0), int(known[2] or 0)), last
