"""Reads XML that comes from outside: without a DTD, without entities, from nowhere else, and within limits.

The parser itself refuses more than 256 levels and texts of more than 10 MB. It does not refuse what is wide, and hands
out attributes in time that grows with the square of their number, while nothing else runs: an element with a hundred
thousand of them, in a single megabyte, would hold a worker up for minutes.
"""

from typing import Any, Final

from lxml import etree

most_attributes: Final = 1_000
# A document that is smaller than this cannot hold enough of them to matter.
_harmless_bytes: Final = 16_384
_too_wide: Final = etree.XPath(f"boolean(//*[@*[{most_attributes + 1}]])")


def parse_xml(content: bytes) -> Any:  # noqa: ANN401 - an element
    """Return the root element of a document without a DTD, and not too wide; None when it is not such XML."""
    root = _root(content)
    if root is None or root.getroottree().docinfo.doctype or _is_wide(root, content):
        return None
    return root


def is_too_wide(content: bytes) -> bool:
    """Tell whether an element has more attributes than any message needs; what is no XML has none."""
    if len(content) < _harmless_bytes:
        return False
    root = _root(content)
    return root is not None and _is_wide(root, content)


def _is_wide(root: Any, content: bytes) -> bool:  # noqa: ANN401 - an element
    return len(content) >= _harmless_bytes and bool(_too_wide(root))


def _root(content: bytes) -> Any:  # noqa: ANN401 - an element
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
