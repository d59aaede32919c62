"""The eight rules of a good connector, each as far as code can tell; the rest is for its tests and its reader.

A rule returns what is missing, in one sentence that says what to do; an empty text when nothing is.
"""

import ast
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import SecretBytes, SecretStr

from cauce.sdk.evidence import Evidence, Setting

Rule = Callable[[Evidence], str]

_secret_words: Final = {"credential", "credentials", "passphrase", "password", "pin", "pwd", "secret", "token"}
_secret_names: Final = re.compile(r"(^|_)(api_?key|access_key|private_key|signing_key)$")
# A token's address is no token.
_about_secrets: Final = {"file", "header", "id", "name", "path", "type", "uri", "url"}
_vague: Final = {Any, object, dict, list, set, tuple}
_error_classes: Final = {"AmbiguousError", "BusinessError", "LoginError", "PermanentError", "TransientError", "failure"}
_too_general: Final = {"BaseException", "CauceError", "Exception", "OSError", "RemoteError", "RuntimeError"}
_http_clients: Final = {
    *("aiohttp", "cauce.http", "http.client", "httpx", "requests", "urllib.request", "urllib3", "zeep")
}
_other_clients: Final = {
    *("aioftp", "aioimaplib", "aiosmtplib", "asyncssh", "ftplib", "grpc", "imaplib", "paramiko", "poplib"),
    *("pyodbc", "smtplib", "socket", "sqlalchemy", "ssl", "websockets"),
}
_address_words: Final = {"address", "dsn", "host", "hosts", "server", "uri", "url", "wsdl"}
_limit: Final = re.compile(r"_*(max|most)_\w+", re.IGNORECASE)


def settings(evidence: Evidence) -> str:
    """Typed settings, each with a description."""
    if evidence.settings.model_config.get("extra") != "forbid":
        return "Settings take unknown names; leave `extra` as BaseSettings has it."
    vague = [each.path for each in evidence.fields if each.types & _vague and not _is_filled(each)]
    if vague:
        return f"{_shown(vague)} may be anything; say which type."
    silent = [each.path for each in evidence.fields if not (each.info.description or "").strip() and not _is_tag(each)]
    return f"{_shown(silent)} has no description; it is the help of its field in the form." if silent else ""


def secrets(evidence: Evidence) -> str:
    """Secrets that no message and no log can show."""
    named = [each for each in evidence.fields if _is_secret(each.name) and not each.types <= {bool, int, float}]
    open_ones = [each.path for each in named if not each.types & {SecretStr, SecretBytes}]
    if open_ones:
        return f"{_shown(open_ones)} is plain text by its type; make it a SecretStr."
    kept = [each.path for each in named if _revealed(each)]
    return f"{_shown(kept)} has a secret as its default; leave it empty." if kept else ""


def deadline(evidence: Evidence) -> str:
    """Every operation has a deadline."""
    if "timeout_s" in evidence.reads:
        return ""
    return "Nothing reads `operation.timeout_s`; end each call at that time, with asyncio.timeout or the client's own."


def size(evidence: Evidence) -> str:
    """An answer has a largest size."""
    limits = {each.name for each in evidence.fields if _limit.fullmatch(each.name) and int in each.types}
    limits |= {each.id for each in evidence.nodes if isinstance(each, ast.Name) and _is_limit(each)}
    if not limits:
        return "No setting limits an answer; add max_bytes (or max_rows, max_items) and stop reading there."
    unread = sorted(limits - evidence.reads)
    return "" if limits & evidence.reads else f"{_shown(unread)} is never looked at; stop reading an answer there."


def errors(evidence: Evidence) -> str:
    """Failures are told by the class of their error."""
    raised = {name for each in evidence.nodes if isinstance(each, ast.Raise) and (name := _name_of(each.exc))}
    if general := sorted(raised & _too_general):
        return f"It raises {_shown(general)}, which says nothing of what to do next; raise one of the four classes."
    if not evidence.reads & _error_classes:
        return "It knows none of the four error classes; docs/add-a-connector.md says which means what."
    if "effect" not in evidence.reads:
        return "Nothing reads `operation.effect`; a write that was sent and got no answer is an AmbiguousError."
    return ""


def check(evidence: Evidence) -> str:
    """The connection test goes in stages and never raises."""
    bodies = [each for each in evidence.nodes if isinstance(each, ast.AsyncFunctionDef) and each.name == "check"]
    if not bodies:
        return "There is no check(); return one Probe a stage, and stop at the first that fails."
    if any(isinstance(node, ast.Raise) for body in bodies for node in ast.walk(body)):
        return "check() raises; return a Probe that says what is wrong."
    probes = [each for each in evidence.nodes if isinstance(each, ast.Call) and _name_of(each) == "Probe"]
    if "reach" not in evidence.reads and not any(_says(each, ok=False) for each in probes):
        return "No Probe ever says that something is wrong; return one with ok=False for each stage that can fail."
    stages = {ast.unparse(each.args[0]) for each in probes if each.args}
    if evidence.imports & (_http_clients | _other_clients) and "reach" not in evidence.reads and len(stages) == 1:
        return "check() knows one stage; begin with cauce.probes.reach (name, port, certificate), then log in and read."
    return ""


def hosts(evidence: Evidence) -> str:
    """Nothing is called that the settings do not name."""
    names = {each.name for each in evidence.fields}
    if clients := sorted(evidence.imports & _http_clients):
        if "allow_hosts" not in names:
            return f"It uses {clients[0]} and has no setting allow_hosts; an answer could lead it to any address."
        return "" if "allow_hosts" in evidence.reads else "allow_hosts is never looked at; check each address by it."
    clients = sorted(evidence.imports & _other_clients)
    if clients and not any(_address_words & set(name.split("_")) for name in names):
        return f"It uses {clients[0]}, and no setting names a host; call only what the settings name."
    return ""


def docs(evidence: Evidence) -> str:
    """The table of kinds says what it talks to."""
    if not evidence.row:
        return f"No table of its documentation has a row that begins with | `{evidence.kind}` |; add one."
    return "Its row in the table of kinds still says TODO; say what it talks to." if "TODO" in evidence.row else ""


rules: Final[Mapping[str, Rule]] = {
    "settings": settings,
    "secrets": secrets,
    "deadline": deadline,
    "size": size,
    "errors": errors,
    "check": check,
    "hosts": hosts,
    "docs": docs,
}


def _shown(found: list[str]) -> str:
    names = list(dict.fromkeys(found))
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""  # noqa: PLR2004 - as many as a sentence bears
    return f"{', '.join(names[:3])}{more}"


def _is_filled(setting: Setting) -> bool:
    """Say whether a bare container is only the outside of a type that says what is in it."""
    return not setting.types & {Any, object} and len(setting.types) > 1


def _is_tag(setting: Setting) -> bool:
    """Say whether a field has one value only, by which a choice of models is told apart."""
    return get_origin(setting.info.annotation) is Literal and len(get_args(setting.info.annotation)) == 1


def _is_secret(name: str) -> bool:
    words = name.lower().split("_")
    return words[-1] not in _about_secrets and bool(_secret_words & set(words) or _secret_names.search(name.lower()))


def _revealed(setting: Setting) -> bool:
    default = setting.info.default
    return isinstance(default, SecretStr | SecretBytes) and bool(default.get_secret_value())


def _is_limit(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store) and _limit.fullmatch(name.id) is not None


def _name_of(node: ast.AST | None) -> str:
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) | ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _says(probe: ast.Call, *, ok: bool) -> bool:
    """Say whether a Probe may have this outcome, as far as it is written down."""
    given = next((each.value for each in probe.keywords if each.arg == "ok"), None)
    given = given or (probe.args[1] if len(probe.args) > 1 else None)
    return not isinstance(given, ast.Constant) or given.value is ok
