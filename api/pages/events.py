"""The stream of what changes while somebody looks at a page: server-sent events, for the script of the pages."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from starlette.types import Receive, Scope, Send

from api.deps import HubDep, ListeningDep, visitor_of
from api.i18n import Language
from api.pages import view
from cauce.errors import CauceError
from cauce.services.teamwork.live import Live, News, Page

router = APIRouter(include_in_schema=False)
heartbeat_s: Final = 15.0
# Longer than that nobody is believed to be there: the browser asks anew, and is let in anew.
longest_s: Final = 600.0
ask_again_ms: Final = 5_000


@router.get("/events")
async def events(request: Request, hub: HubDep, actor: ListeningDep) -> Response:
    """Send what concerns whoever is logged in, until they leave, log out, or are not let in any more."""
    live: Live = request.app.state.live
    lang = view.language_of(request)

    async def still_there() -> bool:
        try:
            page.actor = await visitor_of(request, hub)
        except CauceError:
            return False
        return True

    page = live.join(actor)
    return _Stream(live, page, _texts(page, lang, still_there))


class _Stream(Response):
    """An answer that goes on until its page is closed, here or there."""

    def __init__(self, live: Live, page: Page, texts: AsyncIterator[str]) -> None:
        # Servers in between must not keep it until there is more.
        super().__init__(media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self.live, self.page, self.texts = live, page, texts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the page is closed."""
        del scope
        both = [asyncio.create_task(self._send(send)), asyncio.create_task(_gone(receive))]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.live.leave(self.page)
            for each in both:
                each.cancel()
            await asyncio.gather(*both, return_exceptions=True)

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for text in self.texts:
            await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _texts(page: Page, lang: Language, still_there: Callable[[], Awaitable[bool]]) -> AsyncIterator[str]:
    """Write what a page is told, and now and then that there is nothing; whose it is is asked anew at each of these."""
    loop = asyncio.get_running_loop()
    begun = asked = loop.time()
    yield f"retry: {ask_again_ms}\n\n"
    while loop.time() - begun < longest_s:
        try:
            async with asyncio.timeout(heartbeat_s):
                news = await page.news.get()
        except TimeoutError:
            yield ": nothing new\n\n"
        else:
            if news is None:
                return
            yield _text(news, lang)
        if loop.time() - asked >= heartbeat_s:
            asked = loop.time()
            if not await still_there():
                return


def _text(news: News, lang: Language) -> str:
    if news.kind == "counts":
        said: dict[str, Any] = {"open": news.open, "unread": news.unread}
    else:
        said = {"task": news.task, "title": lang.label(news.title, view.humane(news.name)), "by": news.by}
    return f"event: {news.kind}\ndata: {json.dumps(said)}\n\n"
