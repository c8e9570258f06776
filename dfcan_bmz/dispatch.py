"""From a function of `dfcan_bmz.cli` to a command: what is asked before it starts, and what becomes of its errors."""

import sys
import traceback
from collections.abc import Callable, Mapping
from functools import wraps
from importlib import import_module
from inspect import Parameter, Signature, signature
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, ParamSpec

import typer
from typer import Option

from dfcan_bmz import console
from dfcan_bmz.errors import DfcanError, UnfinishedError, of_system
from dfcan_bmz.extras import refuse_without
from dfcan_bmz.stopping import SIGNALS, ended_by_signals, exit_code

P = ParamSpec("P")
HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}
Quiet = Annotated[bool, Option("--quiet", "-q", help="Print warnings and errors only.")]
Verbose = Annotated[bool, Option("--verbose", "-v", help="Show where an error arose, and what libraries print.")]
LOUDNESS = {"quiet": (Quiet, False), "verbose": (Verbose, False)}


def command(
    group: typer.Typer,
    name: str | None = None,
    output_last: bool = False,
    needs: str | None = None,
    early: bool = False,
    settings: Mapping[str, tuple[Any, Any]] = {},
) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Make a command of a function's parameters, which can be told how much to say.

    With `output_last`, its ``--out`` may be the last argument too, as it was in version 0.1.0. It `needs` an extra of
    the package. If `early`, `dfcan_bmz.early` is asked before it begins. Those of its `settings` that are given are the
    keywords that the function takes beside its parameters.

    Returns
    -------
    callable
        Starts the command from Python: the notebook's code does so.
    """

    def register(function: Callable[P, None]) -> Callable[P, None]:
        own = signature(function)

        @wraps(function)
        def call(*arguments: P.args, **options: P.kwargs) -> None:
            given = {name: value for name, value in options.items() if name not in settings or value is not None}
            bound = own.bind(*arguments, **given)
            bound.apply_defaults()
            _start(function.__name__, bound.arguments, early)

        @wraps(function)
        def run(context: typer.Context, quiet: bool, verbose: bool, **options: Any) -> None:
            console.choose(quiet, verbose)
            if needs:
                refuse_without(needs, f"`dfcan-bmz {function.__name__}`")
            if output_last:
                options["out"] = _one_output(options["out"], context.args)
            call(**options)  # type: ignore[call-arg]

        named = (one for one in own.parameters.values() if one.kind is not Parameter.VAR_KEYWORD)
        kinds = {one.name: (one.annotation, one.default) for one in named}
        if output_last:
            kinds["out"] = (kinds["out"][0], None)
        kinds |= {"context": (typer.Context, Parameter.empty), **settings, **LOUDNESS}
        every = [
            Parameter(name, Parameter.KEYWORD_ONLY, annotation=kind, default=of) for name, (kind, of) in kinds.items()
        ]
        vars(run)["__signature__"] = Signature(every)
        run.__annotations__ = {name: kind for name, (kind, _) in kinds.items()}
        group.command(name, context_settings=HELP_OPTIONS | {"allow_extra_args": output_last})(run)
        return call

    return register


def setting(kind: Any, text: str, **limits: Any) -> tuple[Any, Any]:
    """Type and option of a setting that can be left out: it has a default of its own, which its help names."""
    return kind | None, Option(None, help=text, **limits)


def _start(name: str, options: Mapping[str, Any], early: bool) -> None:
    """Run a command, if nothing speaks against it; what frameworks print when they are imported is kept from sight."""
    if early:
        getattr(import_module("dfcan_bmz.early"), name)(**options)
    with console.quiet_start():
        module = import_module(f"dfcan_bmz.commands.{name}")
    module.run(**options)


def _one_output(given: Path | None, last: list[str]) -> Path:
    found = [*([given] if given else []), *map(Path, last)]
    if not found:
        raise DfcanError("no output is given: say where to write with --out")
    if len(found) > 1:
        raise DfcanError(f"there are {len(found)} outputs ({', '.join(map(str, found))}): give one, as --out")
    return found[0]


def main(app: typer.Typer) -> None:
    """Run a command line; an error that a user can act on becomes one line on stderr and an exit code."""
    for stream in (sys.stdout, sys.stderr):  # names may be no UTF-8, and terminals know ASCII alone
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    with ended_by_signals():
        _run(app)


def _run(app: typer.Typer) -> None:
    try:
        app()
    except DfcanError as error:
        if console.verbose:
            traceback.print_exc()
        print(f"dfcan-bmz: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        print(f"dfcan-bmz: {of_system(error)}", file=sys.stderr)
        sys.exit(UnfinishedError.exit_code)
    except SystemExit as end:
        if end.code in [exit_code(signal) for signal in SIGNALS]:
            print("dfcan-bmz: stopped; repeat the command, with --resume if it has that option", file=sys.stderr)
        raise
