"""An MCP server with one tool, which says where it posted; started as a program."""

from mcp.server.mcpserver import MCPServer

chat = MCPServer("chat")


@chat.tool()
def conversations_add_message(channel_id: str, thread_ts: str, payload: str, content_type: str) -> str:
    """Post a message."""
    return f"{channel_id}/{thread_ts}: {payload} ({content_type})"


if __name__ == "__main__":
    chat.run("stdio")
