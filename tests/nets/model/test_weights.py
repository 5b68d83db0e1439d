"""Weights in files: what is written reads back, what does not fit is listed by name."""

import io
import zipfile

import numpy as np
import pytest

from convcli.engine.errors import ConvError
from convcli.nets.architecture.steps import program
from convcli.nets.model import Model, weights
from convcli.nets.model.initializers import METHODS, start
from convcli.nets.zoo import network

NEEDED = {"conv.weight": (2, 1, 3, 3), "conv.bias": (2,)}
TENSORS = {
    "conv.weight": np.arange(18, dtype=np.float32).reshape(2, 1, 3, 3),
    "conv.bias": np.array([1.5, -2], np.float32),
}
CARD = {"network": "lenet", "input": [1, 28, 28]}


def written(tmp_path, tensors, suffix="npz", card=CARD):
    if suffix == "safetensors":
        pytest.importorskip("safetensors", reason="the extra convcli[weights] is not installed")
    path = tmp_path / f"w.{suffix}"
    with path.open("wb") as file:
        weights.save(file, suffix, tensors, card)
    return path


def read(path, needed=NEEDED, ignored=()):
    with weights.opened(path) as source:
        return weights.load(source, needed, ignored), source.card


@pytest.mark.parametrize("suffix", weights.FORMATS)
def test_round_trip(tmp_path, suffix):
    found, card = read(written(tmp_path, TENSORS, suffix))
    assert list(found) == list(NEEDED)
    for name, tensor in TENSORS.items():
        assert np.array_equal(found[name], tensor)
        assert found[name].dtype == np.float32
    assert card == CARD


@pytest.mark.parametrize("suffix", weights.FORMATS)
def test_misfits_are_listed_by_name(tmp_path, suffix):
    tensors = {
        "conv.weight": np.zeros((2, 3, 3, 3), np.float32),
        "fc.bias": np.zeros(2, np.float32),
    }
    message = (
        "does not fit the network: missing conv.bias; extra fc.bias; "
        "misshapen: conv.weight is 2x3x3x3, 2x1x3x3 is needed"
    )
    with pytest.raises(ConvError) as error:
        read(written(tmp_path, tensors, suffix))
    assert str(error.value).endswith(message)
    assert str(error.value).startswith(f"{tmp_path}/w.{suffix}: ")


def test_long_lists_are_cut(tmp_path):
    needed = {f"a{i}": (1,) for i in range(9)}
    with pytest.raises(ConvError, match=r"missing a0, a1, a2, a3, a4, a5 and 3 more$"):
        read(written(tmp_path, {}), needed)


def test_what_a_state_dict_holds_beside(tmp_path):
    beside = {
        "bn1.num_batches_tracked": np.array(7),
        "aux1.conv.weight": np.zeros(3, np.float32),
    }
    found, _ = read(written(tmp_path, TENSORS | beside), ignored=("aux1.",))
    assert set(found) == set(NEEDED)


def test_half_precision_becomes_float32(tmp_path):
    halves = {name: tensor.astype(np.float16) for name, tensor in TENSORS.items()}
    found, _ = read(written(tmp_path, halves))
    assert np.array_equal(found["conv.weight"], TENSORS["conv.weight"])
    assert found["conv.weight"].dtype == np.float32


def test_bfloat16_is_the_upper_half_of_a_float32(tmp_path):
    path = written(tmp_path, {"a": np.zeros(6, np.float16)}, "safetensors")
    # 1 sign, 8 exponent, 7 fraction bits, written out: 1, -2, 0.15625, the largest, the smallest normal, 0
    bits = np.array([0x3F80, 0xC000, 0x3E20, 0x7F7F, 0x0080, 0x0000], "<u2").tobytes()
    data = path.read_bytes().replace(b'"F16"', b'"BF16"')
    length = int.from_bytes(data[:8], "little") + 1
    path.write_bytes(length.to_bytes(8, "little") + data[8:-12] + bits)
    found, _ = read(path, {"a": (6,)})
    expected = [1, -2, 0.15625, (2 - 2.0**-7) * 2.0**127, 2.0**-126, 0]
    assert found["a"].tolist() == expected


def test_what_a_file_says_about_itself_has_a_bound(tmp_path, monkeypatch):
    path = written(tmp_path, TENSORS, card={"network": "x" * 100})
    size = 4 * len('{"network": ""}' + "x" * 100)
    monkeypatch.setattr(weights, "_CARD_SIZE", size)
    assert read(path)[1] == {"network": "x" * 100}
    monkeypatch.setattr(weights, "_CARD_SIZE", size - 1)
    with pytest.raises(ConvError, match=f"says {size} bytes about itself, {size - 1} are allowed$"):
        read(path)


def test_weights_are_read_from_regular_files(tmp_path):
    for suffix in weights.FORMATS:
        (tmp_path / f"w.{suffix}").symlink_to("/dev/zero")
        with pytest.raises(ConvError, match=r"is no regular file, which weights are read from$"):
            read(tmp_path / f"w.{suffix}")


def test_integers_are_no_weights(tmp_path):
    whole = {name: tensor.astype(np.int64) for name, tensor in TENSORS.items()}
    with pytest.raises(ConvError, match=r"w\.npz: conv\.weight holds int64, floats are needed"):
        read(written(tmp_path, whole))


def test_python_objects_are_never_read(tmp_path):
    path = tmp_path / "w.npz"
    np.savez(path, **{"conv.weight": np.array([{"a": 1}], dtype=object)})
    with pytest.raises(ConvError, match="holds Python objects, which are never read"):
        read(path)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("w.npz", b"hello", "is no npz file"),
        ("w.npz", b"", "is no npz file"),
        ("w.safetensors", b"hello", "is no safetensors file"),
        ("w.pt", b"hello", "PyTorch's files hold Python objects, which are never read"),
        ("w.csv", b"hello", "unknown suffix '.csv', known: .npz, .safetensors"),
    ],
)
def test_no_weights(tmp_path, name, data, message):
    if name.endswith("safetensors"):
        pytest.importorskip("safetensors", reason="the extra convcli[weights] is not installed")
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ConvError, match=message):
        read(tmp_path / name)


def test_a_file_cut_short(tmp_path):
    path = written(tmp_path, TENSORS)
    whole = path.read_bytes()
    for size in range(0, len(whole), 97):
        path.write_bytes(whole[:size])
        with pytest.raises(ConvError, match=r"w\.npz: "):
            read(path)


def test_numpy_reads_what_is_written(tmp_path):
    with np.load(written(tmp_path, TENSORS), allow_pickle=False) as found:
        assert np.array_equal(found["conv.weight"], TENSORS["conv.weight"])


def test_the_extra_is_named(monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(weights, "import_module", missing)
    with pytest.raises(ConvError, match=r"pip install 'convcli\[weights\]'"):
        weights.save(io.BytesIO(), "safetensors", {}, {})


def model_of(name):
    row = network(name)
    return Model(program(row.build(row.classes), row.input))


@pytest.mark.parametrize("method", METHODS)
def test_starts(method):
    model = model_of("lenet-bn")
    start(model, method, np.random.default_rng(0))
    tensors = model.tensors()
    assert {name: t.shape for name, t in tensors.items()} == model.shapes()
    assert {t.dtype for t in tensors.values()} == {np.dtype(np.float32)}
    assert not tensors["conv1.bias"].any()
    assert (tensors["bn1.weight"] == 1).all()
    assert (tensors["bn1.running_var"] == 1).all()
    assert not tensors["bn1.running_mean"].any()
    variance = {"xavier": 2 / 376, "he": 2 / 256, "xavier-sigmoid": 32 / 376}[method]
    assert np.isclose(tensors["linear1.weight"].var(), variance, rtol=0.03)
    if method == "xavier":
        assert np.abs(tensors["linear1.weight"]).max() <= (6 / (256 + 120)) ** 0.5
    again = model_of("lenet-bn")
    start(again, method, np.random.default_rng(0))
    assert all(np.array_equal(t, tensors[name]) for name, t in again.tensors().items())


def test_the_same_weights_are_the_same_bytes(tmp_path):
    assert written(tmp_path, TENSORS).read_bytes() == written(tmp_path, TENSORS).read_bytes()
    dates = {entry.date_time for entry in zipfile.ZipFile(tmp_path / "w.npz").infolist()}
    assert dates == {(1980, 1, 1, 0, 0, 0)}
