"""The app: the table of commands, and the one place where errors become messages and exit codes."""

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from functools import cached_property
from importlib import import_module
from types import FrameType, ModuleType
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from convcli import __version__, terminal
from convcli.engine.errors import ConvError, one_of, printable, shortened, told
from convcli.options import OUTPUT, RARER, Debugging
from convcli.terminal.streams import secure, settle

__all__ = ["COMMANDS", "GROUPS", "Exit", "main", "run"]

COMMANDS = {
    "shape": "Output size of a layer or a chain of layers; parameters, receptive field.",
    "corr": "Cross-correlate a picture or an array with a kernel, as a convolution layer does.",
    "pool": "Pool a picture or an array: the largest, mean, middle or smallest cell of each window.",
    "edge": "Find the edges of a picture or an array.",
    "learn": "Learn the kernel that makes Y from X by corr, and say how sure that is.",
    "kernels": "List the named kernels, or print one: its taps, and on a terminal what it does.",
    "net": "Networks from LeNet to ConvNeXt: their tables, their training, their predictions.",
    "help": "Show the manual: a page, or the list of its pages.",
    "demo": "Show what convcli can do, in ten seconds, on samples that it carries.",
}
"""The commands with the first line of their help, in its order: listing them loads none.

Each has a module of its name in convcli/commands/, with the function of that name and EXAMPLES: a tuple of calls, shown
at the end of the help, that run as they stand in a copy of samples/. A function `kinds` gives what {kinds} in the help
of its command stands for.
"""

GROUPS = {
    "net": {
        "list": "List the networks: the chapter's, U-Net, and those of torchvision.",
        "show": "Show a network layer by layer: output, parameters, MACs, memory, receptive field.",
        "compare": "Compare networks: parameters, work, memory, receptive field, depth.",
        "draw": "Draw a network: its feature maps in perspective, or its graph.",
        "init": "Draw random weights for a network, and write them to a file.",
        "train": "Train a network on labelled pictures, and write its weights.",
        "eval": "Test a trained network: accuracy, loss, and which classes it takes for which.",
        "predict": "Classify pictures and arrays, or draw a layer's feature maps and receptive fields.",
    }
}
"""Commands that are a word before others. `net list` is the function net_list of the module net.list; the
package `net` has EXAMPLES.
"""

_ALL = "convcli: all options"
"""Of a context: whether its help shows the rarer panels."""

_CLICK_ERROR = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")


class Exit(IntEnum):
    """Exit statuses."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    INTERRUPTED = 130
    READER_GONE = 141
    TERMINATED = 143


class _ReaderGoneError(Exception):
    """The reader of a pipe went away. (No OSError: the command-line parser would exit with status 1 on that.)"""


@contextmanager
def _left_out(*names: str) -> Iterator[None]:
    """Import without some classes: typer's panels load them for texts that ours are not, and take twice as long."""
    left = [name.rpartition(".") for name in names if name.rpartition(".")[0] not in sys.modules]
    for module, _, name in left:
        empty = ModuleType(module)
        setattr(empty, name, type(name, (), {}))
        sys.modules[module] = empty
    try:
        yield
    finally:
        for module, _, _ in left:
            del sys.modules[module]


class _Helpful:
    """Help as panels on a terminal and as plain text in a pipe, which needs no rich and is there at once.

    The examples stand in the epilog, one a line: typer would reflow them and read brackets as markup.
    """

    epilog: str | None

    def format_help(self, ctx: Any, formatter: Any) -> None:
        examples, self.epilog = self.epilog or "", None
        if terminal.on_terminal():
            # typer takes FORCE_COLOR and GITHUB_ACTIONS for a terminal
            with _left_out("rich.markdown.Markdown", "rich.traceback.Traceback"):
                looks: Any = import_module("typer.rich_utils")
            looks.FORCE_TERMINAL = True
            super().format_help(ctx, formatter)  # type: ignore[misc]
        else:
            self.format_usage(ctx, formatter)  # type: ignore[attr-defined]
            self.format_help_text(ctx, formatter)  # type: ignore[attr-defined]
            panels = self._panels(ctx)
            if isinstance(self, _Commands):
                panels["Commands"] = list(self.names.items())
            for panel, rows in panels.items():
                with formatter.section(panel):
                    formatter.write_dl(rows, col_max=36)
        if examples:
            lines = "\n   ".join([" Examples:", *examples.splitlines()])
            formatter.write(lines if terminal.on_terminal() else f"\n{lines}")

    def _panels(self, ctx: Any) -> dict[str, list[tuple[str, str]]]:
        found: dict[str, list[tuple[str, str]]] = {}
        parameters = self.get_params(ctx)  # type: ignore[attr-defined]
        for parameter in sorted(parameters, key=lambda p: p.param_type_name):  # arguments first
            if (record := parameter.get_help_record(ctx)) is not None:
                panel = getattr(parameter, "rich_help_panel", None)
                usual = "Arguments" if parameter.param_type_name == "argument" else "Options"
                found.setdefault(panel or usual, []).append(record)
        return found


class _Command(_Helpful, TyperCommand):
    """A single command. Its help leaves the rarer panels to --help-all."""

    kinds: Callable[[], str] | None = None
    """What stands for {kinds} in the help: asked for only then, so that nothing is loaded for it before."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        if self.kinds:
            self.help = (self.help or "").format(kinds=self.kinds())
        for option in self.rarer:
            option.hidden = not ctx.meta.get(_ALL)
        super().format_help(ctx, formatter)

    @cached_property
    def rarer(self) -> list[Any]:
        """The options that only --help-all shows."""
        return [p for p in self.params if getattr(p, "rich_help_panel", None) in RARER]

    @cached_property
    def help_all(self) -> TyperOption:
        """The option --help-all."""
        return TyperOption(
            param_decls=["--help-all"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_help_all,
            help="The same with the options for input, many files, figures.",
            hidden=not self.rarer,
            rich_help_panel=OUTPUT,
        )

    def get_params(self, ctx: Any) -> list[Any]:
        return [*super().get_params(ctx), self.help_all]

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ReaderGoneError from error

    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)
        if option is not None:
            option.rich_help_panel = (
                OUTPUT  # a panel for one line would make every help three lines longer
            )
        return option


def _help_all(ctx: Any, _: Any, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        ctx.meta[_ALL] = True
        typer.echo(ctx.get_help())
        ctx.exit()


class _Commands(_Helpful, TyperGroup):
    """Loads a command's module when it is called, so that no command pays for another's imports."""

    group = ""
    listing = False
    """While the help lists the commands, it gets what it shows of them and loads none."""

    @property
    def names(self) -> dict[str, str]:
        """The commands of this group, or of all."""
        return GROUPS.get(self.group, COMMANDS)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        self.listing = True
        super().format_help(ctx, formatter)
        self.listing = False

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        return list(self.names)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        if cmd_name not in self.names:
            return None
        if self.listing:
            return TyperCommand(cmd_name, help=self.names[cmd_name])
        full = f"{self.group}.{cmd_name}" if self.group else cmd_name
        module = import_module(f"convcli.commands.{full}")
        if full in GROUPS:
            return _group(full, module)
        single = typer.Typer(add_completion=False, rich_markup_mode="rich")
        kinds = getattr(module, "kinds", None)
        cls = type("_Kinds", (_Command,), {"kinds": staticmethod(kinds)}) if kinds else _Command
        single.command(cmd_name, cls=cls, epilog="\n".join(module.EXAMPLES))(
            getattr(module, full.replace(".", "_"))
        )
        return typer.main.get_command(single)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        known = args[0] in self.names or args[0].startswith("-")
        if (
            not known and not ctx.resilient_parsing
        ):  # a completion is quiet about what it cannot read
            raise one_of(
                f"command of {self.group}" if self.group else "command", args[0], self.names
            )
        return super().resolve_command(ctx, args)


def _group(name: str, module: Any) -> Any:
    single = typer.Typer(
        name=name,
        cls=type(f"_{name.capitalize()}", (_Commands,), {"group": name}),
        help=COMMANDS[name],
        epilog="\n".join(module.EXAMPLES),
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="rich",
    )
    single.callback()(lambda: None)
    return typer.main.get_command(single)


app = typer.Typer(
    name="convcli",
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"convcli {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("-V", "--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error (anywhere in the call).")
    ] = False,
) -> None:
    """The convolution workbench: sizes, kernels on pictures and arrays, edges, networks.

    convcli help shows the manual.
    """


def run(argv: list[str]) -> int:
    """Run one call and return its exit status; errors become one line on standard error.

    Parameters
    ----------
    argv : list of str
        The arguments after the program's name.
    """
    operands_at = argv.index("--") if "--" in argv else len(argv)
    debug = Debugging.on = "--debug" in argv[:operands_at]
    argv = [a for i, a in enumerate(argv) if a != "--debug" or i > operands_at]
    if argv[:1] in (["--install-completion"], ["--show-completion"]):
        _mend_zsh()
    try:
        status = typer.main.get_command(app).main(argv, prog_name="convcli", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
        return status if isinstance(status, int) else Exit.DONE
    except (BrokenPipeError, _ReaderGoneError):
        return Exit.READER_GONE
    except SystemExit as stop:  # help or version into a closed pipe: the libraries leave with 1
        if stop.code != 1:
            raise
        return Exit.READER_GONE
    except (KeyboardInterrupt, typer.Abort):
        return Exit.INTERRUPTED
    except Exception as error:
        if debug:
            raise
        message, status = _told(error)
        if message and sys.stderr is not None:
            print(f"convcli: error: {message}", file=sys.stderr)
        return status


def _mend_zsh() -> None:
    """Let typer's script for zsh complete at the first tab, too, when zsh loads it and runs it as a function."""
    scripts = import_module("typer._completion_shared")._completion_scripts
    call = '[[ "$funcstack[1]" == _%(prog_name)s ]] && %(complete_func)s "$@"\n'
    if call not in scripts["zsh"]:
        scripts["zsh"] += call


def _told(error: Exception) -> tuple[str, int]:
    """Put an error into one line, with its exit status."""
    if isinstance(error, _CLICK_ERROR):
        return _usage(error), Exit.USAGE
    text = told(error)
    if text.startswith("a bug: "):
        text += " (--debug shows where)"
    usage = isinstance(error, ConvError) and error.usage
    return text, Exit.USAGE if usage else Exit.FAILED


def _usage(error: Any) -> str:
    """Put a usage error of the command-line parser into one line: the option's long name, then what is wrong."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "convcli"
    parameter = getattr(error, "param", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        typer.echo(
            error.format_message()
        )  # on a terminal, where rich has printed it, an empty line
        return ""
    if parameter is not None:
        name = max(parameter.opts, key=len) if parameter.opts[0].startswith("-") else ""
        name = name or parameter.human_readable_name
    if type(error) is typer.BadParameter and parameter is not None:
        text = f"{name}: {error.message}"
    elif type(error).__name__ == "MissingParameter" and context and context.command.epilog:
        example = context.command.epilog.splitlines()[0].partition("  #")[0]
        text = f"{name}: missing, as in: {example}"
    else:
        text = " ".join(str(error.format_message()).split())
        if re.match(r"-[.0-9]", getattr(error, "option_name", "")):
            text = f"{text.rstrip('.')}: numbers of a kernel stand in quotes, as in -k '1 -1'"
    return f"{shortened(printable(text)).rstrip('.')} (see {command} --help)"


def _interrupt(number: int, frame: FrameType | None) -> None:
    if not _comes_again(number, frame):
        raise KeyboardInterrupt


def _terminate(number: int, frame: FrameType | None) -> None:
    if not _comes_again(number, frame):
        # unlike the default, this lets temporary files be removed
        raise SystemExit(Exit.TERMINATED)


def _comes_again(number: int, frame: FrameType | None) -> bool:
    """Send a signal once more, a moment later, if Python would drop what is raised here: where imports clear up.

    That may be further out: the moment can be over while the first signal is still answered.
    """
    while frame and not (
        frame.f_code.co_name == "cb" and "<frozen importlib" in frame.f_code.co_filename
    ):
        frame = frame.f_back
    if frame is None:
        return False
    from threading import Timer

    later = Timer(0.005, os.kill, (os.getpid(), number))
    later.daemon = True
    later.start()
    return True


def main() -> NoReturn:
    """Run the command line of this process."""
    secure()
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:  # nohup, and the background of a script
        signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _terminate)
    try:
        status = run(sys.argv[1:])
    except KeyboardInterrupt:  # a second one, while the first was answered
        status = Exit.INTERRUPTED
    for number in (signal.SIGINT, signal.SIGTERM):  # all is done: nothing is left to interrupt
        signal.signal(number, signal.SIG_IGN)
    settle()
    sys.exit(status)
