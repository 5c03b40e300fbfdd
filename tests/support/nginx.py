"""nginx as a peer: a plain sink, and a reverse proxy with TLS and a bearer token."""

import contextlib
import os
import shutil
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from certificates import Certificate
from parts import require
from processes import Popen, accepts, free_port, started, wait_until

_ATTEMPTS = 3
_STATUS = "/stub_status"

_CONFIG = """\
{user}daemon off;
master_process {master};
worker_processes {workers};
worker_rlimit_nofile 20000;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 16384; }}
http {{
  access_log off;
  default_type application/json;
  keepalive_timeout 3600s;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
{http}}}
"""
_SERVER = """\
  server {{
    listen 127.0.0.1:{port}{listen} backlog=4096;
{certificate}    location / {{
{location}    }}
  }}
"""
_SINK = f"""\
      return 202 '{{"status":"accepted"}}';
    }}
    location = {_STATUS} {{
      stub_status;
"""
_UPSTREAM = """\
  upstream collector {{
    server 127.0.0.1:{port};
    keepalive 512;
    keepalive_requests 1000000000;
  }}
"""
_PROXY = """\
      if ($http_authorization != "Bearer {token}") {{ return 401 '{{"error":"unauthorized"}}'; }}
      proxy_pass http://collector;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
"""


@dataclass(frozen=True, slots=True)
class Nginx:
    """A running nginx; `process` is the one that serves (a sink with one worker) or the master."""

    process: Popen
    port: int
    scheme: str

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def requests(self) -> int:
        """How many requests it has read so far, this one included; plain HTTP only."""
        with urllib.request.urlopen(self.url + _STATUS, timeout=10) as answer:
            # "server accepts handled requests", and below it the three counts
            return int(answer.read().split(b"requests")[1].split()[2])


@contextlib.contextmanager
def nginx_sink(
    folder: Path,
    *,
    certificate: Certificate | None = None,
    wrapper: Sequence[str] = (),
    workers: int = 1,
) -> Iterator[Nginx]:
    """An nginx that answers every request 202 as the collector does.

    `wrapper` is put before its command, e.g. `("taskset", "-c", "1")`. The kernel spreads the
    connections evenly over `workers`, each with room for 16,000; one alone needs no master.
    """
    with _nginx(folder, "", _SINK, certificate, wrapper, workers=workers) as running:
        yield running


@contextlib.contextmanager
def nginx_telling(
    folder: Path, words: str, certificate: Certificate, version: str
) -> Iterator[Nginx]:
    """An nginx that speaks one version of TLS and answers 202 with `words`, variables in them."""
    location = f"""      return 202 "{words}";\n"""
    protocols = f"  ssl_protocols {version};\n"
    with _nginx(folder, protocols, location, certificate, ()) as running:
        yield running


@contextlib.contextmanager
def nginx_proxy(
    folder: Path, upstream_port: int, *, certificate: Certificate | None, token: str
) -> Iterator[Nginx]:
    """An nginx before the collector at `upstream_port` that wants a bearer token on every route."""
    upstream = _UPSTREAM.format(port=upstream_port)
    location = _PROXY.format(token=token)
    with _nginx(folder, upstream, location, certificate, (), master=True) as running:
        yield running


@contextlib.contextmanager
def _nginx(
    folder: Path,
    upstream: str,
    location: str,
    certificate: Certificate | None,
    wrapper: Sequence[str],
    *,
    master: bool = False,
    workers: int = 1,
) -> Iterator[Nginx]:
    binary = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    require(binary, "apt-get install nginx-light")
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        for _ in range(_ATTEMPTS):
            port = free_port()
            path = folder / f"nginx-{port}.conf"
            server = _server(port, location, certificate, shared=workers > 1)
            path.write_text(_config(folder, upstream + server, master or workers > 1, workers))
            command = [*wrapper, str(binary), "-c", str(path), "-e", str(folder / "error.log")]
            process = stack.enter_context(started(command))
            if _listens(process, port):
                yield Nginx(process, port, "https" if certificate else "http")
                return
        raise RuntimeError(f"nginx did not start: {(folder / 'error.log').read_text()}")


def _listens(process: Popen, port: int) -> bool:
    """Wait for either end: nginx listens, or gave up (the port was taken meanwhile)."""
    wait_until(lambda: process.poll() is not None or accepts(port), f"nginx on port {port}")
    return process.poll() is None


def _server(port: int, location: str, certificate: Certificate | None, *, shared: bool) -> str:
    files = ""
    if certificate is not None:
        files = f"    ssl_certificate {certificate.cert};\n"
        files += f"    ssl_certificate_key {certificate.key};\n"
    listen = (" ssl" if certificate else "") + (" reuseport" if shared else "")
    return _SERVER.format(port=port, listen=listen, certificate=files, location=location)


def _config(folder: Path, http: str, master: bool, workers: int) -> str:
    user = "user root;\n" if os.geteuid() == 0 else ""
    state = "on" if master else "off"
    return _CONFIG.format(user=user, master=state, workers=workers, folder=folder, http=http)
