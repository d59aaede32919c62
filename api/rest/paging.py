"""Lists in pages: the size of one, and the address of the next."""

from typing import Annotated

from fastapi import Query, Request

Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]


def next_page(request: Request, after: str | None, *, name: str = "after", without: str = "") -> str | None:
    """Return the address of the next page: this one's, going on after what `after` names."""
    if after is None:
        return None
    url = request.url.remove_query_params(without).include_query_params(**{name: after})
    return f"{url.path}?{url.query}"
