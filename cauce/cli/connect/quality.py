"""`cauce connect quality`: holds connector kinds to the eight rules."""

from typing import Annotated, Any

import typer

from cauce.cli import output
from cauce.errors import PermanentError
from cauce.sdk.quality import Report, judge, judge_all

_words = {"met": "met", "unmet": "NOT MET", "exempt": "not for it"}


def quality(
    kind: Annotated[str | None, typer.Argument(metavar="KIND", help="The kind; all kinds otherwise.")] = None,
    *,
    as_json: output.AsJson = False,
) -> None:
    """Judge connector kinds by eight rules, as far as their code tells; the exit code is 1 when one is not met.

    What a kind exports as `exempt`, a reason for each rule that cannot apply to it, is shown and not held against it.
    """
    reports = [judge(kind)] if kind else judge_all()
    if as_json:
        output.document({"kinds": [_as_data(each) for each in reports]})
    else:
        rows = [
            (report.kind, verdict.rule, _words[verdict.outcome], verdict.sentence)
            for report in reports
            for verdict in report.verdicts
        ]
        output.table("Quality of connector kinds", ("kind", "rule", "", ""), rows)
    if not all(each.good for each in reports):
        raise typer.Exit(PermanentError.exit_code)


def _as_data(report: Report) -> dict[str, Any]:
    # A tuple would be sorted on its way out, and the rules have an order.
    return {"kind": report.kind, "good": report.good, "met": report.met, "rules": list(report.verdicts)}
