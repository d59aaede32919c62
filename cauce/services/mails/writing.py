"""What the mails say: in the language of whoever gets them, as text and as HTML."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from cauce.messages import rendering
from cauce.messages.rendering import Message
from cauce.services.mails.links import link
from cauce.settings import Settings

JSON = Any
_TEMPLATE: Final[dict[str, JSON]] = {
    "template": "notifications",
    "format": "html",
    "subject": {
        "en": "{% if digest %}Your day in Cauce: {{ count }}{% elif count == 1 %}{{ first }}"
        "{% else %}{{ first }}, and {{ count - 1 }} more{% endif %}",
        "es": "{% if digest %}Su día en Cauce: {{ count }}{% elif count == 1 %}{{ first }}"
        "{% else %}{{ first }}, y {{ count - 1 }} más{% endif %}",
    },
    "body": {
        "en": """<h1>{% if digest %}What you were told{% else %}News for you{% endif %}</h1>
{% for each in items %}<h2>{{ each.title }}</h2>
{% if each.text %}<p>{{ each.text|lines }}</p>{% endif %}
<p><a href="{{ each.link }}">Open it in Cauce</a></p>
{% endfor %}<hr><p>The links ask you to log in, and work for {{ days }} days. What you get by mail you choose at
<a href="{{ settings }}">{{ settings }}</a>.</p>""",
        "es": """<h1>{% if digest %}Lo que se le comunicó{% else %}Novedades para usted{% endif %}</h1>
{% for each in items %}<h2>{{ each.title }}</h2>
{% if each.text %}<p>{{ each.text|lines }}</p>{% endif %}
<p><a href="{{ each.link }}">Ábralo en Cauce</a></p>
{% endfor %}<hr><p>Los enlaces le piden que inicie sesión y valen {{ days }} días. Lo que recibe por correo lo elige en
<a href="{{ settings }}">{{ settings }}</a>.</p>""",
    },
}
_LONGEST: Final = 2_000


@dataclass(frozen=True, slots=True)
class Item:
    """Something that a mail tells: the notification, and what of it its reader may see."""

    id: str
    title: str
    text: str


def message(settings: Settings, locale: str, told: Sequence[Item], *, digest: bool) -> Message:
    """Return the mail that tells somebody some things, each with a link of its own."""
    items = [
        {"title": each.title, "text": each.text[:_LONGEST].strip(), "link": link(settings, each.id)} for each in told
    ]
    data = {
        "digest": digest,
        "count": len(items),
        "first": items[0]["title"],
        "items": items,
        "days": settings.mail_link_days,
        "settings": f"{settings.public_url.rstrip('/')}/notifications",
    }
    return rendering.render(_TEMPLATE, locale, data)
