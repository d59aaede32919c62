"""`cauce diagram`: draws a process as Mermaid text, which documents, repositories and editors show as a picture."""

from pathlib import Path
from typing import Annotated

import typer

from cauce.cli import output, published
from cauce.errors import InputError
from workflows.drawing.diagram import draw


def diagram(
    process: Annotated[
        str,
        typer.Argument(metavar="FILE|NAME", help="The file of a process, or a published one: NAME or NAME@VERSION."),
    ],
    *,
    to: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the text to a file instead.")
    ] = None,
    data_dir: published.DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Draw a process as Mermaid text."""
    text = draw(published.process(process, data_dir)).text
    if to is not None:
        _write(to, text)
        output.say(f"Written to {to}.")
    if as_json:
        output.document({"mermaid": text} if to is None else {"file": str(to)})
    elif to is None:
        output.line(text.rstrip("\n"))


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror}.", hint="Check the path.") from error
