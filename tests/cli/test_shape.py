"""`convcli shape`: exact output, the error table, and what a terminal shows."""

import csv
import io
import json
import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("call", "out"),
    [
        ("-n 224x224 -k 7 -p 3 -s 2", "112x112"),
        ("-n 224 -k 7 -p 3 -s 2", "112"),
        ("-n 8x8 -k 3 -p 1", "8x8"),
        ("-n 8x8 -k 5x3 -p 2x1", "8x8"),
        ("-n 8x8 -k 3 -p 1 -s 2", "4x4"),
        ("-n 8x8 -k 3x5 -p 0x1 -s 3x4", "2x2"),
        ("-n 8x8 -k 3 -P 2", "8x8"),
        ("-n 8 -k 2 -P 1", "8"),
        ("-n 16x16x8 -k 3x3x3 -p 1", "16x16x8"),
        ("-n 8 -k 3 -p valid", "6"),
        ("-n 9 -k 3 -p same -s 2", "5"),
        ("-n 9 -k 4 -p same-lower", "9"),
        ("-n 8 -k 3 -p full", "10"),
        ("-n 8 -k 3 -p causal", "8"),
        ("-n 8 -k 3 -p 0/1", "7"),
        ("-n 8 -k 3 -d 3", "2"),
        ("-n 4 -k 2 -s 3 -p 1 --ceil", "2"),
        ("-n 1 -k 2 -s 2 -p 1 --ceil", "1"),
        ("-n 112 -k 3 -s 2 -p 1 --transposed --output-padding 1", "224"),
        ("-n 112 -k 3 -s 2 -p 1 --transposed --output-size 224", "224"),
        ("-n 7 -k 4 -s 2 -p same --transposed", "14"),
    ],
)
def test_one_line_in_a_pipe(convcli, call, out):
    done = convcli("shape", *call.split())
    assert (done.status, done.text, done.err) == (0, out + "\n", "")


def test_json(convcli):
    done = convcli(
        "shape", "-n", "9x8", "-k", "4x3", "-s", "2", "-p", "same", "-d", "1x2", "--json"
    )
    assert json.loads(done.text) == {
        "input": [9, 8],
        "kernel": [4, 3],
        "stride": [2, 2],
        "dilation": [1, 2],
        "padding": [[1, 2], [1, 2]],
        "output": [5, 4],
        "unused": [0, 4],
    }
    assert list(json.loads(done.text))[-2:] == ["output", "unused"]


def test_json_of_a_transposed_convolution(convcli):
    done = convcli(
        *[
            "shape",
            "-n",
            "4",
            "-k",
            "3",
            "-s",
            "2",
            "-p",
            "1",
            "--transposed",
            "--output-padding",
            "1",
            "--json",
        ]
    )
    assert json.loads(done.text) == {
        "input": [4],
        "kernel": [3],
        "stride": [2],
        "dilation": [1],
        "padding": [[1, 1]],
        "output": [8],
        "output_padding": [1],
    }


def test_three_axes_and_one_number_point_to_the_chain(convcli):
    done = convcli(*["shape", "-n", "32x224x224", "-k", "3"])
    assert done.text == "30x222x222\n"
    assert done.err == (
        "convcli: note: 32x224x224 is three spatial axes here; for C×H×W write a layer: "
        "convcli shape -n 32x224x224 conv:OUT,k3\n"
    )
    assert convcli(*["shape", "-n", "32x224x224", "-k", "3x3x3"]).err == ""


def test_explain(convcli):
    assert convcli(*["shape", "-n", "6", "-k", "3", "-s", "2", "--explain"]).text == (
        "kernel          k' = k = 3\n"
        "padding         0 before, 0 after: 6 + 0 = 6 rows\n"
        "room            6 − 3 = 3 rows to move in, 2 at a time\n"
        "output          ⌊(n + before + after − k')/s⌋ + 1\n"
        "                ⌊(6 − 3)/2⌋ + 1 = 2\n"
        "unused          1 row of the input that no window reads\n"
        "\n"
        "row       0 1 2 3 4 5\n"
        "window 0  ■ ■ ■\n"
        "window 1      ■ ■ ■\n"
        "unused              x\n"
    )


# the inverse


def test_the_inverse_in_a_pipe_is_what_a_csv_in_takes(convcli):
    found = convcli("shape", "-n", "224", "--out", "56")
    rows = list(csv.reader(io.StringIO(found.text)))
    assert rows[:3] == [
        ["n", "k", "p", "s", "d"],
        ["224", "4", "0", "4", "1"],
        ["224", "7", "3", "4", "1"],
    ]
    again = convcli("shape", "-", stdin=found.out)
    answers = list(csv.DictReader(io.StringIO(again.text)))
    assert len(answers) == len(rows) - 1
    assert {a["out"] for a in answers} == {"56"}


def test_the_inverse_keeps_ceil(convcli):
    found = convcli(*["shape", "-n", "4x4", "-k", "2", "-s", "3", "--out", "2x2", "--ceil"])
    assert found.text == "n,k,p,s,d,ceil\n4x4,2x2,0x0,3x3,1x1,1\n4x4,2x2,1x1,3x3,1x1,1\n"
    assert [
        a["out"] for a in csv.DictReader(io.StringIO(convcli("shape", "-", stdin=found.out).text))
    ] == ["2x2"] * 2


def test_the_range_of_inputs(convcli):
    done = convcli(*["shape", "--out", "7", "-k", "3", "-s", "2", "-p", "1", "--json"])
    layer = {"kernel": [3], "padding": [[1, 1]], "stride": [2], "dilation": [1]}
    assert json.loads(done.text) == {
        "solutions": [{"input": [13], **layer}, {"input": [14], **layer}]
    }


def test_wider_bounds(convcli):
    assert convcli(*["shape", "-n", "224", "--out", "14"]).status == 1
    done = convcli(
        *["shape", "-n", "224", "--out", "14", "--max-stride", "16", "--max-kernel", "16"]
    )
    assert "224,16,0,16,1\n" in done.text


# chains


def test_a_chain_in_a_pipe(convcli):
    done = convcli(
        *[
            "shape",
            "-n",
            "1x28x28",
            "conv:6,k5,p0/1x2",
            "relu",
            "2*(",
            "maxpool:k2",
            ")",
            "gap",
            "flatten",
            "linear:10",
        ]
    )
    assert done.text == (
        "layer,output,params,macs,rf,jump,start,kernel,stride,padding,rf_h,rf_w\n"
        '"conv:6,k5,p0/1x2",6x25x28,156,105000,5x5,1x1,0x-2,5,1,0/1x2,5,5\n'
        "relu,6x25x28,0,0,5x5,1x1,0x-2,,,,5,5\n"
        "maxpool:k2,6x12x14,0,0,6x6,2x2,0x-2,2,2,0,6,6\n"
        "maxpool:k2,6x6x7,0,0,8x8,4x4,0x-2,2,2,0,8,8\n"
        "gap,6x1x1,0,0,,,,,,,,\n"
        "flatten,6,0,0,,,,,,,,\n"
        "linear:10,10,70,60,,,,,,,,\n"
    )


def test_flops_and_what_else_is_counted(convcli):
    done = convcli(
        *["shape", "-n", "2x4", "conv:3,k1", "bn", "relu", "--flops", "--count", "bias,bn"]
    )
    assert done.text == (
        "layer,output,params,macs,rf,jump,start,flops,kernel,stride,padding,rf_h,rf_w\n"
        '"conv:3,k1",3x4,9,36,1,1,0,60,1,1,0,,1\n'
        "bn,3x4,6,12,1,1,0,24,,,,,1\n"
        "relu,3x4,0,0,1,1,0,0,,,,,1\n"
    )


def test_a_chain_as_json(convcli):
    done = convcli(*["shape", "-n", "3x8", "conv:4,k3,s2", "convt:2,k2,s2", "flatten", "--json"])
    assert json.loads(done.text) == {
        "input": [3, 8],
        "input_text": "3 channels × length 8",
        "layers": [
            {
                "layer": "conv:4,k3,s2",
                "kind": "conv",
                "output": [4, 3],
                "params": 40,
                "macs": 108,
                "rf": [3],
                "jump": [2],
                "start": [0],
            },
            {
                "layer": "convt:2,k2,s2",
                "kind": "convt",
                "output": [2, 6],
                "params": 18,
                "macs": 48,
                "rf": [3],
                "jump": [1],
                "start": [0],
            },
            {
                "layer": "flatten",
                "kind": "flatten",
                "output": [12],
                "params": 0,
                "macs": 0,
                "rf": None,
                "jump": None,
                "start": None,
            },
        ],
        "totals": {"params": 58, "macs": 156, "buffers": 0, "activations": 36},
    }


def test_half_a_step_in_json(convcli):
    done = convcli(*["shape", "-n", "1x8", "convt:1,k4,s2,p1", "--json", "--flops"])
    layer = json.loads(done.text)["layers"][0]
    assert (layer["jump"], layer["flops"]) == ([0.5], 64)
    assert ",1/2," in convcli(*["shape", "-n", "1x8", "convt:1,k4,s2,p1"]).text


def test_layers_from_a_file_and_from_standard_input(convcli, tmp_path):
    text = "# a net\nstem = (\n  conv:4,k3   # first\n  relu )\nstem\nmaxpool:k2\n"
    (tmp_path / "net.txt").write_text(text)
    one = convcli("shape", "-n", "3x8x8", "--layers", "net.txt")
    other = convcli("shape", "-n", "3x8x8", "--layers", "-", stdin=text.encode())
    assert (one.status, one.text) == (0, other.text)
    assert one.text.count("\n") == 4


def test_code(convcli):
    assert convcli(
        *["shape", "-n", "224", "-k", "7", "-s", "2", "-p", "3", "--code", "torch"]
    ).text == ("nn.Conv1d(1, 1, kernel_size=7, stride=2, padding=3)\n")
    assert convcli(
        *[
            "shape",
            "-n",
            "4x4",
            "-k",
            "3",
            "-s",
            "2",
            "-p",
            "1",
            "--code",
            "torch",
            "--transposed",
            "--output-size",
            "8x8",
        ]
    ).text == ("nn.ConvTranspose2d(1, 1, kernel_size=3, stride=2, padding=1, output_padding=1)\n")
    assert convcli(*["shape", "-n", "3x8x8", "conv:4,k3", "relu", "--code", "torch"]).text == (
        "from torch import nn\n\n"
        "net = nn.Sequential(\n    nn.Conv2d(3, 4, kernel_size=3),\n    nn.ReLU(),\n)\n"
        "# net(torch.zeros(1, 3, 8, 8))\n"
    )


# CSV rows


def test_rows_are_answered(convcli):
    given = b'id,n,k,p,s,d,ceil\na,8,3,1,2,,\n"b,c",8x9,3,same,2,1,\nc,4,2,1,3,1,true\n\nd,7,3,0/1,,2,0\n'
    done = convcli("shape", "-", stdin=given)
    assert (done.status, done.err) == (0, "")
    assert done.text == (
        "id,n,k,p,s,d,ceil,out\n"
        "a,8,3,1,2,,,4\n"
        '"b,c",8x9,3,same,2,1,,4x5\n'
        "c,4,2,1,3,1,true,2\n"
        "d,7,3,0/1,,2,0,4\n"
    )


def test_options_fill_what_rows_leave_out(convcli):
    done = convcli(
        "shape", "-", "-k", "3", "-p", "same", "-s", 2, stdin=b"\xef\xbb\xbfn\r\n8\r\n9\r\n"
    )
    assert done.text == "n,out\n8,4\n9,5\n"


def test_a_bad_row_names_its_line_and_the_good_ones_come(convcli):
    done = convcli(
        "shape", "-", stdin=b"n,k,ceil\n8,3,\nx,3,\n2,5,\n9,3\n\n7,,\n7,1,maybe\n6,3,no\n"
    )
    assert done.status == 1
    assert done.text == "n,k,ceil,out\n8,3,,6\n6,3,no,4\n"
    assert done.err == (
        "convcli: error: -: line 3: n: got 'x', whole numbers of at least 1 (joined by x) are allowed\n"
        "convcli: error: -: line 4: kernel 5 does not fit: it is larger than the input 2 on axis 0\n"
        "convcli: error: -: line 5: got 2 cells, the head has 3\n"
        "convcli: error: -: line 7: k is blank, and no -k is given\n"
        "convcli: error: -: line 8: ceil: got 'maybe', 1, true, yes or 0, false, no are allowed\n"
        "convcli: error: -: 5 of 7 rows have no answer\n"
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (b"", "-: line 1: no column of n, k, p, s, d, ceil in the head, got ''"),
        (b"a,b\n1,2\n", "-: line 1: no column of n, k, p, s, d, ceil in the head, got 'a,b'"),
        (b"n\n8\n", "-: line 1: no column 'k', and no -k is given"),
        (b"n,n,k\n", "-: line 1: column 'n' is there twice"),
        (b"n,k,out\n", "-: line 1: column 'out' is there already"),
    ],
)
def test_a_bad_head(convcli, given, message):
    done = convcli("shape", "-", stdin=given)
    assert (done.status, done.text, done.err) == (1, "", f"convcli: error: {message}\n")


def test_bytes_that_are_no_text_pass_through(convcli):
    done = convcli("shape", "-", stdin=b"name,n,k\n\xff\xfe,8,3\n")
    assert done.out == b"name,n,k,out\n\xff\xfe,8,3,6\n"


def test_a_row_is_answered_before_the_next_one_comes(tmp_path):
    call = [sys.executable, "-m", "convcli", "shape", "-"]
    with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path) as at:
        at.stdin.write(b"n,k\n8,3\n")
        at.stdin.flush()
        assert at.stdout.readline() == b"n,k,out\n"
        assert at.stdout.readline() == b"8,3,6\n"
        at.stdin.write(b"9,3\n")
        at.stdin.flush()
        assert at.stdout.readline() == b"9,3,7\n"
        at.stdin.close()
        assert at.wait(timeout=30) == 0


def test_a_reader_that_goes_away_is_no_error(tmp_path):
    read, write = os.pipe()
    os.close(read)
    call = [sys.executable, "-m", "convcli", "shape", "-"]
    done = subprocess.run(
        call, input=b"n,k\n" + b"8,3\n" * 1000, stdout=write, stderr=subprocess.PIPE, cwd=tmp_path
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


# errors

CONV = "conv:OUT,kK[,sS][,pP][,dD][,gG][,nobias]"
SIZES = "whole numbers of at least 1 (joined by x) are allowed (see convcli shape --help)"
RANGE = "whole numbers from 1 to 1000000000 are allowed (see convcli shape --help)"
ERRORS = [
    ("", 2, "--input: missing (see convcli shape --help)"),
    ("-n 8", 2, "--kernel: missing (see convcli shape --help)"),
    ("-k 3", 2, "--input: missing (see convcli shape --help)"),
    ("-n 8 -k 0", 2, f"--kernel: got '0', {RANGE}"),
    ("-n 8 -k 3x", 2, f"--kernel: got '3x', {SIZES}"),
    (
        "-n 8,8 -k 3",
        2,
        f"--input: got '8,8', {SIZES.replace(' (see', ': did you mean 8x8? (see')}",
    ),
    ("-n 8 -k 3 -s 0", 2, f"--stride: got '0', {RANGE}"),
    ("-n 8 -k 3 -s 1.5", 2, f"--stride: got '1.5', {SIZES}"),
    ("-n 8 -k 3 -d 0", 2, f"--dilation: got '0', {RANGE}"),
    (
        "-n 8 -k 3 -p smae",
        2,
        "--padding: unknown padding 'smae', did you mean 'same'? "
        "known: valid, same, same-lower, full, causal (see convcli shape --help)",
    ),
    (
        "-n 8 -k 3 -p 1/2/3",
        2,
        "--padding: got '1/2/3', rows per side (1, 2x1), before/after (0/1x0/1) are allowed "
        "(see convcli shape --help)",
    ),
    ("-n 8 -k 3 -p 1 -P 2", 2, "-p and -P: got both, one of them is allowed"),
    ("-n 8x8 -k 3x3x3", 2, "kernel: got 3x3x3 for 2 axes, one number or 2 are needed"),
    ("-n 8x8 -k 3 -p 1x1x1", 2, "padding: got 3 axes, the input has 2 (8x8)"),
    ("-n 4 -k 5", 1, "kernel 5 does not fit: it is larger than the input 4 on axis 0"),
    (
        "-n 4 -k 3 -d 2",
        1,
        "kernel 3 (5 with dilation 2) does not fit: it is larger than the input 4 on axis 0",
    ),
    ("-n 1x2x3x4 -k 1", 2, "--input: got 1x2x3x4, 1 to 3 axes are allowed, all spatial"),
    ("-n 8 -k 3 --output-padding 1", 2, "--output-padding: goes with --transposed only"),
    ("-n 8 -k 3 --output-size 9", 2, "--output-size: goes with --transposed only"),
    ("-n 8 -k 3 --transposed --ceil", 2, "--ceil: does not go with --transposed"),
    (
        "-n 8 -k 3 --transposed --output-padding 1",
        1,
        "output-padding: got 1 on axis 0, 0 is allowed (below the stride or the dilation)",
    ),
    (
        "-n 8 -k 3 --transposed -s 2 --output-size 30",
        1,
        "output-size: got 30 on axis 0, 17 to 18 are allowed (below the stride or the dilation)",
    ),
    (
        "-n 8 -k 3 --transposed -p 9",
        1,
        "padding 9/9 leaves nothing on axis 0: the result has 10 rows before it is cut",
    ),
    ("-n 8 -k 3 --flops", 2, "--flops: does not go with one operation"),
    ("-n 8 -k 3 --max-kernel 9", 2, "--max-kernel: does not go with one operation"),
    ("-n 8 --out 3 --explain", 2, "--explain: does not go with --out"),
    ("-n 3x8 relu -k 3", 2, "--kernel: does not go with layers"),
    ("- --json", 2, "--json: does not go with a CSV on standard input"),
    ("-n 8 -k 3 --code jax", 2, "--code: 'jax' is not one of 'torch' (see convcli shape --help)"),
    (
        "-n 8 --out 5 --max-stride 0",
        2,
        "--max-stride: got '0', a whole number of at least 1 is needed (see convcli shape --help)",
    ),
    ("-n 8 --out 5x5", 2, "out: got 5x5, the input 8 has another number of axes"),
    (
        "-n 8 --out 100",
        1,
        "no layer gives the output 100 with k <= 11, s <= 8, p <= k'//2; "
        "the nearest that can be reached: 9",
    ),
    (
        "-n 8 -k 3 -p 0 -s 1 --out 5",
        1,
        "no layer gives the output 5; the nearest that can be reached: 6",
    ),
    ("relu", 2, "--input: missing, the chain needs C, CxL, CxHxW or CxDxHxW"),
    ("-n 3x8 relu --layers x", 2, "--layers: got layers in the call as well, one is allowed"),
    (
        "-n 3x8 relu --count bm",
        2,
        "unknown --count 'bm', known: bias, bn, pool, act",
    ),
    ("-n 3x8 conv:4", 2, f"layer 1 'conv:4': its kernel is missing, {CONV} is allowed"),
    ("-n 3x8 relu conv:4,k3,q", 2, f"layer 2 'conv:4,k3,q': got 'q', {CONV} is allowed"),
    (
        "-n 3x8x8 relu conv:4,k9",
        1,
        "layer 2 'conv:4,k9', input 3x8x8: "
        "kernel 9 does not fit: it is larger than the input 8 on axis 0 (kernel 9x9, input 8x8)",
    ),
    ("-n 3x8 --layers none.txt", 1, "none.txt: no such file or directory"),
    ("-n 3x8 --layers .", 1, ".: is a directory"),
    ("-n 3x8 --layers latin.txt", 1, "latin.txt: line 2 is no UTF-8 text"),
    ("-n 3x8 --layers empty.txt", 1, "empty.txt: line 1: no layers: at least one is needed"),
    (
        "-n 3x8 --layers bad.txt",
        1,
        f"bad.txt: line 2: 'conv:4': its kernel is missing, {CONV} is allowed",
    ),
    (
        "-n 3x8 --layers deep.txt",
        1,
        "deep.txt: layer 2 'conv:4,k9' (line 2), input 3x8: "
        "kernel 9 does not fit: it is larger than the input 8 on axis 0",
    ),
    (
        "-n 3x9 avgpool:k3,d2 --code torch",
        1,
        "'avgpool:k3,d2': PyTorch's average pooling has no dilation, "
        "the other layers on 3x9 can be written",
    ),
]


@pytest.mark.parametrize(("call", "status", "message"), ERRORS)
def test_errors(convcli, tmp_path, call, status, message):
    (tmp_path / "latin.txt").write_bytes(b"relu\n\xe9\n")
    (tmp_path / "empty.txt").write_text("# nothing\n")
    (tmp_path / "bad.txt").write_text("relu\nconv:4\n")
    (tmp_path / "deep.txt").write_text("relu\nconv:4,k9\n")
    done = convcli("shape", *call.split())
    assert (done.status, done.text, done.err) == (status, "", f"convcli: error: {message}\n")


# terminals


def test_a_terminal_shows_the_padding_the_formula_and_the_difference(terminal):
    assert terminal("shape", "-n", "224x9", "-k", "7x3", "-p", "3x0", "-s", "2x5") == (
        "112x2\n"
        "axis  input  kernel  stride  padding  output  unused\n"
        "────────────────────────────────────────────────────\n"
        "   0    224       7       2  3/3         112       0\n"
        "   1      9       3       5  0/0           2       3\n"
        "⌊(224 + 3 + 3 − 7)/2⌋ + 1 = 112\n"
        "⌊(9 − 3)/5⌋ + 1 = 2\n"
        "-p counts per side, as PyTorch and ONNX; the chapter's p counts both: 6x0."
    )


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_no_line_of_a_table_is_broken(terminal, columns):
    shown = terminal(
        *("shape", "-n", "3x224x224", "conv:64,k11,s4,p2", "relu", "maxpool:k3,s2"),
        *("flatten", "linear:4096"),
        columns=columns,
    ).splitlines()
    assert max(map(len, shown)) <= columns
    total = next(line for line in shown if "total" in line)
    assert "191,130,368  261,379,776" in total
    assert shown[0].strip() == "input 3 channels × 224x224"
    assert ("padding" in shown[1]) == (columns == 120)
    assert ("Too narrow for:" in "\n".join(shown)) == (columns < 120)


def test_a_terminal_shows_solutions_with_their_bounds(terminal):
    shown = terminal(*["shape", "--out", "7", "-k", "3", "-s", "2", "-p", "1"])
    assert "13 to 14" in shown
    assert "k <= 11, s <= 8, p <= k'//2; --max-kernel" in shown


@pytest.mark.parametrize(
    ("call", "loads"),
    [
        (["-n", "8", "-k", "3"], False),
        (["-n", "8", "-k", "3", "--json"], False),
        (["-n", "3x8x8", "conv:6,k3"], False),
        (["-n", "3x8x8", "conv:6,k3", "--json"], False),
        (["-n", "3x8x8", "conv:6,k3", "--code", "torch"], True),
        (["-n", "8", "-k", "3", "--code", "torch"], True),
    ],
)
def test_pytorch_lines_are_loaded_only_for_code(call, loads):
    code = (
        f"import sys\nfrom convcli.cli import run\nrun(['shape', *{call!r}])\n"
        "sys.exit('convcli.nets.architecture.torch_code' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True)
    assert done.returncode == loads, done.stderr


def test_out_of_a_chain(convcli, tmp_path, terminal):
    done = convcli("shape", "--out", "2x3", "conv:8,k3,s2", "maxpool:k2")
    assert (done.status, done.err) == (0, "")
    assert done.text.splitlines() == [
        "n",
        *(f"{h}x{w}" for h in range(9, 13) for w in range(13, 17)),
    ]
    again = convcli("shape", "--out", "2", "-n", "4", "conv:8,k3,s2,g4 maxpool:k2", "--json")
    assert json.loads(again.text) == {"inputs": [[9], [10], [11], [12]]}
    (tmp_path / "net.txt").write_text("residual( maxpool:k4 upsample:4 )\n")
    found = convcli("shape", "--out", "8x8", "--layers", "net.txt")
    assert found.text == "n\n8x8\n"
    missed = convcli("shape", "--out", "9x8", "--layers", "net.txt")
    assert (missed.status, missed.err) == (
        1,
        "convcli: error: net.txt: no input gives the output 9 on axis 0: at 9 rows branches that "
        "join differ\n",
    )
    shown = terminal("shape", "--out", "7x7", "conv:64,k7,s2,p3 maxpool:k3,s2,p1")
    assert "25 to 28" in shown


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            ["-n", "3x9x9"],
            "--input: got 3x9x9, with --out and layers the channels alone are needed",
        ),
        (["--flops"], "--flops: does not go with layers with --out"),
    ],
)
def test_out_of_a_chain_errors(convcli, call, message):
    done = convcli("shape", "--out", "7x7", "relu", *call)
    assert (done.status, done.out) == (2, b"")
    assert done.err.startswith(f"convcli: error: {message}")
