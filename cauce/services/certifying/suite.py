"""The suite of one capability: its contract, its reads, its writes, and cleaning up."""

import time
from collections.abc import AsyncIterator, Sequence

from cauce.errors import CauceError
from cauce.expressions import compile_expression
from cauce.services.certifying.checks import Certification, Check
from cauce.services.certifying.reads import certify_read, said
from cauce.services.certifying.subject import Subject
from cauce.services.certifying.writes import certify_write
from workflows.checking.capabilities import Shortcoming


async def certify(subject: Subject, version: str, shortcomings: Sequence[Shortcoming]) -> Certification:
    """Try everything out; what was written is taken away again at the end, also when somebody interrupts."""
    begin = time.monotonic()
    checks = [Check(each.operation, "contract", "failed", each.problem) for each in shortcomings]
    try:
        for name, wanted in subject.capability["operations"].items() if not checks else ():
            trial = certify_read if wanted["effect"] == "read" else certify_write
            checks += [check async for check in trial(subject, name)]
    finally:
        checks += [check async for check in _clean_up(subject)]
    seconds = time.monotonic() - begin
    name = subject.capability["capability"]
    return Certification(subject.connection.name, version, name, subject.mark, seconds, tuple(checks))


async def _clean_up(subject: Subject) -> AsyncIterator[Check]:
    problems, misfits, stays = [], set[str](), 0
    by = ""
    for document in subject.written:
        follow = subject.wanted(document.operation).get("cleanup")
        if follow is None:
            stays += 1
            continue
        by = follow["operation"]
        try:
            answer = await subject.ask(by, compile_expression(follow["with"]).first(document.answer, {}))
        except CauceError as error:
            problems.append(f"{subject.identity(document.operation, document.answer)} is still there ({said(error)})")
        else:
            misfits.add(subject.misfit(by, answer))
    for wrong in filter(None, misfits):
        yield Check(by, "cleanup", "failed", wrong)
    if problems:
        yield Check(by, "cleanup", "failed", f"{'; '.join(problems)}; all are marked {subject.mark}.")
    elif by:
        count = len(subject.written) - stays
        yield Check(by, "cleanup", "passed", f"What was written ({count}, all marked {subject.mark}) was undone.")
    if stays:
        sentence = f"What was written ({stays}, all marked {subject.mark}) stays: the capability has no cleanup for it."
        yield Check(subject.written[0].operation, "cleanup", "warning", sentence)
