"""A certificate authority of the tests' own, and a web server with one of its certificates."""

import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


class Authority:
    """Vouches for certificates; whoever trusts the file ``root`` trusts them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.key = folder, ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of the tests")])
        self.root = folder / "root.pem"
        self.root.write_bytes(self.own_certificate().public_bytes(Encoding.PEM))

    def own_certificate(self) -> x509.Certificate:
        begun = certificate(self.name, self.name, self.key.public_key(), -DAY, DAY)
        return begun.add_extension(x509.BasicConstraints(True, None), critical=True).sign(self.key, hashes.SHA256())

    def certify(self, host: str, begins: timedelta = -DAY, ends: timedelta = DAY) -> Path:
        """Write key and certificate for a host into one file; its days count from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        begun = certificate(subject, self.name, key.public_key(), begins, ends)
        signed = begun.add_extension(names(host), critical=False).sign(self.key, hashes.SHA256())
        path = self.folder / "server.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(private + signed.public_bytes(Encoding.PEM))
        return path


def certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, begins: timedelta, ends: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number())
    return builder.not_valid_before(now + begins).not_valid_after(now + ends)


def names(host: str) -> x509.SubjectAlternativeName:
    try:
        return x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
    except ValueError:
        return x509.SubjectAlternativeName([x509.DNSName(host)])


class Server:
    """Takes one connection at a time on loopback, hears it to the end of its JSON, and keeps what it was told."""

    def __init__(self, pem: Path, newest: ssl.TLSVersion) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.set_ciphers("DEFAULT:@SECLEVEL=0")  # or the old versions would not be spoken by the server either
        self.context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        self.context.maximum_version = newest
        self.context.load_cert_chain(pem)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://localhost:{self.listener.getsockname()[1]}"
        self.heard: list[bytes] = []

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                self.answer(self.listener.accept()[0])

    def answer(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        with connection, suppress(OSError), self.context.wrap_socket(connection, server_side=True) as safe:
            said = b""
            while not said.endswith(b"}") and (part := safe.recv(65_536)):
                said += part
            if said:
                self.heard.append(said)
                safe.sendall(ANSWER)


@contextmanager
def serving(pem: Path, newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED) -> Iterator[Server]:
    """Serve on a port of its own; ``newest`` is the highest version of TLS it speaks."""
    server = Server(pem, newest)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    yield server
    with suppress(OSError):
        server.listener.shutdown(socket.SHUT_RDWR)
    server.listener.close()
    thread.join(timeout=5)
