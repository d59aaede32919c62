"""The settings of a connection to files: where they are, how they are written, and how much of them to take."""

from datetime import timedelta
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, StringConstraints, field_validator, model_validator

from cauce.connector import BaseSettings
from connectors.file.columns import Columns, FixedColumn, one_of_each

Encoding = Literal["utf-8", "utf-8-sig", "latin-1", "iso-8859-15", "cp1252"]
Separator = Annotated[str, StringConstraints(pattern=r"^[^A-Za-z0-9 ]$")]
HostKey = Annotated[str, StringConstraints(pattern=r"^(ssh|ecdsa|sk-ssh|sk-ecdsa)-[\w@.-]+ [A-Za-z0-9+/=]{20,}( .*)?$")]


class Numbers(BaseSettings):
    """How numbers are written in a file of text."""

    decimal: Literal[".", ","] = Field(".", description="What stands before the decimals.")
    thousands: Literal["", ".", ",", " ", "'"] = Field("", description="What may stand between groups of three digits.")

    @model_validator(mode="after")
    def _tell_apart(self) -> Self:
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands must differ")
        return self


class Lines(Numbers):
    """How a file of text is written."""

    encoding: Encoding = Field("utf-8", description="The character set; utf-8-sig writes a mark at the beginning.")
    line_end: Literal["lf", "crlf"] = Field("lf", description="What is written after each line; both are read.")
    skip_lines: int = Field(0, ge=0, le=1_000, description="How many lines before the header or the first row to skip.")


class Csv(Lines):
    """Values with a delimiter between them."""

    type: Literal["csv"] = Field("csv", description="csv: values with a delimiter between them.")
    delimiter: str = Field(",", min_length=1, max_length=1, description="What stands between two values.")
    quote: Literal['"', "'"] = Field('"', description="What stands around a value that holds the delimiter.")
    quoting: Literal["minimal", "all", "none"] = Field("minimal", description="Which values are written in quotes.")
    header: bool = Field(default=True, description="Whether the first line has the titles of the columns.")
    columns: Columns = Field(default_factory=list)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.header and not self.columns:
            raise ValueError("a file without a header needs columns")
        if self.delimiter in {self.quote, "\r", "\n", " "}:
            raise ValueError("this delimiter cannot be told from the values")
        one_of_each(self.columns)
        return self


class Xlsx(BaseSettings):
    """One sheet of a workbook of Excel; formulas give the value that was stored with them."""

    type: Literal["xlsx"] = Field(description="xlsx: a workbook of Excel.")
    sheet: str | None = Field(
        None, min_length=1, max_length=31, description="The sheet; left out, the first is read, and Sheet1 written."
    )
    header: bool = Field(default=True, description="Whether the first row has the titles of the columns.")
    columns: Columns = Field(default_factory=list)
    max_unpacked_bytes: int = Field(100_000_000, ge=1, description="The largest workbook when it is unpacked.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.header and not self.columns:
            raise ValueError("a sheet without a header needs columns")
        one_of_each(self.columns)
        return self


class Fixed(Lines):
    """Lines in which every column has its place; places are counted in characters."""

    type: Literal["fixed"] = Field(description="fixed: columns that are always at the same place of the line.")
    columns: list[FixedColumn] = Field(min_length=1, max_length=1_000, description="The columns and their places.")

    @model_validator(mode="after")
    def _apart(self) -> Self:
        one_of_each(self.columns)
        ordered = sorted(self.columns, key=lambda column: column.start)
        for left, right in pairwise(ordered):
            if left.start + left.length > right.start:
                raise ValueError(f"the columns {left.name} and {right.name} lie over each other")
        return self


class JsonLines(BaseSettings):
    """One JSON object a line, in UTF-8."""

    type: Literal["jsonl"] = Field(description="jsonl: one JSON object a line.")


class Edifact(BaseSettings):
    """Interchanges of EDIFACT (ISO 9735): a row is a message with its segments."""

    type: Literal["edifact"] = Field(description="edifact: messages of EDIFACT.")
    encoding: Encoding | None = Field(None, description="The character set, where it is not that of the syntax.")
    syntax: Literal["UNOA", "UNOB", "UNOC", "UNOY"] = Field("UNOC", description="The syntax that is written.")
    syntax_version: Literal["1", "2", "3", "4"] = Field("3", description="Its version.")
    decimal: Literal[".", ","] = Field(".", description="What the file says stands before the decimals of its numbers.")
    break_lines: bool = Field(default=False, description="Whether each segment is written on a line of its own.")


class X12(BaseSettings):
    """Interchanges of X12 (ANSI ASC): a row is a transaction set with its segments."""

    type: Literal["x12"] = Field(description="x12: transaction sets of X12.")
    encoding: Encoding = Field("latin-1", description="The character set.")
    segment: Separator = Field("~", description="What ends a segment that is written.")
    element: Separator = Field("*", description="What stands between its elements.")
    component: Separator = Field(":", description="What stands between the components of an element.")
    repetition: Separator = Field("^", description="What stands between the repetitions of an element (00501).")
    break_lines: bool = Field(default=False, description="Whether each segment is written on a line of its own.")

    @model_validator(mode="after")
    def _separators_differ(self) -> Self:
        if len({self.segment, self.element, self.component, self.repetition}) < 4:  # noqa: PLR2004 - of these four
            raise ValueError("segment, element, component and repetition are four different characters")
        return self


Format = Csv | Xlsx | Fixed | JsonLines | Edifact | X12


class Sftp(BaseSettings):
    """A server that speaks SFTP, and how to log in there."""

    host: str = Field(min_length=1, description="The server's name or address.")
    port: int = Field(22, ge=1, le=65535, description="Its port.")
    username: str = Field(min_length=1, description="Who logs in.")
    password: SecretStr | None = Field(None, description="With a password,")
    private_key: SecretStr | None = Field(None, description="or with a private key, as the text of its file;")
    passphrase: SecretStr | None = Field(None, description="what that key is encrypted with.")
    host_keys: list[HostKey] = Field(
        min_length=1, description="The server's public keys, as `ssh-ed25519 AAAA…`; no other server is talked to."
    )

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if (self.password is None) == (self.private_key is None):
            raise ValueError("give a password or a private_key, one of them")
        return self


class Settings(BaseSettings):
    """Which folder, where it is, and what its files look like."""

    folder: str = Field(
        min_length=1, description="The folder: within CAUCE_FILE_FOLDERS of this machine, or at the server of `sftp`."
    )
    sftp: Sftp | None = Field(None, description="The server; left out, the folder is one of this machine.")
    format: Format = Field(default_factory=Csv, discriminator="type", description="What the files look like.")
    timeout: timedelta = Field(timedelta(seconds=30), gt=timedelta(0), description="Limit of one call, as PT30S.")
    max_bytes: int = Field(100_000_000, ge=1, description="The largest file that is read or written.")
    max_rows: int = Field(1_000, ge=1, le=100_000, description="The most rows of one answer.")
    max_files: int = Field(1_000, ge=1, le=100_000, description="The most files of one answer.")

    @field_validator("folder")
    @classmethod
    def _no_way_up(cls, folder: str) -> str:
        if ".." in PurePosixPath(folder).parts or "\0" in folder:
            raise ValueError("the folder must be written without ..")
        return folder

    @model_validator(mode="after")
    def _absolute(self) -> Self:
        if self.sftp is None and not PurePosixPath(self.folder).is_absolute():
            raise ValueError("a folder of this machine starts with /")
        return self
