"""The world outside for tests of fetching: names, sockets and certificates that are all this machine's."""

import socket
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PUBLIC = "93.184.216.34"


class Connects:
    """Stands where sockets are opened: notes whom they should reach, and leads them to `port` or nowhere."""

    def __init__(self, real: Callable[..., socket.socket]) -> None:
        self.asked: list[tuple[str, int]] = []
        self.port: int | None = None
        self._real = real

    def __call__(
        self, address: tuple[str, int], timeout: float | None = None, _source: None = None
    ) -> socket.socket:
        self.asked.append(address)
        if self.port is None:
            raise ConnectionRefusedError
        return self._real(("127.0.0.1", self.port), timeout)


class Resolver:
    """Answers with the next line each time; `asked` are the names."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, _port: int) -> list[str]:
        self.asked.append(host)
        return self.answers.pop(0)


class Authority:
    """A certificate authority of this test's own; `trusted` is its certificate as a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test authority")])
        self.trusted = folder / "authority.pem"
        certificate = self._sign(self._name, self._key, x509.BasicConstraints(ca=True, path_length=0))
        self.trusted.write_bytes(certificate)

    def server(self, host: str, *, names: list[str | None]) -> ssl.SSLContext:
        """A server's side for that host, which notes the names it is called by."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
        chain = self._folder / f"{host}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        chain.write_bytes(
            private + self._sign(subject, key, x509.SubjectAlternativeName([x509.DNSName(host)]))
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        context.sni_callback = lambda _socket, name, _context: names.append(name)
        return context

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, extension: x509.ExtensionType
    ) -> bytes:
        now = datetime.now(UTC)
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        signs = isinstance(extension, x509.BasicConstraints)
        usage = x509.KeyUsage(
            digital_signature=not signs,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=signs,
            crl_sign=False,
            encipher_only=False,
            decipher_only=False,
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(extension, critical=signs)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(authority, critical=False)
            .add_extension(usage, critical=True)
        )
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def took_s(call: Callable[[], object], *, less_than_s: float) -> None:
    started_s = time.monotonic()
    try:
        call()
    finally:
        assert time.monotonic() - started_s < less_than_s
