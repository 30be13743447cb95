"""Exchanges under TLS, with a certificate that only those trust who are told to."""

from __future__ import annotations

import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.exchange import ExchangeError, Request, exchange
from tests.support.http_server import PATIENT, Guest, Script, reply, serving
from tests.support.need import need_program

SHORT = 0.3
ROOT = Path(__file__).parents[2]
ASKS = """
import sys, time
from agent import openssl
openssl.leave_out()  # as in every process of ours
import asyncio, hashlib
assert "_ssl" not in sys.modules and sys.modules["_hashlib"] is None
from agent.exchange import ExchangeError, Request, exchange
try:
    answer = exchange(Request("POST", sys.argv[1], body=b"x" * 1_000_000), 30, time.monotonic)
    print(answer.status, answer.body.decode())
except ExchangeError as wrong:
    print(wrong)
"""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and the certificate of localhost, which nobody has signed."""
    openssl = need_program("openssl", "apt-get install openssl")
    folder = tmp_path_factory.mktemp("tls")
    key, made = folder / "key.pem", folder / "made.pem"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(made)]
    subprocess.run(command, capture_output=True, check=True)
    both = folder / "both.pem"
    both.write_bytes(key.read_bytes() + made.read_bytes())
    return both


def under_tls(certificate: Path, script: Script) -> Script:
    """The same behind a handshake; who does not want to go on with that is let go."""

    def guarded(guest: Guest) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        try:
            guest.sock = context.wrap_socket(guest.sock, server_side=True)
        except (ssl.SSLError, ConnectionError):
            return
        with guest.sock:
            guest.read()
            script(guest)

    return guarded


def asked(url: str, trusts: Path) -> str:
    """What a process says that trusts whoever this certificate is of."""
    return subprocess.run(
        [sys.executable, "-c", ASKS, url],
        cwd=ROOT,
        env={"SSL_CERT_FILE": str(trusts)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def wrong(url: str, timeout: float = PATIENT) -> str:
    with pytest.raises(ExchangeError) as why:
        exchange(Request("GET", url), timeout, time.monotonic)
    return str(why.value)


def test_who_is_trusted_is_asked_under_tls(certificate: Path) -> None:
    body = b"y" * 1_000_000
    with serving(under_tls(certificate, reply(200, body)), reads=False) as server:
        said = asked(f"https://localhost:{server.port}/", certificate)
        assert said == f"200 {body.decode()}"
        assert server.guests[0].body == b"x" * 1_000_000


def test_who_is_not_trusted_is_told_nothing(certificate: Path) -> None:
    with serving(under_tls(certificate, reply(200)), reads=False) as server:
        place = f"localhost:{server.port}"
        said = wrong(f"https://{place}/secret")
    assert said == f"the certificate of {place} is not accepted: self-signed certificate"
    assert not server.guests[0].head


def test_a_certificate_of_another_name_is_not_accepted(certificate: Path) -> None:
    with serving(under_tls(certificate, reply(200)), reads=False) as server:
        said = asked(f"https://127.0.0.1:{server.port}/", certificate)
    assert said == (
        f"the certificate of 127.0.0.1:{server.port} is not accepted: IP address mismatch, "
        "certificate is not valid for '127.0.0.1'."
    )


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (lambda guest: guest.say(b"HTTP/1.1 400 no\r\n\r\n"), "does not speak TLS"),
        (lambda guest: None, "does not speak TLS"),
        (Guest.ignore, "did not end the TLS handshake within"),
    ],
    ids=["http", "closed", "silent"],
)
def test_who_speaks_no_tls_is_said_not_to(script: Callable[[Guest], None], reason: str) -> None:
    with serving(script, reads=False) as server:
        assert reason in wrong(f"https://127.0.0.1:{server.port}/", SHORT)


def test_an_end_that_tls_does_not_know_of_is_no_end(certificate: Path) -> None:
    def breaks(guest: Guest) -> None:
        guest.say(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nall")

    with serving(under_tls(certificate, breaks), reads=False) as server:
        said = asked(f"https://localhost:{server.port}/", certificate)
    assert said == f"localhost:{server.port} closed the connection and did not end its answer"
