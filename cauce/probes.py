"""The first stages of every connection test: the name, the port, the certificate."""

import asyncio
import socket
import ssl
from contextlib import suppress
from time import perf_counter
from typing import Final

from cauce.connector import Probe

_patience_s: Final = 5.0


async def reach(host: str, port: int, *, tls: ssl.SSLContext | bool | None = None) -> list[Probe]:
    """Resolve a name, connect, and (with `tls`) check the certificate; stop at the first stage that fails."""
    probes = [await _dns(host, port)]
    if probes[-1].ok:
        probes.append(await _connect("tcp", host, port, tls=None))
    if tls and probes[-1].ok:
        probes.append(await _connect("tls", host, port, tls=tls))
    return probes


async def _dns(host: str, port: int) -> Probe:
    started = perf_counter()
    try:
        async with asyncio.timeout(_patience_s):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        return _failed(
            "dns", f"The name {host!r} is not known; check its spelling in the settings and the DNS.", started
        )
    except TimeoutError:
        return _failed("dns", f"The DNS gave no answer about {host!r}; check the network of this machine.", started)
    addresses = sorted({str(entry[4][0]) for entry in found})
    return Probe("dns", ok=True, sentence=f"{host} is {', '.join(addresses[:3])}.", milliseconds=_since(started))


async def _connect(stage: str, host: str, port: int, *, tls: ssl.SSLContext | bool | None) -> Probe:
    started = perf_counter()
    try:
        async with asyncio.timeout(_patience_s):
            _, writer = await asyncio.open_connection(host, port, ssl=tls)
            writer.close()
            with suppress(OSError):  # a server that speaks first (mail) may be in the middle of a word
                await writer.wait_closed()
    except ssl.SSLCertVerificationError as cause:
        why = f"The certificate of {host} is not trusted ({cause.verify_message}); set ca_file or renew it."
        return _failed(stage, why, started)
    except ssl.SSLError:
        return _failed(stage, f"{host}:{port} does not speak TLS; is the address https and the port right?", started)
    except ConnectionRefusedError:
        return _failed(stage, f"Nothing listens on {host}:{port}; start the system or correct the port.", started)
    except TimeoutError:
        return _failed(stage, f"{host}:{port} gave no answer in {_patience_s:g} s; is a firewall between?", started)
    except OSError as cause:
        return _failed(stage, f"{host}:{port} cannot be reached ({cause.strerror or 'no route'}).", started)
    said = "The certificate is trusted." if tls else f"{host}:{port} accepts connections."
    return Probe(stage, ok=True, sentence=said, milliseconds=_since(started))


def _failed(stage: str, sentence: str, started: float) -> Probe:
    return Probe(stage, ok=False, sentence=sentence, milliseconds=_since(started))


def _since(started: float) -> float:
    return round((perf_counter() - started) * 1000, 1)
