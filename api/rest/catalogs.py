"""The catalogue behind a connection: what there is, and how one of it is made."""

from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.subject import subject
from cauce.services import browsing

router = subject("connections", "/connections")


class Catalog(BaseModel):
    """What there is at one place; which fields it has depends on `what`."""

    what: Literal["list", "table", "view", "procedure"] = Field(examples=["table"])
    schema_: str | None = Field(default=None, alias="schema", examples=["sales"])
    name: str | None = Field(default=None, examples=["item"])
    schemas: list[str] | None = None
    items: list[dict[str, str]] | None = Field(
        default=None, examples=[[{"schema": "sales", "name": "item", "kind": "table"}]]
    )
    more: bool | None = Field(default=None, description="Whether there is more than is listed.")
    columns: list[dict[str, Any]] | None = Field(
        default=None,
        examples=[[{"name": "sku", "type": "varchar(8)", "nullable": False, "default": None, "key": 1}]],
    )
    references: list[dict[str, Any]] | None = Field(
        default=None, examples=[[{"columns": ["brand"], "table": "sales.brand", "to": ["code"]}]]
    )
    parameters: list[dict[str, str]] | None = Field(
        default=None, examples=[[{"name": "sku", "way": "in", "type": "varchar"}]]
    )
    rows: list[dict[str, Any]] | None = Field(default=None, description="Masked.", examples=[[{"sku": "x99"}]])


@router.get("/{name}/catalog", responses=documented(404, 502, 503), response_model_exclude_none=True)
async def browse(
    hub: HubDep,
    actor: CallerDep,
    name: str,
    place: Annotated[str, Query(description="A schema, a table, a view or a procedure.", max_length=300)] = "",
    rows: Annotated[int, Query(ge=0, le=browsing.most_rows, description="So many rows of a table, masked.")] = 0,
) -> Catalog:
    """Look through the tables, views and procedures of a database, or the columns and keys of one."""
    return Catalog.model_validate(await browsing.browse(hub, actor, name, place, rows))
