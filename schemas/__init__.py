"""One JSON Schema per kind of definition, and the loader that knows lines and columns."""

from schemas.foreign import flaws, validate_data
from schemas.kinds import CODES, KINDS, PUBLISHED, kind_of, schema, unknown_kind, validate
from schemas.naming import did_you_mean, guess, is_name, listing
from schemas.reading import Limits
from schemas.source import Places, Source, findings_of, load_all, load_file, load_yaml

__all__ = [
    "CODES",
    "KINDS",
    "PUBLISHED",
    "Limits",
    "Places",
    "Source",
    "did_you_mean",
    "findings_of",
    "flaws",
    "guess",
    "is_name",
    "kind_of",
    "listing",
    "load_all",
    "load_file",
    "load_yaml",
    "schema",
    "unknown_kind",
    "validate",
    "validate_data",
]
