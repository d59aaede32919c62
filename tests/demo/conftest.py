from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
import requests
import zeep

from demo.company import USERNAME, Company

OPPORTUNITIES = Path(__file__).parents[2].parent / "shared" / "data" / "crm-opportunities"

Switch = Callable[..., None]


@pytest.fixture
def opportunities() -> Path:
    if not OPPORTUNITIES.is_dir():
        pytest.skip("The public CRM opportunities are not on this machine.")
    return OPPORTUNITIES


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def company(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Company]:
    async with Company.start(tmp_path_factory.mktemp("company")) as running:
        yield running


@pytest.fixture(scope="module")
def erp(company: Company) -> zeep.Client:
    session = requests.Session()
    session.auth = (USERNAME, company.password)
    return zeep.Client(company.erp_wsdl, transport=zeep.Transport(session=session, operation_timeout=2))


@pytest.fixture
def switch(company: Company) -> Switch:
    def post(mode: str, **more: object) -> None:
        requests.post(f"{company.erp_admin}/faults", json={"mode": mode, **more}, timeout=5).raise_for_status()

    return post
