"""Options that commands share, the settings that they lead to, and what is said and asked alike."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.errors import Code, ConfigError, VSearchError

if TYPE_CHECKING:
    from pipeline.settings import Loaded

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="Settings in YAML. Without it: $VSEARCH_CONFIG, ./vsearch.yaml, the last ingest here.",
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        "-s",
        metavar="SECTION.KEY=VALUE",
        help="One setting, over file and environment; can be repeated.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


def load(file: Path | None, overrides: list[str] | None, *more: str) -> Loaded:
    """Put the settings together, and say on stderr where they come from.

    Args:
        file: `--config`.
        overrides: `--set`.
        more: What other options of a command say, as overrides that come last.
    """
    from pipeline.settings import load_config

    loaded = load_config(file, [*(overrides or ()), *more])
    typer.echo(f"config: {loaded.origin}", err=True)
    if loaded.config.encode.backend == "demo":
        from pipeline.models.published import DEMO_NOTE

        typer.echo(f"note: {DEMO_NOTE}", err=True)
    return loaded


def print_json(document: Any) -> None:
    """One JSON document on stdout."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    # A path that is no text becomes an escape, which JSON reads back to the same path.
    typer.echo(text.encode("utf-8", "backslashreplace").decode())


@contextmanager
def json_errors(as_json: bool) -> Iterator[None]:
    """With `--json`, say an error on stdout too, so that there is always one document."""
    try:
        yield
    except VSearchError as error:
        if as_json:
            print_json({"failures": [error_document(error)]})
        raise


def error_document(error: VSearchError) -> dict[str, str]:
    """An error in the form of a report's failure."""
    return {"uri": error.uri or "", "code": str(error.code), "message": error.message}


def on_terminal() -> bool:
    """Whether a person reads stdout: tables then, plain lines in a pipe."""
    return sys.stdout.isatty()


def confirmed(lines: Iterable[str], question: str, *, command: str) -> bool:
    """Show what would be lost, and ask whether it may be.

    Raises:
        ConfigError: Nobody is there to be asked.
    """
    if not sys.stdin.isatty():
        raise ConfigError("nobody is here to ask: say --yes", code=Code.CONFIG_INVALID, uri=command)
    for line in lines:
        typer.echo(line, err=True)
    return typer.confirm(question, err=True)
