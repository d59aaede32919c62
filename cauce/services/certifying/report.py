"""A certification as a page to put into a folder: Markdown."""

from collections.abc import Iterator, Sequence

from cauce.services.certifying.checks import Certification

_WORDS = {"passed": "passed", "failed": "**FAILED**", "warning": "mind", "skipped": "not tried"}


def markdown(done: Sequence[Certification], at: str) -> str:
    """Return certifications as a Markdown document; `at` is when they were made, for people."""
    return "\n".join(_lines(done, at)) + "\n"


def _lines(done: Sequence[Certification], at: str) -> Iterator[str]:
    for each in done:
        yield f"# {each.connection}: {each.capability}"
        yield ""
        verdict = "Certified" if each.passed else "Not certified"
        yield f"{verdict}: version {each.version} of the connection, {at}, in {each.seconds:.1f} s."
        yield f"What was written for it is marked `{each.mark}`."
        yield ""
        yield "| operation | check | | |"
        yield "|---|---|---|---|"
        for check in each.checks:
            told = check.sentence.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
            yield f"| {check.operation} | {check.name} | {_WORDS[check.result]} | {told} |"
        yield ""
