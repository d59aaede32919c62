"""Writes results as JUnit XML, which build servers read."""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from cauce.testing.suite import Result


def xml(results: Sequence[Result]) -> str:
    """Return the results as one document."""
    failed = sum(not each.passed for each in results)
    seconds = sum(each.seconds for each in results)
    root = ET.Element("testsuites", tests=str(len(results)), failures=str(failed), time=f"{seconds:.3f}")
    suites: dict[str, list[Result]] = {}
    for each in results:
        suites.setdefault(each.planned.file.source.file, []).append(each)
    for file, cases in suites.items():
        wrong = sum(not each.passed for each in cases)
        name = cases[0].planned.file.name
        suite = ET.SubElement(
            root, "testsuite", name=name, file=file, tests=str(len(cases)), failures=str(wrong), errors="0"
        )
        for each in cases:
            _case(suite, each)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _case(suite: ET.Element, result: Result) -> None:
    case = result.planned.case
    element = ET.SubElement(
        suite,
        "testcase",
        name=_clean(case.name),
        classname=result.planned.file.name,
        file=case.place.file,
        line=str(case.place.line),
        time=f"{result.seconds:.3f}",
    )
    if not result.passed:
        text = "\n".join([*result.failure.splitlines(), *map(str, result.differences)])
        first = text.partition("\n")[0]
        ET.SubElement(element, "failure", message=_clean(first)).text = _clean(text)


def _clean(text: str) -> str:
    """Return text without the control characters that XML cannot hold."""
    return "".join(each for each in text if each.isprintable() or each in "\n\t")
