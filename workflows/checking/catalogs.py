"""Functions from outside of a process: in the default catalog, in catalogs of `use.catalogs`, at an address."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

JSON = Any
Published = Mapping[str, Mapping[str, JSON]]
DEFAULT: Final = "default"
_PART = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\Z")
_GITHUB = re.compile(r"https://(?:www\.)?github\.com/([^/]+)/([^/]+?)(?:\.git)?/*\Z")
_GITHUB_PLACE = re.compile(r"https://(?:www\.)?github\.com/([^/]+)/([^/]+)/(?:tree|blob)/([^/]+)(/.*)?\Z")
_GITLAB = re.compile(r"https://gitlab\.com/(.+?)(?:\.git)?/*\Z")
_GITLAB_PLACE = re.compile(r"(https://[^/]+/.+?)/-/(?:tree|blob)/([^/]+)(/.*)?\Z")
_COMMIT = re.compile(r"[0-9a-f]{40}\Z")


@dataclass(frozen=True, slots=True)
class Callee:
    """A function from outside: under `key` it is in the bundle; `uris` are tried in turn, `task` is there already."""

    key: str
    uris: tuple[str, ...] = ()
    authentication: JSON = None
    task: JSON = None
    version: str = ""


def split(name: str) -> tuple[str, str, str] | None:
    """Return function, version and catalog of a name written out, None when it is none."""
    function, colon, rest = name.partition(":")
    version, at, catalog = rest.partition("@")
    return (function, version, catalog) if colon and at and "://" not in name else None


def callee(name: str, own: Collection[str], catalogs: Mapping[str, JSON], published: Published) -> Callee | None:
    """Return the function from outside that a call names; `own` are the functions of the document, which come first."""
    if name in own:
        return None
    if "://" in name:
        return Callee(name, raw_addresses(name))
    parts = split(name)
    if parts is None:
        versions = published.get(name)
        return _published(name, next(iter(versions)), versions) if versions else None
    function, version, catalog = parts
    if not _PART.match(function) or not _PART.match(version):
        return None
    if catalog in catalogs:
        uri, authentication = _endpoint(catalogs[catalog])
        place = f"functions/{function}/{version}/function.yaml"
        return Callee(name, raw_addresses(uri, place), authentication)
    versions = published.get(function) or {}
    return _published(function, version, versions) if catalog == DEFAULT and version in versions else None


def _published(name: str, version: str, versions: Mapping[str, JSON]) -> Callee:
    return Callee(f"{name}:{version}@{DEFAULT}", task=versions[version]["task"], version=version)


def _endpoint(catalog: JSON) -> tuple[str, JSON]:
    endpoint = catalog.get("endpoint") if isinstance(catalog, Mapping) else None
    if isinstance(endpoint, Mapping):
        return str(endpoint.get("uri")), endpoint.get("authentication")
    return str(endpoint), None


def raw_addresses(uri: str, place: str = "") -> tuple[str, ...]:
    """Return where a document is that people see at `uri` (or below, at `place`): repositories show pages there."""
    return tuple(_raw_addresses(uri.rstrip("/") if place else uri, f"/{place}" if place else ""))


def _raw_addresses(uri: str, place: str) -> Iterator[str]:
    if found := _GITHUB_PLACE.match(uri):
        owner, repository, ref, path = found.groups(default="")
        raw = f"https://raw.githubusercontent.com/{owner}/{repository.removesuffix('.git')}"
        if not _COMMIT.match(ref):
            yield f"{raw}/refs/heads/{ref}{path}{place}"
        # A commit; or a tag, which looks like a branch in an address for people.
        yield f"{raw}/{ref}{path}{place}"
    elif place and (found := _GITHUB.match(uri)):
        yield f"https://raw.githubusercontent.com/{found[1]}/{found[2]}/HEAD{place}"
    elif found := _GITLAB_PLACE.match(uri):
        yield f"{found[1]}/-/raw/{found[2]}{found[3] or ''}{place}"
    elif place and (found := _GITLAB.match(uri)):
        yield f"https://gitlab.com/{found[1]}/-/raw/HEAD{place}"
    else:
        yield uri + place
