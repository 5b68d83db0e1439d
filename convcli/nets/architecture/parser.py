"""The layer language: a network as a line of text, read into a tree. No arrays.

conv:64,k7,s2,p3 bn relu maxpool:k3,s2,p1      layers in a row; # begins a comment
3*( conv:64,k3,p1 relu )                       repeated
residual( conv:64,k3,p1 bn | conv:64,k1 )      branches that are added; alone, or empty: the input as it is
concat( conv:32,k1 | conv:32,k3,p1 )           branches whose channels are joined
multiply( | gap conv:8,k1 sigmoid )            branches that are multiplied; of one cell an axis: with all of it
block = ( bn relu conv:12,k3,p1 )              a block, used by its name from then on
fire(s,e) = ( conv:{s},k1 relu conv:{e},k3 )   a block with parameters, used as fire(16,64)
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias, TypeVar

from convcli.engine.errors import ConvError, printable
from convcli.nets.architecture.kinds import KINDS, read_layer
from convcli.nets.architecture.layer import Layer

__all__ = ["MOST_LAYERS", "Block", "Join", "Node", "Repeat", "read_chain"]

MOST_LAYERS = 100_000
"""The most layers a text may come to when its repeats are written out."""
_DEEPEST = 60
_JOINS = ("concat", "residual", "multiply")


@dataclass(frozen=True, eq=False, repr=False)
class Block:
    """Layers in a row under a name."""

    name: str
    items: tuple["Node", ...]

    @cached_property
    def leaves(self) -> int:
        """Layers, with all repeats written out."""
        return sum(n.leaves for n in self.items)

    @cached_property
    def depth(self) -> int:
        """Levels of nesting."""
        return 1 + max((n.depth for n in self.items), default=0)


@dataclass(frozen=True, eq=False, repr=False)
class Repeat(Block):
    """Layers in a row, `times` over; every turn has weights of its own."""

    times: int

    @cached_property
    def leaves(self) -> int:
        """Layers, with all repeats written out."""
        return self.times * sum(n.leaves for n in self.items)


@dataclass(frozen=True, eq=False, repr=False)
class Join:
    """Branches on the same input put together: channels joined (concat), added (residual), or multiplied (multiply).

    An empty branch is the input as it is.
    """

    kind: str
    branches: tuple[tuple["Node", ...], ...]
    line: int = 1

    @cached_property
    def leaves(self) -> int:
        """Layers, with all repeats written out, and the joining itself."""
        return 1 + sum(n.leaves for branch in self.branches for n in branch)

    @cached_property
    def depth(self) -> int:
        """Levels of nesting."""
        return 1 + max((n.depth for branch in self.branches for n in branch), default=0)

    @property
    def text(self) -> str:
        """Its name in tables."""
        return self.kind


Node: TypeAlias = Layer | Block | Repeat | Join
_Nested = TypeVar("_Nested", Block, Repeat, Join)


def read_chain(text: str, *, name: str | None = None) -> tuple[Node, ...]:
    """Read a text of layers.

    Parameters
    ----------
    text : str
    name : str, optional
        The file the text is from: errors then name it and the line, and are errors of the data, not of the call.

    Returns
    -------
    tuple of Node

    Raises
    ------
    ConvError
        Text that is no layer: which one, what is wrong with it, what is allowed.

    Examples
    --------
    >>> conv, relu = read_chain("conv:6,k5 relu")
    >>> conv.out, conv.kernel
    (6, (5,))
    >>> [node.leaves for node in read_chain("2*( bn relu ) flatten")]
    [4, 1]
    """
    parser = _Parser(text, name)
    nodes = parser.chain("")
    if not nodes:
        raise parser.wrong("no layers: at least one is needed")
    return nodes


# behind its colon a layer's text may hold numbers with a name: lrn:5,k=2
_WORD = r"[^\s()|=*#:]*:[^\s()|*#]*|[^\s()|=*#:]+"
_TOKEN = re.compile(rf"(?P<skip>\s+|#[^\n]*)|(?P<mark>[()|=*])|(?P<word>{_WORD})")


@dataclass(frozen=True, eq=False, repr=False)
class _Token:
    text: str
    line: int


@dataclass(frozen=True, eq=False, repr=False)
class _Template:
    """A block with parameters: their names, and its body, parentheses included, as it was written."""

    parameters: tuple[str, ...]
    body: tuple[_Token, ...]


@dataclass(frozen=True, eq=False, repr=False)
class _Used:
    """What a template gave: a block, or nothing where it was defined."""

    block: Block | None


class _Parser:
    """Recursive descent over the tokens; one token of look-ahead."""

    def __init__(self, text: str, name: str | None) -> None:
        self.name = name
        self.tokens = list(_tokens(text))
        self.at = 0
        self.layers = 0  # layers read so far: the number of the one that is wrong
        self.blocks: dict[str, Block] = {}
        self.templates: dict[str, _Template] = {}
        self.using: list[str] = []  # templates that are being written out
        self.unused: dict[str, _Token] = {}
        self.open = 0

    def wrong(self, message: str, token: _Token | None = None, *, usage: bool = True) -> ConvError:
        place = ""
        if self.name is not None:
            line = (token or self.tokens[-1]).line if token or self.tokens else 1
            place = f"{printable(self.name)}: line {line}: "
        return ConvError(place + message, usage=usage and self.name is None)

    def peek(self) -> str:
        return self.tokens[self.at].text if self.at < len(self.tokens) else ""

    def take(self) -> _Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def expect(self, mark: str, after: _Token) -> None:
        if self.peek() != mark:
            got = f"'{printable(self.peek())}'" if self.peek() else "the end"
            raise self.wrong(
                f"'{mark}' is missing after '{printable(after.text)}': got {got}", after
            )
        self.take()

    def chain(self, end: str) -> tuple[Node, ...]:
        """Read layers up to a mark in `end`, or to the end of the text."""
        nodes: list[Node] = []
        leaves = 0
        while self.at < len(self.tokens) and self.peek() not in tuple(end):
            node = self.item()
            if node is not None:
                nodes.append(node)
                leaves += node.leaves
            if leaves > MOST_LAYERS:
                raise self.wrong(
                    f"too many layers: {leaves} with repeats written out, {MOST_LAYERS} are allowed"
                )
        if not end and self.unused:
            block, token = next(iter(self.unused.items()))
            raise self.wrong(
                f"block '{block}' is never used: write its name where it belongs", token
            )
        return tuple(nodes)

    def item(self) -> Node | None:
        token = self.take()
        if self.peek() == "(" and (used := self.template(token)):
            return used.block
        if self.peek() == "=" and token.text not in "()|=*":
            self.definition(token)
            return None
        if self.peek() == "*" and token.text not in "()|=*":
            return self.repeat(token)
        if token.text in _JOINS:
            return self.join(token)
        if token.text in self.templates:
            told = f"{token.text}({','.join(self.templates[token.text].parameters)})"
            raise self.wrong(f"block '{token.text}': its values are missing, as in {told}", token)
        if token.text in self.blocks:
            self.unused.pop(token.text, None)
            self.layers += self.blocks[token.text].leaves
            return self.blocks[token.text]
        if token.text in "()|=*":
            raise self.wrong(f"'{token.text}' is out of place: a layer is expected", token)
        self.layers += 1
        try:
            also = [*_JOINS, *self.blocks, *self.templates]
            return read_layer(token.text, line=token.line, also=also)
        except ConvError as error:
            where = "" if self.name is not None else f"layer {self.layers} "
            raise self.wrong(f"{where}'{printable(token.text)}': {error}", token) from error

    def group(self, before: _Token) -> list[tuple[Node, ...]]:
        """Read `( … | … )`: the branches."""
        self.expect("(", before)
        self.open += 1
        if self.open > _DEEPEST:
            raise self.wrong(f"parentheses are nested more than {_DEEPEST} deep", before)
        branches = [self.chain("|)")]
        while self.peek() == "|":
            self.take()
            branches.append(self.chain("|)"))
        if not self.peek():
            raise self.wrong(f"')' is missing for '{printable(before.text)}('", before)
        self.take()
        self.open -= 1
        return branches

    def single(self, before: _Token) -> tuple[Node, ...]:
        branches = self.group(before)
        if len(branches) > 1 or not branches[0]:
            problem = "has branches" if len(branches) > 1 else "is empty"
            raise self.wrong(
                f"'{printable(before.text)} ( … )' {problem}: layers in a row are needed", before
            )
        return branches[0]

    def free(self, name: str, token: _Token) -> None:
        """Refuse a name that cannot be a block's, or is another's."""
        if not re.fullmatch(r"[A-Za-z0-9_][\w.-]*", name):
            place = "at its start" if re.fullmatch(r"[\w.-]+", name) else "in it"
            odd = name[0] if place != "in it" else re.sub(r"[\w.-]", "", name)[0]
            raise self.wrong(
                f"'{printable(name)}' cannot name a block: '{printable(odd)}' {place}, "
                "letters, digits, '_', and further on '.' and '-' are allowed",
                token,
            )
        if name in KINDS or name in _JOINS or name in self.blocks or name in self.templates:
            raise self.wrong(f"'{name}' is taken: a block needs a name of its own", token)

    def template(self, token: _Token) -> "_Used | None":
        """Read `name(a,b) = ( … )` or `name(16,64)`; None where the parenthesis means something else."""
        end = self.closing(self.at)
        words = "".join(t.text for t in self.tokens[self.at + 1 : end])
        defines = [t.text for t in self.tokens[end + 1 : end + 2]] == ["="]
        if not defines and token.text not in self.templates:
            return None
        values = words.split(",")
        self.at = end + 1
        if defines:
            self.free(token.text, token)
            wrong = [v for v in values if not re.fullmatch(r"[A-Za-z_]\w*", v)]
            if wrong or len(set(values)) < len(values):
                raise self.wrong(
                    f"'{token.text}({printable(words)})': names of parameters are needed, each once",
                    token,
                )
            self.take()
            if self.peek() != "(":
                self.expect("(", _Token(f"{token.text}({words}) =", token.line))
            last = self.closing(self.at)
            if last == len(self.tokens):
                raise self.wrong(f"')' is missing for '{token.text}({words}) = ('", token)
            body = tuple(self.tokens[self.at : last + 1])
            self.at = last + 1
            self.templates[token.text] = _Template(tuple(values), body)
            self.unused[token.text] = token
            return _Used(None)
        return _Used(self.written_out(token, values))

    def closing(self, start: int) -> int:
        """Return where a parenthesis is closed, or the end of the text."""
        deep = 0
        for i in range(start, len(self.tokens)):
            deep += {"(": 1, ")": -1}.get(self.tokens[i].text, 0)
            if not deep:
                return i
        return len(self.tokens)

    def written_out(self, token: _Token, values: list[str]) -> Block:
        """Read the body of a block with parameters, its values put in."""
        name, found = token.text, self.templates[token.text]
        if name in self.using:
            raise self.wrong(f"block '{name}' uses itself", token)
        if len(values) != len(found.parameters) or not all(values):
            told = f"{name}({','.join(found.parameters)})"
            got = printable(",".join(values))
            raise self.wrong(f"'{name}({got})': a value for each of {told} is needed", token)
        given = dict(zip(found.parameters, values, strict=True))

        def value(match: re.Match[str]) -> str:
            if match[1] not in given:
                raise self.wrong(f"block '{name}' has no parameter '{match[1]}'", token)
            return given[match[1]]

        body = [_Token(re.sub(r"{(\w+)}", value, t.text), t.line) for t in found.body]
        self.unused.pop(name, None)
        self.using.append(name)
        here = self.tokens, self.at
        self.tokens, self.at = body, 0
        block = Block(name, self.single(token))
        self.tokens, self.at = here
        self.using.pop()
        if self.layers > MOST_LAYERS:
            raise self.wrong(f"too many layers: {MOST_LAYERS} are allowed", token)
        return self.limited(block, token)

    def definition(self, token: _Token) -> None:
        name = token.text
        self.free(name, token)
        self.take()
        if re.fullmatch("[0-9][0-9x/]*", self.peek()):
            value = self.peek()
            raise self.wrong(
                f"'{name}={value}' is neither a layer nor a block: arguments stand behind a layer, "
                f"as in conv:64,k{value}, options as in -k {value}",
                token,
            )
        counted = self.layers
        block = Block(name, self.single(_Token(f"{name} =", token.line)))
        self.layers = counted  # a definition is no layer; its uses are
        self.limited(block, token)
        self.blocks[name] = block
        self.unused[name] = token

    def repeat(self, token: _Token) -> Repeat:
        star = _Token(f"{token.text}*", token.line)
        if not re.fullmatch(r"[0-9]{1,9}", token.text) or int(token.text) < 1:
            raise self.wrong(
                f"repeat '{printable(star.text)}': got '{printable(token.text)}', "
                f"a whole number of at least 1 is needed",
                token,
            )
        self.take()
        if self.peek() in self.blocks or self.peek() in self.templates:
            items: tuple[Node, ...] = tuple(n for n in [self.item()] if n)
        else:
            items = self.single(star)
        return self.limited(Repeat("", items, int(token.text)), token)

    def join(self, token: _Token) -> Join:
        branches = self.group(token)
        if token.text != "concat" and len(branches) == 1:
            branches.append(())
        if not any(branches) or len(branches) < 2:
            raise self.wrong(
                f"'{token.text}( … )': "
                + (
                    "there is nothing in it" if not any(branches) else "branches are set off by '|'"
                ),
                token,
            )
        self.layers += 1
        return self.limited(Join(token.text, tuple(branches), token.line), token)

    def limited(self, node: _Nested, token: _Token) -> _Nested:
        if node.leaves > MOST_LAYERS:
            raise self.wrong(
                f"too many layers: {node.leaves} in '{printable(token.text)}', "
                f"{MOST_LAYERS} are allowed",
                token,
            )
        if node.depth > _DEEPEST:
            raise self.wrong(f"blocks are nested more than {_DEEPEST} deep", token)
        return node


def _tokens(text: str) -> Iterator[_Token]:
    line = 1
    for match in _TOKEN.finditer(text):
        if match.lastgroup != "skip":
            yield _Token(match.group(), line)
        line += match.group().count("\n")
