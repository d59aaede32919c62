"""Changes the texts of an XML document, and reads one as data; neither looks at anything outside of it."""

from collections.abc import Callable
from typing import Any, Final

from lxml import etree

JSON = Any
Leaf = Callable[[str, tuple[str, ...]], str]
# Attributes of these say how to read a document, and hold nobody's data.
_formal: Final = (
    "XMLSchema-instance",
    "soap/envelope/",
    "soap/encoding/",
    "soap-envelope",
    "soap-encoding",
    "1998/namespace",
)


def parsed(text: str) -> Any:  # noqa: ANN401 - an element
    """Return the root of a document without a DOCTYPE; None when it is not such XML."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        # A document that names another encoding than the one it was decoded from.
        try:
            root = etree.fromstring(text.partition("?>")[2].encode(), parser) if text.startswith("<?xml") else None
        except (etree.XMLSyntaxError, ValueError):
            return None
    if root is None:
        return None
    tree: Any = root.getroottree()
    return None if tree.docinfo.doctype else root


def change(text: str, path: tuple[str, ...], leaf: Leaf) -> str | None:
    """Return a document with its texts and attributes changed, without the security header; None when it is no XML.

    A document in which nothing changed is returned as it was written.
    """
    root = parsed(text)
    if root is None:
        return None
    before = etree.tostring(root, encoding="unicode")
    for node in list(root.iter()):
        if local(node) == "Security" and node.getparent() is not None:
            node.getparent().remove(node)
    _change(root, path, leaf)
    after = str(etree.tostring(root, encoding="unicode"))
    return text if after == before else after


def data_attributes(node: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - an element
    """Return the attributes of an element that hold data, without their namespaces."""
    named = ((name.partition("}"), value) for name, value in node.attrib.items())
    return [(end or space, value) for (space, _, end), value in named if not space.endswith(_formal)]


def local(node: Any) -> str:  # noqa: ANN401 - an element
    """Return an element's name without its namespace."""
    return str(node.tag).rpartition("}")[2] if isinstance(node.tag, str) else ""


def _change(node: Any, above: tuple[str, ...], leaf: Leaf) -> None:  # noqa: ANN401 - an element
    path = (*above, local(node))
    if node.text and node.text.strip():
        node.text = leaf(node.text, path)
    for name, value in node.attrib.items():
        if name.partition("}")[0].endswith(_formal):
            continue
        node.attrib[name] = leaf(value, (*path, name.rpartition("}")[2]))
    for child in node:
        _change(child, path, leaf)
        if child.tail and child.tail.strip():
            child.tail = leaf(child.tail, path)
