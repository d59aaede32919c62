"""Compiles a `.proto` file, as a program of its own: `proto_compiler.py FOLDER`, from `call.proto` to `call.bin`.

The compiler is written in C++ and reads text from anywhere, so it gets a process of its own, with limits.
"""

import resource
import sys
from importlib.resources import files

_MEMORY = 1 << 30
_CPU_S = 10
_LARGEST = 5_000_000


def _compile(folder: str) -> int:
    for what, most in ((resource.RLIMIT_AS, _MEMORY), (resource.RLIMIT_CPU, _CPU_S), (resource.RLIMIT_FSIZE, _LARGEST)):
        resource.setrlimit(what, (most, most))
    from grpc_tools import protoc  # noqa: PLC0415 - after the limits

    known = str(files("grpc_tools") / "_proto")
    arguments = [f"--descriptor_set_out={folder}/call.bin", "--include_imports", f"-I{folder}", f"-I{known}"]
    status: int = protoc.main(["protoc", *arguments, f"{folder}/call.proto"])
    return status


if __name__ == "__main__":
    sys.exit(_compile(sys.argv[1]))
