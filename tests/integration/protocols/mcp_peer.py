"""A server of the Model Context Protocol, made with the protocol's own SDK: `mcp_peer.py stdio`, or with a port."""

import asyncio
import sys

from mcp.server.mcpserver import MCPServer

peer = MCPServer("peer")


@peer.tool()
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@peer.tool()
async def sleep(seconds: float) -> str:
    """Take a while."""
    await asyncio.sleep(seconds)
    return "awake"


@peer.tool()
def fail() -> str:
    """Go wrong."""
    raise ValueError("this tool never works")


@peer.resource("greeting://{name}")
def greeting(name: str) -> str:
    """Greet somebody."""
    return f"Hola, {name}"


@peer.prompt()
def summary(text: str) -> str:
    """Ask for a summary."""
    return f"Summarize: {text}"


if __name__ == "__main__":
    if sys.argv[1] == "stdio":
        peer.run("stdio")
    else:
        peer.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
