"""The layer language: what is read, and every error exactly."""

import pytest

from convcli.engine.errors import ConvError
from convcli.engine.sizes.geometry import Padding
from convcli.nets.architecture import parser
from convcli.nets.architecture.kinds import KINDS, read_layer
from convcli.nets.architecture.layer import Layer
from convcli.nets.architecture.parser import MOST_LAYERS, Block, Join, Repeat, read_chain
from convcli.nets.architecture.steps import program


def written(nodes) -> str:
    """Write a tree back, all blocks and repeats in place."""
    parts = []
    for node in nodes:
        if isinstance(node, Layer):
            parts.append(node.text)
        elif isinstance(node, Join):
            branches = " | ".join(written(b) for b in node.branches)
            parts.append(f"{node.kind}({branches})")
        elif isinstance(node, Repeat):
            parts.append(f"{node.times}*({written(node.items)})")
        else:
            assert isinstance(node, Block)
            parts.append(f"{node.name}=({written(node.items)})")
    return " ".join(parts)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("conv:6,k5 relu", "conv:6,k5 relu"),
        ("conv:6,k5 # the first\n# all of it\nrelu\n", "conv:6,k5 relu"),
        ("2*(bn relu)", "2*(bn relu)"),
        ("2 * ( bn 3*( relu ) )", "2*(bn 3*(relu))"),
        ("residual(bn)", "residual(bn | )"),
        ("residual( conv:4,k1 | conv:4,k3 )", "residual(conv:4,k1 | conv:4,k3)"),
        ("concat( | bn | relu tanh )", "concat( | bn | relu tanh)"),
        ("a = ( bn relu ) a conv:1,k1 a", "a=(bn relu) conv:1,k1 a=(bn relu)"),
        ("a = ( bn ) b = ( a relu ) 2*b", "2*(b=(a=(bn) relu))"),
        ("stem.1 = (bn)\nstem.1", "stem.1=(bn)"),
    ],
)
def test_trees(text, tree):
    assert written(read_chain(text)) == tree


def test_a_layer_holds_what_its_text_says():
    layer = read_layer("conv:64,k3x5,s2,p0/1x2,d2,g4,nobias", line=7)
    assert layer == Layer(
        "conv",
        "conv:64,k3x5,s2,p0/1x2,d2,g4,nobias",
        7,
        out=64,
        kernel=(3, 5),
        stride=(2,),
        padding=Padding("explicit", ((0, 1), (2, 2))),
        dilation=(2,),
        groups=4,
        bias=False,
    )
    assert read_layer("convt:3,k4,s2,op1").output_padding == (1,)
    assert read_layer("avgpool:k3,ceil,pad").count_padding
    assert read_layer("dropout:0.25").rate == 0.25
    lrn = read_layer("lrn:3,alpha=1e-3,beta=.5,k=2")
    assert (lrn.out, lrn.alpha, lrn.beta, lrn.offset) == (3, 1e-3, 0.5, 2)
    assert read_layer("bn:0.001").eps == 0.001
    assert read_layer("adaptive:7x5").cells == (7, 5)
    assert read_layer("conv:3,k3,psame").padding == Padding("same")


def test_leaves_are_counted_with_repeats():
    block, *_ = read_chain("a = ( bn relu ) residual( 5*a ) a")
    assert block.leaves == 11


KNOWN = ", ".join([*KINDS, "concat", "residual", "multiply"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no layers: at least one is needed"),
        ("# nothing", "no layers: at least one is needed"),
        (
            "relu convv:4,k3",
            f"layer 2 'convv:4,k3': unknown layer 'convv', did you mean 'conv'? known: {KNOWN}",
        ),
        ("q", f"layer 1 'q': unknown layer 'q', known: {KNOWN}"),
        (
            "conv:4",
            "layer 1 'conv:4': its kernel is missing, "
            "conv:OUT,kK[,sS][,pP][,dD][,gG][,nobias] is allowed",
        ),
        ("linear", "layer 1 'linear': its out is missing, linear:OUT[,nobias][,each] is allowed"),
        ("relu:", "layer 1 'relu:': got '', relu is allowed"),
        ("dropout:2", "layer 1 'dropout:2': got '2', dropout[:RATE] is allowed"),
        ("lrn:5,5", "layer 1 'lrn:5,5': got '5', lrn[:SIZE][,alpha=A][,beta=B][,k=K] is allowed"),
        (
            "lrn:5,gamma=1",
            "layer 1 'lrn:5,gamma=1': got 'gamma=1', lrn[:SIZE][,alpha=A][,beta=B][,k=K] is allowed",
        ),
        ("lrn:5,k=0", "layer 1 'lrn:5,k=0': k: got '0', a number above 0 is allowed"),
        (
            "lrn:alpha=-1",
            "layer 1 'lrn:alpha=-1': alpha: got '-1', a number of at least 0 is allowed",
        ),
        ("lrn:k=1,k=2", "layer 1 'lrn:k=1,k=2': offset is given twice"),
        ("bn:k=2", "layer 1 'bn:k=2': got 'k=2', bn[:EPS] is allowed"),
        (
            "maxpool:k3,pad",
            "layer 1 'maxpool:k3,pad': got 'pad', maxpool:kK[,sS][,pP][,dD][,ceil] is allowed",
        ),
        (
            "dwconv:k3,g2",
            "layer 1 'dwconv:k3,g2': got 'g2', dwconv:[OUT,]kK[,sS][,pP][,dD][,nobias] is allowed",
        ),
        ("conv:4,k3,k5", "layer 1 'conv:4,k3,k5': kernel is given twice"),
        (
            "conv:4,k0",
            "layer 1 'conv:4,k0': kernel: got '0', whole numbers from 1 to 1000000000 are allowed",
        ),
        (
            "conv:4,k3,p",
            "layer 1 'conv:4,k3,p': padding: got '', "
            "whole numbers of at least 0 (joined by x) are allowed",
        ),
        ("conv:4x4,k3", "layer 1 'conv:4x4,k3': out: got '4x4', one number is allowed"),
        (
            "convt:4,k3,o3",
            "layer 1 'convt:4,k3,o3': got 'o3', "
            "convt:OUT,kK[,sS][,pP][,dD][,gG][,opO][,nobias] is allowed",
        ),
        ("conv:4,k3,g2x2", "layer 1 'conv:4,k3,g2x2': groups: got '2x2', one number is allowed"),
        ("2*( relu", "')' is missing for '2*('"),
        ("2* relu", "'(' is missing after '2*': got 'relu'"),
        ("concat", "'(' is missing after 'concat': got the end"),
        ("concat( bn )", "'concat( … )': branches are set off by '|'"),
        ("residual( )", "'residual( … )': there is nothing in it"),
        ("relu | relu", "'|' is out of place: a layer is expected"),
        ("x*( relu )", "repeat 'x*': got 'x', a whole number of at least 1 is needed"),
        ("2*( )", "'2* ( … )' is empty: layers in a row are needed"),
        ("2*( bn | relu )", "'2* ( … )' has branches: layers in a row are needed"),
        ("a = ( bn )", "block 'a' is never used: write its name where it belongs"),
        ("bn = ( relu ) bn", "'bn' is taken: a block needs a name of its own"),
        ("a = (bn) a = (bn)", "'a' is taken: a block needs a name of its own"),
        (
            "a,b = (bn)",
            "'a,b' cannot name a block: ',' in it, "
            "letters, digits, '_', and further on '.' and '-' are allowed",
        ),
        (
            "-a = (bn)",
            "'-a' cannot name a block: '-' at its start, "
            "letters, digits, '_', and further on '.' and '-' are allowed",
        ),
        (
            "é = (bn)",
            "'é' cannot name a block: 'é' at its start, "
            "letters, digits, '_', and further on '.' and '-' are allowed",
        ),
        (
            f"{MOST_LAYERS}*( bn relu )",
            f"too many layers: {2 * MOST_LAYERS} in '{MOST_LAYERS}', {MOST_LAYERS} are allowed",
        ),
        (
            "9999*( 9999*( 9999*( bn ) ) )",
            f"too many layers: 99980001 in '9999', {MOST_LAYERS} are allowed",
        ),
        (
            "99999*( bn ) bn bn",
            f"too many layers: {MOST_LAYERS + 1} with repeats written out, {MOST_LAYERS} are allowed",
        ),
        ("2*(" * 70 + "bn" + ")" * 70, "parentheses are nested more than 60 deep"),
        ("relu:\x1b[31m", "layer 1 'relu:\\x1b[31m': got '\\x1b[31m', relu is allowed"),
    ],
)
def test_errors(text, message):
    with pytest.raises(ConvError) as caught:
        read_chain(text)
    assert str(caught.value) == message
    assert caught.value.usage


def test_an_error_in_a_file_names_file_and_line_and_is_no_wrong_call():
    with pytest.raises(ConvError) as caught:
        read_chain("bn\n# x\nrelux\n", name="net.txt")
    assert str(caught.value).startswith("net.txt: line 3: 'relux': unknown layer 'relux', did you")
    assert not caught.value.usage


def test_a_block_s_name_may_begin_with_a_digit():
    steps = program(read_chain("0 = ( conv:6,k5 ) 3 = ( linear:2 ) 0 relu flatten 3"), (1, 9, 9))
    assert [step.name for step in steps] == ["0", "relu", "flatten", "3"]
    nodes = read_chain("3x3 = ( bn relu ) 2 = ( bn ) 2*3x3 2*2")
    assert sum(node.leaves for node in nodes) == 6


def test_doubling_blocks_cost_no_time():
    text = "a0 = ( bn ) " + " ".join(f"a{i} = ( a{i - 1} a{i - 1} )" for i in range(1, 50)) + " a49"
    with pytest.raises(ConvError, match="too many layers"):
        read_chain(text)


def test_deep_names_do_not_run_out_of_stack():
    text = "a0 = ( bn ) " + " ".join(f"a{i} = ( a{i - 1} )" for i in range(1, 500)) + " a499"
    with pytest.raises(ConvError, match="blocks are nested more than 60 deep"):
        read_chain(text)


def test_blocks_with_parameters():
    """What a use of a block stands for is what its text says with the values put in."""
    fire = "fire(s, e,n) = ( conv:{s},k1 {n}*( relu ) concat( conv:{e},k1 | conv:{e},k3,p1 ) ) "
    uses = "fire(3,8,2) 2*fire( 5, 6,1 ) residual( fire(1,2,1) | conv:4,k1 )"
    plain = """
        conv:3,k1 relu relu concat( conv:8,k1 | conv:8,k3,p1 )
        2*( conv:5,k1 relu concat( conv:6,k1 | conv:6,k3,p1 ) )
        residual( conv:1,k1 relu concat( conv:2,k1 | conv:2,k3,p1 ) | conv:4,k1 )
    """
    steps = program(read_chain(fire + uses), (3, 9, 9))
    same = program(read_chain(plain), (3, 9, 9))
    assert [(s.text, s.inputs, s.output) for s in steps] == [
        (s.text, s.inputs, s.output) for s in same
    ]
    assert steps[0].name == "fire1.conv1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a(x) = ( relu )", "block 'a' is never used: write its name where it belongs"),
        ("a(x) = ( relu ) a", "block 'a': its values are missing, as in a(x)"),
        ("a(x,y) = ( relu ) a(1)", "'a(1)': a value for each of a(x,y) is needed"),
        ("a(x,y) = ( relu ) a(1,)", "'a(1,)': a value for each of a(x,y) is needed"),
        ("a(x) = ( conv:{y},k1 ) a(2)", "block 'a' has no parameter 'y'"),
        ("a(x) = ( a(2) ) a(2)", "block 'a' uses itself"),
        ("a(x) = ( b(2) ) b(x) = ( a(1) ) a(2)", "block 'a' uses itself"),
        ("a(x,x) = ( relu ) a(1,1)", "'a(x,x)': names of parameters are needed, each once"),
        ("a(1) = ( relu ) a(1)", "'a(1)': names of parameters are needed, each once"),
        ("a(x) = relu a(1)", "'(' is missing after 'a(x) =': got 'relu'"),
        ("a(x) = ( relu", "')' is missing for 'a(x) = ('"),
        ("relu(x) = ( bn ) relu(1)", "'relu' is taken: a block needs a name of its own"),
        ("a(x) = ( bn ) a(y) = ( bn ) a(1)", "'a' is taken: a block needs a name of its own"),
        ("a(x) = ( conv:{x},k1 ) a(w)",
         "layer 1 'conv:w,k1': got 'w', conv:OUT,kK[,sS][,pP][,dD][,gG][,nobias] is allowed"),
        ("a(x) = ( bn | relu ) a(1)", "'a ( … )' has branches: layers in a row are needed"),
    ],
)  # fmt: skip
def test_errors_of_blocks_with_parameters(text, message):
    with pytest.raises(ConvError) as caught:
        read_chain(text)
    assert str(caught.value) == message


def test_blocks_of_blocks_stop_at_the_limit(monkeypatch):
    monkeypatch.setattr(parser, "MOST_LAYERS", 500)
    doubled = "".join(f"a{i}(x) = ( a{i - 1}(1) a{i - 1}(1) ) " for i in range(1, 40))
    with pytest.raises(ConvError, match="too many layers: 500 are allowed"):
        read_chain(f"a0(x) = ( relu ) {doubled} a39(1)")
