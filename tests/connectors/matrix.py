"""What was tried against whom: tests say it of themselves, and `docs/connectors.md` shows it.

`python -m tests.connectors.matrix` writes the table anew.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypeVar

FILE: Final = Path(__file__).parents[2] / "docs" / "connectors.md"
BEGIN: Final = "<!-- table of the tests: python -m tests.connectors.matrix -->"
END: Final = "<!-- end of the table -->"
NPM_SOAP: Final = "`soap` (npm)"
PHP_SOAP: Final = "PHP's `SoapServer`"
SPYNE: Final = "`spyne`"
ZEEP: Final = "`zeep`"
OURS: Final = "a peer written for the test"
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, order=True)
class Row:
    kind: str
    what: str
    against: str
    test: str


ROWS: Final[list[Row]] = []


def shows(what: str, against: str = OURS, kind: str = "soap") -> Callable[[F], F]:
    """Enter a test into the matrix."""

    def entered(test: F) -> F:
        ROWS.append(Row(kind, what, against, f"{test.__module__.rpartition('.')[2]}.{test.__name__}"))
        return test

    return entered


def table() -> str:
    for package in ("tests.connectors", "tests.soak.peers", "tests.integration.services"):
        for path in sorted((FILE.parents[1] / package.replace(".", "/")).glob("test_*.py")):
            if "@shows(" in path.read_text(encoding="utf-8"):
                import_module(f"{package}.{path.stem}")
    lines = [f"| `{row.kind}` | {row.what} | {row.against} | `{row.test}` |" for row in sorted({*shown()})]
    return "\n".join(["| kind | what | against | test |", "|---|---|---|---|", *lines])


def shown() -> list[Row]:
    # Imported as a program, this module is there twice; the tests know the one with its full name.
    return import_module("tests.connectors.matrix").ROWS  # type: ignore[no-any-return]  # a module's attribute


def text_with_table(text: str) -> str:
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    FILE.write_text(text_with_table(FILE.read_text(encoding="utf-8")), encoding="utf-8")
