"""Starts the warehouse: SOAP services by the npm library `soap`, in plain and over mutual TLS."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent / "soap_node"
MODULES = Path(__file__).parents[2] / "demo" / "erp"
WSDL = _HERE / "warehouse.wsdl"


@dataclass(frozen=True, slots=True)
class Warehouse:
    http: int
    https: int

    @property
    def wsdl(self) -> str:
        return f"http://127.0.0.1:{self.http}/levels?wsdl"

    @property
    def secure_wsdl(self) -> str:
        return f"https://127.0.0.1:{self.https}/levels?wsdl"


@contextmanager
def started(node: Path, certificates: Path) -> Iterator[Warehouse]:
    command = [str(node), str(_HERE / "server.mjs"), str(MODULES), str(certificates)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield Warehouse(**json.loads(process.stdout.readline()))
        finally:
            process.stdin.close()  # it ends by itself
