"""A SOAP service in a process of its own, so that it does not share an interpreter with what is measured."""

import asyncio
import sys
from typing import Self

from tests.connectors.soap_peer import Peer, serve


class SoapServer:
    """Runs the tests' SOAP peer elsewhere; `wsdl` is where its description is."""

    def __init__(self) -> None:
        self.wsdl = ""
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.bench.soap_server",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        self.wsdl = (await process.stdout.readline()).decode().strip()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            await self._process.wait()


if __name__ == "__main__":
    peer = Peer()
    serve(peer)
    sys.stdout.write(f"{peer.wsdl_url}\n")
    sys.stdout.flush()
    sys.stdin.read()
