"""Two systems with rows, `old` and `new`, which can be made to refuse, to fail, and to lose their answers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

JSON = Any
# Says what goes wrong with a request (a system and the method): "busy", "lost" (done, but not told), or nothing.
Fault = Callable[[str, str], str]


def _none(_: str, __: str) -> str:
    return ""


@dataclass(slots=True)
class Rows:
    """The rows of both systems, by key, and what was asked of them."""

    url: str = ""
    old: dict[str, dict[str, JSON]] = field(default_factory=dict)
    new: dict[str, dict[str, JSON]] = field(default_factory=dict)
    writes: list[tuple[str, str, str]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    fault: Fault = _none
    ticks: int = 0

    def put_old(self, key: str, **row: JSON) -> None:
        """Change a row of the old system as its own people do."""
        self.ticks += 1
        self.old[key] = {"key": key, **row, "changed": self.ticks}

    async def page(self, request: web.Request) -> web.Response:
        """Give the rows behind a place, in the order of the column that is asked for."""
        table, by = self._table(request), request.query.get("by", "key")
        after = request.query.get("after", "")
        rows = sorted(table.values(), key=lambda row: (row[by], row["key"]))
        if by == "key":
            rows = [row for row in rows if row["key"] > after]
        else:
            place = (float(after or -1), request.query.get("key", ""))
            rows = [row for row in rows if (row[by], row["key"]) > place]
        fault = self.fault(request.match_info["system"], "GET")
        if fault == "busy":
            raise web.HTTPServiceUnavailable
        return web.json_response(rows[: int(request.query["limit"])])

    async def one(self, request: web.Request) -> web.Response:
        """Give, add, change or take away a row."""
        system, key, table = request.match_info["system"], request.match_info["key"], self._table(request)
        fault = self.fault(system, request.method)
        if fault == "busy":
            raise web.HTTPServiceUnavailable
        if request.method == "GET":
            if key not in table:
                raise web.HTTPNotFound
            return web.json_response(table[key])
        if key in self.refused:
            return web.json_response({"code": "BAD_ROW"}, status=422)
        if request.method == "POST" and key in table:
            return web.json_response({"code": "THERE"}, status=409)
        self.writes.append((system, request.method, key))
        self._apply(table, request.method, key, await request.json() if request.can_read_body else {})
        if fault == "lost":
            assert request.transport is not None
            request.transport.abort()
            await asyncio.sleep(0)
        return web.json_response({"id": f"n-{key}", **table.get(key, {})})

    async def many(self, request: web.Request) -> web.Response:
        """Add or change rows, all or none."""
        rows = (await request.json())["rows"]
        if any(row["key"] in self.refused for row in rows):
            return web.json_response({"code": "BAD_ROW"}, status=422)
        for row in rows:
            self.writes.append((request.match_info["system"], "MANY", row["key"]))
            self._apply(self._table(request), "PUT", row["key"], row)
        return web.json_response({"count": len(rows)})

    def _apply(self, table: dict[str, dict[str, JSON]], method: str, key: str, row: Mapping[str, JSON]) -> None:
        if method == "DELETE":
            table.pop(key, None)
            return
        self.ticks += 1
        table[key] = {**table.get(key, {}), **row, "key": key, "changed": self.ticks}

    def _table(self, request: web.Request) -> dict[str, dict[str, JSON]]:
        return self.old if request.match_info["system"] == "old" else self.new


@asynccontextmanager
async def running() -> AsyncIterator[Rows]:
    """Run the server while the block runs."""
    rows = Rows()
    app = web.Application()
    app.router.add_get("/{system}", rows.page)
    app.router.add_post("/{system}", rows.many)
    app.router.add_route("*", "/{system}/{key}", rows.one)
    async with TestServer(app) as server:
        rows.url = str(server.make_url("")).rstrip("/")
        yield rows
