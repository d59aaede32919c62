"""The values that a schema allows for a type: zeep drops them, and would send any text.

Anonymous types are known by the name of their element or attribute alone; where several share a name, a value that
one of them allows is let through, so nothing right is ever refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from lxml import etree

from cauce.xml import parse_xml

_xsd = "{http://www.w3.org/2001/XMLSchema}"


@dataclass(slots=True)
class Enumerations:
    """Allowed values by qualified type name, and by the name of what has an anonymous type."""

    named: dict[str, frozenset[str]] = field(default_factory=dict)
    anonymous: dict[str, frozenset[str]] = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, documents: Iterable[bytes]) -> "Enumerations":
        """Collect the enumerations of all schemas in these documents."""
        found = cls()
        for content in documents:
            root = parse_xml(content)
            if root is None:
                continue
            for schema in root.iter(f"{_xsd}schema"):
                found._collect(schema)
        for name in found._open:
            found.anonymous.pop(name, None)
        return found

    def allowed(self, type_name: etree.QName | None) -> frozenset[str] | None:
        """Return the values allowed for a type of zeep's; None when any will do."""
        if type_name is None:
            return None
        named = self.named.get(type_name.text)
        return named if named is not None else self.anonymous.get(type_name.localname)

    def _collect(self, schema: etree._Element) -> None:
        namespace = schema.get("targetNamespace")
        for node in schema.iter(f"{_xsd}simpleType"):
            restriction = node.find(f"{_xsd}restriction")
            values = (
                frozenset(str(value.get("value")) for value in restriction.iterfind(f"{_xsd}enumeration"))
                if restriction is not None
                else frozenset()
            )
            if name := node.get("name"):
                if values:
                    self.named[etree.QName(namespace, name).text] = values
                continue
            parent = node.getparent()
            holder = parent.get("name") if parent is not None else None
            if not holder:
                continue
            if values:
                self.anonymous[holder] = self.anonymous.get(holder, frozenset()) | values
            else:
                self._open.add(holder)
