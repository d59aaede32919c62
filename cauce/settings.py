"""What differs between environments; every setting is an environment variable `CAUCE_…`, and all have a default."""

import contextlib
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableError

from cauce.errors import SettingsError
from cauce.mail_settings import MailSettings

prefix = "CAUCE_"


Names = Annotated[tuple[str, ...], NoDecode]
_may_run = re.compile(r"shell|script:(?:js|python|\*)|container:\S+")


class Settings(MailSettings):
    """The settings of one process; made by `load`, passed down, never global."""

    model_config = SettingsConfigDict(env_prefix=prefix, frozen=True, extra="ignore")

    mode: Literal["embedded", "production"] = Field(
        default="embedded", description="One machine with everything inside, or parts of a cluster."
    )
    data_dir: Path = Field(default=Path(".cauce"), description="Where the embedded stack keeps its files.")
    definitions_dir: Path = Field(default=Path("definitions"), description="What `cauce up` publishes at first start.")
    secrets_dir: Path = Field(default=Path(), description="One file per secret; default: `secrets` in the data_dir.")
    store_url: str = Field(
        default="",
        description="sqlite:///path or postgresql://user:password@host/name; default: a file in data_dir.",
    )

    profile: str = Field(
        default="", description="The profile that says which connections stand behind the names in processes."
    )

    temporal_address: str = Field(default="127.0.0.1:7233", description="Host and port of Temporal's frontend.")
    temporal_namespace: str = Field(default="default", description="The namespace in Temporal.")

    api_host: str = Field(default="127.0.0.1", description="The address the API listens on.")
    api_port: int = Field(default=8080, ge=0, le=65535, description="The port the API listens on; 0 takes a free one.")
    public_url: str = Field(default="", description="How people reach the API; default: from host and port.")
    session_secret_file: Path = Field(
        default=Path(),
        description="The key that signs sessions; default: `session.key` in data_dir, made if absent.",
    )

    allow_private_http: bool = Field(
        default=True,
        description="Whether `call: http` may reach private addresses; default: yes when embedded, else no.",
    )
    stand_ins: dict[str, str] = Field(
        default_factory=dict,
        description="Servers that answer in the place of hosts, to try processes out: JSON from host to address.",
    )

    worker_connections: Names = Field(
        default=("*",),
        description="The connections whose calls this worker makes, by name, where * stands for anything, separated by "
        "commas; those of others wait for other workers.",
    )
    allowed_programs: Names = Field(
        default=(),
        description="The programs that `call: mcp` may start on a worker, by name, separated by commas.",
    )
    allow_run: Names = Field(
        default=(),
        description="What `run` tasks may start, between commas: shell, script:js, script:python, container:IMAGE, "
        "where * in IMAGE stands for anything; default: nothing.",
    )
    allow_run_unconfined: bool = Field(
        default=False,
        description="Whether they may be started where the system cannot shut them in: with the network, and with all "
        "files that the worker can read.",
    )
    run_seconds: int = Field(default=60, gt=0, description="The longest that a process of a `run` task may take.")
    run_cpu_seconds: int = Field(default=30, gt=0, description="The time that it may compute.")
    run_memory_mb: int = Field(default=512, ge=16, description="The memory that it may use.")
    run_files_mb: int = Field(default=64, ge=1, description="What it may write to files.")
    run_processes: int = Field(default=64, ge=1, description="How many processes it may be at a time.")
    run_output_bytes: int = Field(default=1_000_000, gt=0, description="What it may print.")
    run_concurrency: int = Field(default=4, gt=0, description="How many such processes a worker runs at a time.")
    run_python: str = Field(default="", description="The Python of scripts; default: the one that runs Cauce.")
    run_container_engine: str = Field(default="", description="The engine's program; default: docker, else podman.")
    run_container_network: str = Field(
        default="none", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", description="The network of containers."
    )
    run_container_volumes: Names = Field(default=(), description="The folders that containers may be given.")
    run_node: str = Field(default="node", description="The Node.js of scripts.")
    lifecycle_events: Literal["off", "workflow", "all"] = Field(
        default="workflow", description="Which lifecycle events instances that start from now on give."
    )

    by_hand_hours: float = Field(
        default=1, ge=0, description="After how many hours systems are asked for what was done by hand; 0: never."
    )
    unused_files_days: float = Field(
        default=30,
        ge=0,
        description="After how many days a file is removed that was attached to a task and never sent; 0: never.",
    )
    drift_hours: float = Field(
        default=24, ge=0, description="After how many hours the contracts of connections are read again; 0: never."
    )

    file_folders: Annotated[tuple[Path, ...], NoDecode] = Field(
        default=(),
        description="The folders of this machine that connections of the kind `file` may use, separated by commas; "
        "default: none.",
    )

    plaintext_hosts: Names = Field(
        default=(),
        description="Hosts (name, or name:port) whose gRPC services have no TLS, separated by commas.",
    )

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="What is logged.")
    log_format: Literal["text", "json"] = Field(default="text", description="For people or for programs.")

    otlp_endpoint: str = Field(
        default="",
        pattern=r"^(https?://\S+)?$",
        description="Where spans are sent to by OTLP over HTTP, as http://127.0.0.1:4318; default: what "
        "OTEL_EXPORTER_OTLP_ENDPOINT says, else nowhere.",
    )
    metrics: Literal["off", "login", "open"] = Field(
        default="login", description="Who may read /metrics: nobody, who has the role of an operator, or everybody."
    )

    max_body_bytes: int = Field(default=2_000_000, gt=0, description="The largest request the API takes.")
    max_definition_bytes: int = Field(default=1_048_576, gt=0, description="The largest definition file.")
    max_payload_bytes: int = Field(default=2_000_000, gt=0, description="The largest input or answer of an instance.")
    max_attachment_bytes: int = Field(
        default=10_000_000, gt=0, description="The largest file that can be attached, and all of one request together."
    )
    max_attachments: int = Field(default=20, ge=0, description="How many files one task may have; 0: none.")
    virus_scanner: str = Field(
        default="",
        pattern=r"^(\S+:\d{1,5})?$",
        description="Host and port of clamd, which looks at every file before it is kept; default: nobody looks.",
    )
    phone_region: str = Field(
        default="ES", pattern=r"^[A-Z]{2}$", description="The country of phone numbers that are written without one."
    )

    password_min_length: int = Field(default=10, ge=8, le=100, description="How long a password has to be.")
    second_factor_roles: Names = Field(
        default=(), description="The roles whose people need a second step at the login, separated by commas."
    )
    login_attempts: int = Field(default=5, gt=0, description="Wrong passwords before an account is locked.")
    login_lock_minutes: int = Field(default=15, gt=0, description="For how long it is locked.")
    session_idle_minutes: int = Field(
        default=0, ge=0, description="After how long without a request a browser's session ends; 0: after its 12 hours."
    )

    openid_issuer: str = Field(
        default="", pattern=r"^(https?://\S+)?$", description="The OpenID provider that people may log in at."
    )
    openid_client_id: str = Field(
        default="cauce",
        description="What it knows us as; its secret, if it has one, is the secret openid-client-secret.",
    )
    openid_scopes: str = Field(
        default="", description="What is asked for beside openid, profile and email: groups, say."
    )
    openid_groups_claim: str = Field(default="groups", description="Where its token names the groups of a person.")
    openid_name_claim: str = Field(
        default="preferred_username", description="Where its token has the name that an account gets."
    )
    openid_roles: dict[str, str] = Field(
        default_factory=dict, description="The role that members of a group have here: JSON from group to role."
    )
    scim_roles: dict[str, str] = Field(
        default_factory=dict, description="The same for groups kept over SCIM; default: what openid_roles says."
    )

    @model_validator(mode="before")
    @classmethod
    def _private_only_when_embedded(cls, values: dict[str, Any]) -> dict[str, Any]:
        if values.get("mode") == "production":
            values.setdefault("allow_private_http", False)
        return values

    @model_validator(mode="after")
    def _no_stand_ins_in_production(self) -> "Settings":
        if self.stand_ins and self.mode == "production":
            # They take the place of real systems, and of their certificates.
            message = "stand_ins are for trying things out, not for production"
            raise ValueError(message)
        return self

    @field_validator("stand_ins")
    @classmethod
    def _addresses(cls, stand_ins: dict[str, str]) -> dict[str, str]:
        for host, address in stand_ins.items():
            if not address.startswith(("http://", "https://")):
                message = f"the stand-in of {host} needs an address such as http://127.0.0.1:9000"
                raise ValueError(message)
        return stand_ins

    @field_validator(
        "worker_connections",
        "allowed_programs",
        "allow_run",
        "plaintext_hosts",
        "run_container_volumes",
        "second_factor_roles",
        mode="before",
    )
    @classmethod
    def _separated(cls, names: Any) -> Any:  # noqa: ANN401 - checked by the model afterwards
        return tuple(filter(None, re.split(r"[,\s]+", names))) if isinstance(names, str) else names

    @field_validator("file_folders", mode="before")
    @classmethod
    def _by_commas(cls, folders: Any) -> Any:  # noqa: ANN401 - checked by the model afterwards
        return tuple(filter(None, map(str.strip, folders.split(",")))) if isinstance(folders, str) else folders

    @field_validator("file_folders")
    @classmethod
    def _from_the_root(cls, folders: tuple[Path, ...]) -> tuple[Path, ...]:
        if any(not folder.is_absolute() or ".." in folder.parts for folder in folders):
            raise ValueError("write each folder from / on, without .., separated by commas")
        return folders

    @field_validator("allow_run")
    @classmethod
    def _by_name(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if not _may_run.fullmatch(name):
                raise ValueError("write shell, script:js, script:python or container:IMAGE, separated by commas")
        return names

    @field_validator("data_dir", "definitions_dir")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        # Absolute at once: a later change of directory must not move the store.
        return path.expanduser().absolute()

    @model_validator(mode="after")
    def _fill(self) -> "Settings":
        # Frozen for everybody but this validator, which runs before anybody has the object.
        defaults = {
            "secrets_dir": self.data_dir / "secrets",
            "session_secret_file": self.data_dir / "session.key",
            "store_url": f"sqlite+aiosqlite:///{self.data_dir / 'cauce.db'}",
            "public_url": f"http://{self.api_host}:{self.api_port}",
        }
        for name, value in defaults.items():
            if getattr(self, name) in {"", Path()}:
                object.__setattr__(self, name, value)
        return self

    def session_key(self) -> bytes:
        """Return the key that signs sessions; the first process that needs it makes it, for all."""
        file = self.session_secret_file
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            # Written under another name first, so that no other process ever reads half of it.
            draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_hex(32), encoding="ascii")
            with contextlib.suppress(FileExistsError):
                os.link(draft, file)
            draft.unlink()
        key = file.read_bytes().strip()
        if len(key) < 32:  # noqa: PLR2004 - 128 bits in hexadecimal digits
            raise SettingsError(
                f"The session key in {file} is too short to sign with.",
                hint="Delete the file and start again; everybody has to log in anew.",
            )
        return key


_given: ContextVar[Mapping[str, Any]] = ContextVar("_given")


@contextmanager
def given(**values: Any) -> Iterator[None]:  # noqa: ANN401 - checked by the model
    """Have every `load` within the block see these values, as if they were in the environment."""
    token = _given.set(values)
    try:
        yield
    finally:
        _given.reset(token)


def load(**given: Any) -> Settings:  # noqa: ANN401 - checked by the model
    """Return the settings from the environment; what is given here (by options of the CLI, by tests) wins."""
    try:
        return Settings(**{**_given.get({}), **given})
    except UnreadableError as cause:
        # Its text quotes the value.
        raise SettingsError(
            "A setting that has to be JSON is none.", hint=f"Look at the environment variables {prefix}…."
        ) from cause
    except ValidationError as cause:
        first = cause.errors(include_url=False, include_input=False)[0]
        name = "_".join(str(part) for part in first["loc"]) or "settings"
        raise SettingsError(
            f"The setting {name} is wrong: {first['msg']}.",
            hint=f"Looked at: the options given, the environment variable {prefix}{name.upper()}, the default.",
        ) from cause
