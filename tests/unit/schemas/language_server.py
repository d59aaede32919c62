"""Speaks with yaml-language-server as an editor does: JSON-RPC over its standard input and output."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "servers/yaml-language-server"
PROGRAM = FOLDER / "node_modules/yaml-language-server/bin/yaml-language-server"


class Editor:
    """An editor with one file open, whose first line says which schema belongs to it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.number = 0

    async def open(self, text: str) -> None:
        await self.ask("initialize", {"processId": os.getpid(), "rootUri": None, "capabilities": {}})
        await self.tell("initialized", {})
        document = {"uri": "file:///p.yaml", "languageId": "yaml", "version": 1, "text": text}
        await self.tell("textDocument/didOpen", {"textDocument": document})

    async def at(self, what: str, line: int, column: int) -> Any:
        position = {"line": line, "character": column}
        return await self.ask(f"textDocument/{what}", {"textDocument": {"uri": "file:///p.yaml"}, "position": position})

    async def ask(self, method: str, params: Any) -> Any:
        self.number += 1
        await self._send({"id": self.number, "method": method, "params": params})
        while True:
            message = await self._receive()
            if message.get("id") == self.number and "method" not in message:
                return message["result"]
            if "id" in message:  # the server asks us; an editor without settings of its own answers so
                await self._send({"id": message["id"], "result": None})

    async def tell(self, method: str, params: Any) -> None:
        await self._send({"method": method, "params": params})

    async def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        await self.process.stdin.drain()

    async def _receive(self) -> Any:
        assert self.process.stdout is not None
        head = await self.process.stdout.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        return json.loads(await self.process.stdout.readexactly(length))
