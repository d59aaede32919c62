"""`cauce templates`: what a template says with some data, before anybody gets it."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from cauce import settings
from cauce.cli import inputs, output
from cauce.errors import DefinitionError, InputError, NotFoundError
from cauce.messages import making
from cauce.messages.making import message_of
from schemas import Source, did_you_mean, kind_of, load_file
from workflows.checking import check

app = typer.Typer(no_args_is_help=True)


@app.callback()
def templates() -> None:
    """See what templates say."""


@app.command("render")
def render(
    name: Annotated[
        str, typer.Argument(metavar="NAME|FILE", help="A template of the definitions folder, or its file.")
    ],
    data: Annotated[Path | None, typer.Option("--data", "-d", metavar="FILE", help="The data, as JSON.")] = None,
    language: Annotated[str, typer.Option(metavar="LANGUAGE", help="en or es.")] = "en",
    form: Annotated[
        Literal["text", "html", "pdf"] | None,
        typer.Option("--as", metavar="FORM", help="text, html or pdf; as it is written if not given."),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to write it; else on the screen."),
    ] = None,
) -> None:
    """Fill a template in and show what comes of it."""
    source = _found(name)
    given = {} if data is None else inputs.parse(inputs.file_text(data), str(data))
    message = message_of({"template": source.data, "language": language, "data": given})
    if form == "pdf":
        from cauce.messages.paper import pdf  # noqa: PLC0415 - half a second that only PDFs need

        if to is None and sys.stdout.isatty():
            raise InputError("A PDF cannot be shown here.", hint="Say where to write it: --output letter.pdf")
        _write(pdf(message), to)
        return
    made = making.output(message, form)
    body = str(made.get("html") or made.get("text"))
    if to is None:
        output.line(f"{message.subject}\n\n{body}")
    else:
        _write(body.encode(), to)


def _write(content: bytes, to: Path | None) -> None:
    if to is None:
        sys.stdout.buffer.write(content)
        return
    try:
        to.write_bytes(content)
    except OSError as error:
        raise InputError(f"{to} cannot be written: {error.strerror}.", hint="Check the path.") from error
    output.say(f"Wrote {len(content):,} bytes to {to}.")


def _found(name: str) -> Source:
    """Return a template by its file or its name.

    Raises:
        NotFoundError: There is none.
        DefinitionError: It cannot be used; the findings say why.
    """
    folder = settings.load().definitions_dir
    file = Path(name)
    source = load_file(file) if file.is_file() else _named(folder, name)
    if kind_of(source.data) != "template":
        raise InputError(f"{name} is no template.", hint="A template begins with `template:` and its name.")
    findings = [each for each in check([source]) if each.severity == "error"]
    if findings:
        raise DefinitionError.of("The template cannot be used", findings)
    return source


def _named(folder: Path, name: str) -> Source:
    there: dict[str, Any] = {file.stem: file for file in sorted(folder.glob("templates/**/*.yaml"))}
    if name in there:
        return load_file(there[name])
    meant = did_you_mean(name, there)
    hint = f"Did you mean {meant}?" if meant else f"Write it as {folder / 'templates' / f'{name}.yaml'}."
    raise NotFoundError(f"There is no template '{name}'.", hint=hint)
