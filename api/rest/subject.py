"""Where the routes of one subject are collected."""

from fastapi import APIRouter, Depends

from api.deps import bearer

root = "/api/v1"


def subject(tag: str, prefix: str = "") -> APIRouter:
    """Return a router whose routes are whole: FastAPI makes each anew in every router that includes theirs."""
    return APIRouter(prefix=root + prefix, tags=[tag], dependencies=[Depends(bearer)])
