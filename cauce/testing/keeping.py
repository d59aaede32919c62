"""Turns what a test run came to into what the hub keeps of it: one row for each process, for exactly its content."""

import hashlib
from collections.abc import Sequence

from cauce.store.test_runs import NewRun
from cauce.testing.suite import Result


def runs(results: Sequence[Result]) -> list[NewRun]:
    """Return what all cases of each process came to; the digest is that which publication gives the same content."""
    by_process: dict[str, list[Result]] = {}
    for each in results:
        bundle = each.planned.bundle
        by_process.setdefault(f"{bundle['namespace']}.{bundle['name']}", []).append(each)
    return [_run(name, found) for name, found in by_process.items()]


def _run(name: str, results: Sequence[Result]) -> NewRun:
    bundle = results[0].planned.bundle
    sources = sorted({each.planned.file.source.text for each in results})
    failed = [each for each in results if not each.passed]
    return NewRun(
        definition=name,
        version=bundle["version"],
        digest=bundle["digest"],
        cases_digest=hashlib.sha256("\0".join(sources).encode()).hexdigest(),
        cases=len(results),
        failed=len(failed),
        failures=[{"case": each.planned.case.name, "problem": _problem(each)} for each in failed],
    )


def _problem(result: Result) -> str:
    return result.failure or "; ".join(str(each) for each in result.differences)
