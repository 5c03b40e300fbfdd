"""Client certificates end to end: a target that wants one, and what is said without it."""

import contextlib
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from certificates import Certificates, make_certificates
from floods import flood
from test_e2e_refusals import refused

pytestmark = pytest.mark.e2e
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


class Collector(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(202, b"{}")

    def do_GET(self) -> None:
        self._answer(200, b"up 1\n")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """Refused handshakes are what the tests are about."""


@contextlib.contextmanager
def demanding(certificates: Certificates, version: ssl.TLSVersion) -> Iterator[str]:
    """The URL of a collector that talks to nobody without a certificate of its authority."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificates.authority)
    context.load_cert_chain(certificates.good.cert, certificates.good.key)
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = context.maximum_version = version
    server = Server(("127.0.0.1", 0), Collector)
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_target_that_wants_a_certificate_says_so_before_the_flood(
    tmp_path: Path, certificates: Certificates, version: ssl.TLSVersion
) -> None:
    with demanding(certificates, version) as url:
        line = refused(tmp_path / "run", "--target", url, "--cacert", str(certificates.authority))
    assert "--cert FILE" in line
    assert not (tmp_path / "run").exists()


def test_with_a_certificate_reports_and_scrapes_are_taken(
    tmp_path: Path, certificates: Certificates
) -> None:
    good = certificates.good
    with demanding(certificates, ssl.TLSVersion.TLSv1_3) as url:
        done = flood(
            tmp_path / "run",
            *("--target", url, "--cacert", str(certificates.authority)),
            *("--cert", str(good.cert), "--key", str(good.key)),
        )
    assert set(done.outcomes) == {"acked"}
    assert done.flood["scrapes"]["failed"] == 0


@pytest.mark.parametrize("version", VERSIONS)
def test_a_certificate_whose_time_is_over_is_named_by_the_handshake(
    tmp_path: Path, certificates: Certificates, version: ssl.TLSVersion
) -> None:
    expired = certificates.expired
    with demanding(certificates, version) as url:
        line = refused(
            tmp_path / "run",
            *("--target", url, "--cacert", str(certificates.authority)),
            *("--cert", str(expired.cert), "--key", str(expired.key)),
        )
    assert "TLS: SSLV3_ALERT_CERTIFICATE_EXPIRED; --cert has expired" in line
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--cert", "absent.pem"), "--cert absent.pem: cannot be read (No such file or directory)"),
        (("--cert", "{good.cert}"), "holds no PEM private key, name its file with --key"),
        (("--cert", "{good.key}"), "holds no PEM certificate"),
        (
            ("--cert", "{good.cert}", "--key", "{expired.key}"),
            "the private key is not that of the certificate",
        ),
    ],
)
def test_a_certificate_that_cannot_be_used_is_named(
    tmp_path: Path, certificates: Certificates, options: tuple[str, ...], words: str
) -> None:
    named = [text.format(good=certificates.good, expired=certificates.expired) for text in options]
    assert words in refused(tmp_path / "run", "--target", "https://127.0.0.1:1", *named)


def test_a_certificate_for_plain_http_is_a_slip(tmp_path: Path) -> None:
    line = refused(tmp_path / "run", "--target", "http://127.0.0.1:1", "--cert", "client.pem")
    assert "--cert: got client.pem for the target http://127.0.0.1:1, expected https" in line
