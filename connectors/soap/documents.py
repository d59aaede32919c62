"""The WSDL and what it imports: from an address, a file, a folder or a zip; each loaded once, and within limits."""

import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import quote, unquote, urljoin, urlsplit

from cauce.errors import PermanentError
from cauce.xml import is_too_wide, parse_xml
from connectors.soap.catalog import stand_in

_most_bytes: Final = 20_000_000
_most_bytes_together: Final = 50_000_000
_most_documents: Final = 500
_most_files: Final = 5_000
_suffixes: Final = {".wsdl", ".xsd", ".xml"}
_wsdl: Final = "{http://schemas.xmlsoap.org/wsdl/}"
# Names within a folder or a zip become addresses below this one, so that zeep joins relative imports to them.
_inside: Final = "file:///"


class Documents:
    """Loads a WSDL and its imports for one connection; not for several threads at once."""

    def __init__(self, wsdl: str, file: str, fetch: Callable[[str], bytes]) -> None:
        self.loaded: dict[str, bytes] = {}
        self._wsdl = wsdl
        self._file = file
        self._fetch = fetch
        self._members: Mapping[str, bytes] | None = None
        self._url = ""

    @property
    def url(self) -> str:
        """Return the address of the WSDL itself, having looked into the folder or zip."""
        if not self._url:
            self._url = self._located()
        return self._url

    def load(self, url: str) -> bytes:
        """Return a document; remembered, for its enumerations are looked up later."""
        if url not in self.loaded:
            content = stand_in(url) or self._read(url)
            held = sum(map(len, self.loaded.values())) + len(content)
            if len(self.loaded) >= _most_documents or held > _most_bytes_together:
                raise PermanentError(
                    f"The WSDL imports more than {_most_documents} documents or {_most_bytes_together:,} bytes.",
                    hint="Give settings.wsdl a WSDL with only what is called.",
                    remote_code="too-large",
                )
            if is_too_wide(content):
                problem = "The WSDL, or what it imports, has an element of too many attributes to be read."
                raise PermanentError(problem, hint="No WSDL needs that: look at where it comes from.")
            self.loaded[url] = content
        return self.loaded[url]

    def forget(self) -> None:
        """Let go of what was loaded; the next load begins anew."""
        self.loaded.clear()
        self._members, self._url = None, ""

    def digests(self) -> Mapping[str, bytes]:
        """Return the digests of the documents on this machine: they may be edited while a worker runs."""
        return {url: hashlib.sha256(content).digest() for url, content in self.loaded.items() if not is_http(url)}

    def _located(self) -> str:
        if is_http(self._wsdl):
            return self._wsdl
        path = _path(self._wsdl)
        if path.is_dir():
            self._members = dict(_of_folder(path))
        elif path.suffix.lower() == ".zip":
            self._members = dict(_of_zip(path))
        else:
            return self._wsdl
        return _inside + quote(_main(self._members, self._file, path.name))

    def _read(self, url: str) -> bytes:
        if is_http(url):
            return self._fetch(url)
        if self._members is None:
            return self._open(url)
        name = unquote(urlsplit(url).path).lstrip("/")
        if name not in self._members:
            raise PermanentError(
                f"The WSDL imports {name!r}, which is not beside it.",
                hint="Put it into the folder or zip of settings.wsdl, at the path that the import names.",
                remote_code="missing-import",
            )
        return self._members[name]

    def _open(self, url: str) -> bytes:
        path = _path(url).resolve()
        if is_http(self._wsdl) or not path.is_relative_to(_path(self._wsdl).resolve().parent):
            raise PermanentError(
                "The WSDL imports a file of this machine that is not beside it.",
                hint="Put the WSDL and its schemas into one folder, and name the folder in settings.wsdl.",
                remote_code="forbidden-address",
            )
        return _content(path)


def is_http(url: str) -> bool:
    """Say whether an address is one of HTTP."""
    return urlsplit(url).scheme in {"http", "https"}


def _of_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the documents of a folder by their paths in it; links that leave it are not followed."""
    root = folder.resolve()
    together = 0
    for count, path in enumerate(root.rglob("*")):
        if count >= _most_files:
            raise _too_large(folder.name)
        if path.suffix.lower() in _suffixes and path.is_file() and path.resolve().is_relative_to(root):
            content = _content(path)
            together += len(content)
            if together > _most_bytes_together:
                raise _too_large(folder.name)
            yield path.relative_to(root).as_posix(), content


def _of_zip(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the documents of a zip by their names; nothing is written to disk."""
    together = 0
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > _most_files:
                raise _too_large(path.name)
            for entry in entries:
                name = _inner(entry.filename, path.name)
                if entry.is_dir() or name.suffix.lower() not in _suffixes:
                    continue
                with archive.open(entry) as file:
                    # What the zip says about sizes is not believed.
                    content = file.read(_most_bytes + 1)
                together += len(content)
                if len(content) > _most_bytes or together > _most_bytes_together:
                    raise _too_large(path.name)
                yield name.as_posix(), content
    except OSError as cause:
        raise PermanentError(f"{path} cannot be read ({cause.strerror}).", hint="Check settings.wsdl.") from cause
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as cause:
        # RuntimeError: a password is needed, or the compression is unknown.
        raise PermanentError(
            f"{path.name} is not a zip that can be read.", hint="Zip the WSDL anew, without a password."
        ) from cause


def _inner(name: str, archive: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in path.parts[0]:
        raise PermanentError(
            f"{archive} holds a file whose name leads out of it.",
            hint="Zip the WSDL and its schemas anew; do not use this zip.",
            remote_code="forbidden-address",
        )
    return path


def _main(members: Mapping[str, bytes], wanted: str, holder: str) -> str:
    """Return the name of the WSDL that no other one imports, or the one that was asked for."""
    names = sorted(name for name in members if name.lower().endswith(".wsdl"))
    if wanted:
        if wanted in members:
            return wanted
        hint = f"It holds {', '.join(names[:10]) or 'no WSDL'}."
        raise PermanentError(f"{holder} has no {wanted!r} for settings.wsdl_file.", hint=hint)
    imported = {target for name in names for target in _imports(name, members[name])}
    main = [name for name in names if name not in imported]
    if len(main) == 1:
        return main[0]
    if not names:
        raise PermanentError(f"{holder} holds no file whose name ends in .wsdl.", hint="Correct settings.wsdl.")
    raise PermanentError(
        f"{holder} holds several WSDLs.", hint=f"Name one in settings.wsdl_file: {', '.join((main or names)[:10])}."
    )


def _imports(name: str, content: bytes) -> Iterator[str]:
    root = parse_xml(content)
    if root is not None:
        for node in root.iterfind(f"{_wsdl}import"):
            yield unquote(urlsplit(urljoin(_inside + quote(name), node.get("location", ""))).path).lstrip("/")


def _content(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise PermanentError(f"{path} is no file.", hint="Check settings.wsdl.")
        with path.open("rb") as file:
            content = file.read(_most_bytes + 1)
    except OSError as cause:
        raise PermanentError(f"{path} cannot be read ({cause.strerror}).", hint="Check settings.wsdl.") from cause
    if len(content) > _most_bytes:
        raise _too_large(path.name)
    return content


def _too_large(name: str) -> PermanentError:
    return PermanentError(
        f"{name} is larger than a WSDL may be ({_most_bytes:,} bytes a document, {_most_bytes_together:,} together,"
        f" {_most_files:,} files).",
        hint="Leave only the WSDL and its schemas there.",
        remote_code="too-large",
    )


def _path(url: str) -> Path:
    return Path(unquote(urlsplit(url).path)) if url.startswith("file:") else Path(url).expanduser()
