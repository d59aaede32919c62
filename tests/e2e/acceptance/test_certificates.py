"""What the demo company's systems say they can is tried out, all of it by one command."""

import pytest

from tests.e2e.installation import Installation

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def test_everything_that_the_company_implements_is_certified(installation: Installation) -> None:
    done = await installation.cauce("connect", "certify", "--json")
    assert done.code == 0, done.out
    passed = {(each["connection"], each["capability"]) for each in done.data["certifications"] if each["passed"]}
    listed = (await installation.cauce("connections", "list", "--json")).data["connections"]
    stands = {(each["name"], one["capability"]): one["state"] for each in listed for one in each["implements"]}
    assert stands == dict.fromkeys(passed, "certified")
    assert {name for name, _ in passed} == {"accounting", "erp", "scm"}
