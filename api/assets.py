"""Style sheets, scripts and pictures, each with the version of its content in its address."""

from http import HTTPStatus

from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import Scope

from api.pages import view

# Browsers do not ask for it again: other content has another address.
kept = "public, max-age=31536000, immutable"


class Assets(StaticFiles):
    """The files below `static/`; which version an address names counts, as another process may have another one."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file."""
        response = await super().get_response(path, scope)
        found = response.status_code == HTTPStatus.OK
        if found and scope["query_string"] == view.asset(path).partition("?")[2].encode():
            response.headers["Cache-Control"] = kept
        return response
