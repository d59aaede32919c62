"""An authority, a server on loopback and a client with certificates that it signed, as files."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PASSWORD = "open it"  # noqa: S105 - of a key that lives as long as a test


def make(folder: Path) -> Path:
    """Write ca.pem, and key and certificate of server and client; client-locked.key is the same under a password."""
    issuer = ec.generate_private_key(ec.SECP256R1())
    _write(folder / "ca.pem", _certificate("Test authority", issuer, issuer, "Test authority", authority=True))
    keys: dict[str, Key] = {
        "server": ec.generate_private_key(ec.SECP256R1()),
        "client": rsa.generate_private_key(public_exponent=65537, key_size=2048),  # it signs, too
    }
    for name, key in keys.items():
        _write(folder / f"{name}.pem", _certificate(name, key, issuer, "Test authority"))
        (folder / f"{name}.key").write_bytes(_pem(key, serialization.NoEncryption()))
        locked = serialization.BestAvailableEncryption(PASSWORD.encode())
        (folder / f"{name}-locked.key").write_bytes(_pem(key, locked))
    return folder


def _certificate(
    name: str, key: Key, issuer_key: ec.EllipticCurvePrivateKey, issuer: str, *, authority: bool = False
) -> x509.Certificate:
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=not authority, key_cert_sign=authority, crl_sign=authority, content_commitment=False,
        key_encipherment=not authority, data_encipherment=False, key_agreement=False, encipher_only=False,
        decipher_only=False,
    )  # fmt: skip
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def _write(path: Path, certificate: x509.Certificate) -> None:
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _pem(key: Key, encryption: serialization.KeySerializationEncryption) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
