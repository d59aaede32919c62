"""Finds the values that definitions only refer to: `{secret: name}` and `{setting: name}`.

Called inside activities, at the moment of use. A value never enters a log, a message, a definition or a history; what
is found here is also made known to the log, which then blots it out wherever it turns up.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cauce.errors import SettingsError
from cauce.logging import blot_out

JSON = Any
# Nothing that could lead out of the folder of secrets.
name_pattern = re.compile(r"[A-Za-z0-9]([-_]?[A-Za-z0-9])*")


@dataclass(frozen=True, slots=True)
class Resolver:
    """Looks secrets and settings up where one environment keeps them."""

    secrets_dir: Path
    settings_file: Path
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    def secret(self, name: str) -> str:
        """Return the value of a secret: from `CAUCE_SECRET_<NAME>`, else from the file of its name."""
        variable, file = self.places("secret", name)
        value = self.environment.get(variable)
        if value is None:
            value = _content(file)
        if value is None:
            raise SettingsError(
                f"There is no secret '{name}'.",
                hint=f"Looked at: the environment variable {variable}, the file {file}. Put the value in one of them.",
            )
        blot_out(value)
        return value

    def setting(self, name: str) -> JSON:
        """Return a value of this environment: text from `CAUCE_SETTING_<NAME>`, else JSON from the settings file."""
        variable, file = self.places("setting", name)
        if (value := self.environment.get(variable)) is not None:
            return value
        known = self._settings()
        if name in known:
            return known[name]
        raise SettingsError(
            f"There is no setting '{name}'.",
            hint=f"Looked at: the environment variable {variable}, the key '{name}' of the file {file}. "
            "Put the value in one of them.",
        )

    def resolve(self, value: JSON) -> JSON:
        """Return plain data with every `{secret: name}` and `{setting: name}` in it replaced by what it refers to."""
        match value:
            case {"secret": str(name), **rest} if not rest:
                return self.secret(name)
            case {"setting": str(name), **rest} if not rest:
                return self.setting(name)
            case dict():
                return {key: self.resolve(item) for key, item in value.items()}
            case list():
                return [self.resolve(item) for item in value]
            case _:
                return value

    def places(self, what: str, name: str) -> tuple[str, Path]:
        """Return the environment variable and the file in which a secret or setting may be."""
        if not name_pattern.fullmatch(name):
            raise SettingsError(
                f"'{name}' cannot be the name of a {what}.",
                hint="Use letters, digits and, between them, single hyphens or underscores.",
            )
        variable = f"CAUCE_{what.upper()}_{name.upper().replace('-', '_')}"
        return variable, self.secrets_dir / name if what == "secret" else self.settings_file

    def _settings(self) -> dict[str, JSON]:
        text = _content(self.settings_file)
        try:
            known = json.loads(text or "{}")
        except ValueError as cause:
            raise SettingsError(f"The file {self.settings_file} is not JSON.", hint=f"{cause}.") from None
        if not isinstance(known, dict):
            raise SettingsError(f"The file {self.settings_file} is not a JSON object.", hint='Write {"name": value}.')
        return known


def _content(file: Path) -> str | None:
    try:
        # Editors and `echo` end a file with a line break, which is no part of the value.
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as cause:
        raise SettingsError(f"The file {file} cannot be read.", hint="Check its permissions and encoding.") from cause
