"""The connector itself: lists, reads, writes and moves the files of one folder."""

import asyncio
import fnmatch
import time
from collections.abc import Sequence
from functools import cached_property, partial
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, Final, Literal, cast

from cauce.connector import JSON, BaseConnector, Operation, Probe
from cauce.errors import AmbiguousError, BusinessError, PermanentError, RemoteError, TransientError
from connectors.file import delimited, lines
from connectors.file.local import Local
from connectors.file.place import Attempt, Entry, Place, is_there, is_too_large, missing
from connectors.file.rows import Batch, RowError, Table, Wanted, collect
from connectors.file.settings import X12, Csv, Edifact, Fixed, Format, JsonLines, Settings, Xlsx
from connectors.file.template import Call, Target, fill

_in_memory: Final = 1_000_000
_block: Final = 262_144
# What a thread is given to notice its deadline by itself, before nobody waits for it any longer.
_grace_s: Final = 1.0


class Connector(BaseConnector[Settings]):
    """Lists, reads, writes and moves files; an operation's `calls` is `read orders-*.csv`, `write {name}`."""

    async def call(self, operation: Operation, params: JSON) -> JSON:
        """Carry out one call."""
        where = f"{operation.name}@{self.name}"
        call = fill(operation.calls, operation.effect, params, where)
        until, attempt = time.monotonic() + operation.timeout_s, Attempt()
        try:
            async with asyncio.timeout(operation.timeout_s + _grace_s):
                match call.verb:
                    case "list":
                        return await self._list(call.target)
                    case "read":
                        return await self._read(call, where, until)
                    case "write":
                        return await self._write(call, where, attempt)
                    case "move":
                        return await self._move(call, attempt)
        except TimeoutError as cause:
            attempt.abandoned = True
            slow = f"{call.target.path} took longer than {operation.timeout_s:g} s."
            if not attempt.begun:
                raise TransientError(slow, hint="Nothing was done.", remote_code="timeout") from cause
            hint = "It may still be done; look whether the file is there."
            raise AmbiguousError(slow, hint=hint, remote_code="timeout") from cause

    async def check(self) -> list[Probe]:
        """Test the way to the folder, stage by stage."""
        try:
            return await self._place.check()
        except RemoteError as error:
            return [Probe("folder", ok=False, sentence=str(error))]

    async def close(self) -> None:
        """Close the connection to the server, if there is one."""
        await self._place.close()

    @cached_property
    def _place(self) -> Place:
        if self.settings.sftp is None:
            return Local(self.settings.folder, self.settings.max_bytes)
        # Imported when it is used: whoever reads a local folder does not wait for a library of SSH.
        from connectors.file.sftp import Remote  # noqa: PLC0415

        return Remote(self.name, self.settings.folder, self.settings.sftp, self.settings.max_bytes)

    async def _list(self, target: Target) -> JSON:
        found = await self._matching(target)
        most = self.settings.max_files
        return {"files": [one.as_data() for one in found[:most]], "more": len(found) > most}

    async def _matching(self, target: Target) -> list[Entry]:
        try:
            files = await self._place.files(target.folder)
        except BusinessError as error:
            if error.remote_code != missing:
                raise
            if not target.folder:
                problem = f"There is no folder {self.settings.folder}."
                raise PermanentError(problem, hint="Check `folder` in the settings.", remote_code="folder") from error
            return []  # a folder below is made by the first file in it
        hidden = target.name.startswith(".")
        found = [
            one
            for one in files
            if (fnmatch.fnmatchcase(one.name, target.name) if target.wild else one.name == target.name)
            and (hidden or not one.name.startswith("."))
        ]
        for one in found:
            if not one.name.isprintable():
                problem = "A file's name has characters that cannot be printed, or is not UTF-8."
                raise PermanentError(problem, hint="Rename the file.", remote_code="name")
        return sorted(found, key=lambda one: one.name)

    async def _read(self, call: Call, where: str, until: float) -> JSON:
        file, skip, version = _cursor(call.options.get("after"), where)
        most, bad_rows = self._batch_options(call, where)
        target, later = call.target, list[Entry]()
        if call.target.wild:
            later = [one for one in await self._matching(call.target) if one.name >= file]
            if file and file not in {one.name for one in later[:1]}:
                raise BusinessError(f"{file} is no longer there.", hint="Read from the beginning.", remote_code=missing)
            if not later:
                return {"file": None, "rows": [], "rejected": [], "next": None}
            target = Target(target.folder, later.pop(0).name)
        elif file not in {"", target.name}:
            raise _misused(f"{where}.after", "`after` is about another file.")
        async with self._place.opened(target.folder, target.name) as (stream, entry):
            if version not in {"", entry.version}:
                raise BusinessError(
                    f"{target.path} was written again while it was read.",
                    hint="Read it from the beginning.",
                    remote_code="changed",
                )
            work = partial(self._collect, stream, target.path, Wanted(skip, most, bad_rows, until))
            batch = await asyncio.to_thread(work)
        following = None
        if batch.following is not None:
            following = {"file": target.name, "row": batch.following, "version": entry.version}
        elif later:
            following = {"file": later[0].name, "row": 0, "version": later[0].version}
        return {"file": target.name, "rows": batch.rows, "rejected": batch.rejected, "next": following}

    def _collect(self, stream: BinaryIO, path: str, wanted: Wanted) -> Batch:
        return collect(_table(self.settings.format, stream, path), path, wanted)

    def _batch_options(self, call: Call, where: str) -> tuple[int, Literal["stop", "collect"]]:
        given = call.options.get("max_rows")
        most = self.settings.max_rows if given is None else given
        if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= self.settings.max_rows:
            raise _misused(f"{where}.max_rows", f"max_rows is a whole number from 1 to {self.settings.max_rows}.")
        bad_rows = call.options.get("bad_rows") or "stop"
        if bad_rows not in {"stop", "collect"}:
            raise _misused(f"{where}.bad_rows", "bad_rows is stop or collect.")
        return most, cast("Literal['stop', 'collect']", bad_rows)

    async def _write(self, call: Call, where: str, attempt: Attempt) -> JSON:
        rows, replace = call.options.get("rows"), call.options.get("replace") or False
        if not isinstance(rows, list):
            raise _misused(f"{where}.rows", "write needs `rows`, a list of objects.")
        if not isinstance(replace, bool):
            raise _misused(f"{where}.replace", "replace is true or false.")
        target = call.target
        with SpooledTemporaryFile(max_size=_in_memory) as made:
            content = cast("BinaryIO", made)
            try:
                await asyncio.to_thread(_fill, self.settings.format, rows, content)
            except RowError as error:
                at = f"{where}: rows[{error.row}]" + (f".{error.column}" if error.column else "")
                raise PermanentError(str(error), hint="Mend `request`.", where=at, remote_code="params") from error
            if (size := content.tell()) > self.settings.max_bytes:
                raise is_too_large(target.path, self.settings.max_bytes)
            same = await self._has(target, content)
            if same is False and not replace:
                raise is_there(target.path)
            if not same:
                await self._put(target, content, attempt, replace=replace)
        return {"file": target.name, "rows": len(rows), "size": size}

    async def _put(self, target: Target, content: BinaryIO, attempt: Attempt, *, replace: bool) -> None:
        content.seek(0)
        try:
            await self._place.put(target.folder, target.name, content, attempt, replace=replace)
        except BusinessError as error:
            # Somebody else was faster; with the same content it does not matter who.
            if error.remote_code == missing:
                problem = f"There is no folder {self.settings.folder}."
                raise PermanentError(problem, hint="Check `folder` in the settings.", remote_code="folder") from error
            if not await self._has(target, content):
                raise

    async def _has(self, target: Target, content: BinaryIO) -> bool | None:
        """Say whether the file is there with this content; None when it is not there."""
        try:
            async with self._place.opened(target.folder, target.name) as (stream, _):
                return await asyncio.to_thread(_same, stream, content)
        except BusinessError as error:
            if error.remote_code == missing:
                return None
            raise

    async def _move(self, call: Call, attempt: Attempt) -> JSON:
        target, becomes = call.target, cast("Target", call.becomes)
        if target == becomes:
            raise PermanentError(f"{target.path} would be moved to itself.", hint="Change `calls`.")
        await self._place.move((target.folder, target.name), (becomes.folder, becomes.name), attempt)
        return {"file": becomes.path}


def _cursor(after: JSON, where: str) -> tuple[str, int, str]:
    if after is None:
        return "", 0, ""
    if isinstance(after, dict) and set(after) <= {"file", "row", "version"}:
        file, row, version = after.get("file"), after.get("row", 0), after.get("version", "")
        if isinstance(file, str) and isinstance(version, str) and isinstance(row, int) and row >= 0:
            return file, row, version
    raise _misused(f"{where}.after", "`after` is what the answer before said in `next`, or null.")


def _misused(where: str, problem: str) -> PermanentError:
    return PermanentError(problem, hint="Mend `request`.", where=where, remote_code="params")


def _table(layout: Format, stream: BinaryIO, path: str) -> Table:
    match layout:
        case Csv():
            return delimited.read(layout, stream, path)
        case Fixed():
            return lines.read_fixed(layout, stream, path)
        case JsonLines():
            return lines.read_json_lines(stream, path)
        case Xlsx():
            return cast("Table", _workbook().read(layout, stream, path))
        case Edifact():
            return cast("Table", _edifact().read(layout, stream, path))
        case X12():
            return cast("Table", _x12().read(layout, stream, path))


def _fill(layout: Format, rows: Sequence[JSON], out: BinaryIO) -> None:
    match layout:
        case Csv():
            delimited.write(layout, rows, out)
        case Fixed():
            lines.write_fixed(layout, rows, out)
        case JsonLines():
            lines.write_json_lines(rows, out)
        case Xlsx():
            _workbook().write(layout, rows, out)
        case Edifact():
            _edifact().write(layout, rows, out)
        case X12():
            _x12().write(layout, rows, out)


def _workbook() -> Any:  # noqa: ANN401 (a module)
    # Imported when it is used: a library for Excel is slow to load.
    from connectors.file import workbook  # noqa: PLC0415 - slow to load

    return workbook


def _edifact() -> Any:  # noqa: ANN401 (a module)
    from connectors.file import edifact  # noqa: PLC0415 - as above

    return edifact


def _x12() -> Any:  # noqa: ANN401 (a module)
    from connectors.file import x12  # noqa: PLC0415 - as above

    return x12


def _same(stream: BinaryIO, content: BinaryIO) -> bool:
    content.seek(0)
    while True:
        block, other = stream.read(_block), content.read(_block)
        if block != other:
            return False
        if not block:
            return True
