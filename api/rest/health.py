"""Whether the API can work; the one thing that needs no login, for whatever watches the process."""

from datetime import timedelta
from http import HTTPStatus

from fastapi import Response

from api.deps import HubDep
from api.rest.schemas import Health
from api.rest.subject import subject
from cauce.errors import CauceError
from cauce.services.hub import Hub

router = subject("health")

patience = timedelta(seconds=2)


@router.get("/health", responses={503: {"model": Health, "description": "The store does not answer."}})
async def health(hub: HubDep, response: Response) -> Health:
    """Tell whether the store and the engine answer; 503 without a store, because then nothing works."""
    store, engine = await store_answers(hub), await engine_answers(hub)
    if not store:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return Health(status="ok" if store and engine else "degraded", store=store, engine=engine)


async def store_answers(hub: Hub) -> bool:
    """Ask the store."""
    try:
        await hub.store.check()
    except CauceError:
        return False
    return True


async def engine_answers(hub: Hub) -> bool:
    """Ask Temporal."""
    try:
        return await hub.temporal.service_client.check_health(timeout=patience)
    except Exception:  # noqa: BLE001 - a client that connects at first use fails in several ways; all mean no
        return False
