"""What a `.proto` file describes: compiled in a process of its own, once per text, and looked up by name."""

import asyncio
import hashlib
import re
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.message import DecodeError, Message

from cauce.contract import JSON
from cauce.errors import PermanentError
from schemas import guess

_COMPILER: Final = Path(__file__).with_name("proto_compiler.py")
_LIMIT_S: Final = 20.0
_KEPT: Final = 64
_SENTENCE: Final = 200


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a service: its path in a request, its messages, and whether either side sends several."""

    path: str
    input: Any
    output: Any
    client_streams: bool
    server_streams: bool

    def request(self, arguments: JSON) -> Message:
        """Return the request that the arguments describe."""
        message: Message = message_factory.GetMessageClass(self.input)()
        try:
            json_format.ParseDict(arguments, message)
        except (json_format.ParseError, ValueError, TypeError, RecursionError) as cause:
            said = str(cause).splitlines()[0][:_SENTENCE] if str(cause) else "they do not fit"
            raise PermanentError(
                f"The arguments do not fit the message {self.input.full_name}: {said}", detail={"status": 400}
            ) from cause
        return message

    def output_of(self, data: bytes) -> JSON:
        """Return an answer as JSON: names in lowerCamelCase, large integers as text, defaults written out."""
        message: Message = message_factory.GetMessageClass(self.output)()
        try:
            message.ParseFromString(data)
            return json_format.MessageToDict(message, always_print_fields_with_no_presence=True)
        except (DecodeError, json_format.Error, ValueError, TypeError, RecursionError) as cause:
            raise PermanentError(
                f"The answer is not the message {self.output.full_name} that its description promises.",
                hint="Is the description that of this version of the service?",
            ) from cause


class Descriptions:
    """Compiled descriptions; the newest are kept."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, descriptor_pb2.FileDescriptorSet] = OrderedDict()

    async def method(self, proto: str, service: str, name: str) -> Method:
        """Return a method of a service that a `.proto` file describes."""
        digest = hashlib.sha256(proto.encode()).hexdigest()
        if digest not in self._kept:
            self._kept[digest] = await _compiled(proto)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(digest)
        return _method(self._kept[digest], service, name)


def _method(files: descriptor_pb2.FileDescriptorSet, service: str, name: str) -> Method:
    pool = descriptor_pool.DescriptorPool()
    try:
        for file in files.file:
            pool.Add(file)
    except TypeError as cause:
        raise PermanentError("The description of the service contradicts itself.") from cause
    services = [f"{file.package}.{each.name}".lstrip(".") for file in files.file for each in file.service]
    if service not in services:
        raise PermanentError(f"There is no service `{service}` in its description{guess(service, services)}")
    described = pool.FindServiceByName(service)
    methods = [each.name for each in described.methods]
    if name not in methods:
        raise PermanentError(f"The service `{service}` has no method `{name}`{guess(name, methods)}")
    method = described.methods_by_name[name]
    path = f"/{service}/{name}"
    return Method(path, method.input_type, method.output_type, method.client_streaming, method.server_streaming)


async def _compiled(proto: str) -> descriptor_pb2.FileDescriptorSet:
    with tempfile.TemporaryDirectory(prefix="cauce-proto-") as name:
        folder = Path(name)
        (folder / "call.proto").write_text(proto, encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", str(_COMPILER), name, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE
        )
        try:
            async with asyncio.timeout(_LIMIT_S):
                _, said = await process.communicate()
        except TimeoutError:
            raise PermanentError("The description of the service takes too long to read.") from None
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        compiled = folder / "call.bin"
        if process.returncode or not compiled.exists():
            # "<folder>/call.proto:3:1: …" among others; a compiler that was stopped by its limits says nothing.
            found = re.search(r"call\.proto:(\d+:\d+: .*)", said.decode(errors="replace"))
            line = found[1][:_SENTENCE] if found else "it is too large"
            raise PermanentError(
                f"The description of the service cannot be read: {line}",
                hint="It has to be one .proto file; imports are only google/protobuf/….",
            )
        return descriptor_pb2.FileDescriptorSet.FromString(compiled.read_bytes())
