"""What keeps a run from starting is one clear line and exit 2, with nothing left behind; the
doctor says it beforehand."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from certificates import Certificate, Certificates, make_certificates
from floods import CLIENTS, SMALL, flood
from parts import require
from processes import Faulty, faulty, free_port, qosflood_command, read_report, run_qosflood

pytestmark = pytest.mark.e2e


def one_line(*command: str, files: str | None = None) -> str:
    """The only line that a command says, which must exit 2; `files` are its soft and hard limit
    of open files."""
    done = limited(files, *command) if files else run_qosflood(*command)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("qosflood: ")
    return line


def refused(run_dir: Path, *options: str, files: str | None = None) -> str:
    """The line with which a flood was refused."""
    return one_line(*SMALL, "--quiet", "--out", str(run_dir), *options, files=files)


def limited(files: str, *command: str) -> subprocess.CompletedProcess[str]:
    """A command under a soft and a hard limit of open files."""
    require(shutil.which("prlimit"), "apt-get install util-linux")
    return subprocess.run(
        ["prlimit", f"--nofile={files}", *qosflood_command(*command)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def healthy() -> Iterator[Faulty]:
    with faulty() as server:
        yield server


def test_a_target_that_is_not_there_is_named(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    line = one_line(*SMALL, "--out", str(tmp_path / "run"), "--target", url)
    assert f"{url}/api/v1/metrics/qos: connection refused" in line
    assert "check --target" in line
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("behaviour", "met", "fix"),
    [
        ("status:401", "answered 401", "--header 'Authorization=env:VARIABLE'"),
        ("status:403", "answered 403", "--header 'Authorization=env:VARIABLE'"),
        ("status:404", "answered 404", "report.path"),
        ("status:200", "answered 200", "--set 'report.expect=[200]'"),
        ("status:302", "answered 302", "moved to"),
        ("status:400", "answered 400", "it says: "),
        ("garbage", "not HTTP", "check --target"),
    ],
)
def test_a_target_that_refuses_the_first_report_is_not_flooded(
    tmp_path: Path, behaviour: str, met: str, fix: str
) -> None:
    with faulty(behaviour) as server:
        line = refused(tmp_path / "run", "--target", server.url)
        assert server.log()["reports"] == 1
    assert met in line
    assert fix in line
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("which", "why"),
    [
        ("good", "unable to get local issuer certificate"),
        ("expired", "certificate has expired"),
        ("wrong_host", "certificate is not valid for '127.0.0.1'"),
    ],
)
def test_a_certificate_that_cannot_be_trusted_is_explained(
    tmp_path: Path, certificates: Certificates, which: str, why: str
) -> None:
    certificate: Certificate = getattr(certificates, which)
    trust = () if which == "good" else ("--cacert", str(certificates.authority))
    with faulty(cert=certificate.cert, key=certificate.key) as server:
        line = refused(tmp_path / "run", "--target", server.url, *trust)
    assert f"{server.url}/api/v1/metrics/qos: certificate: " in line
    assert why in line
    assert "--cacert FILE" in line
    assert "--insecure" in line
    assert not (tmp_path / "run").exists()


def test_a_certificate_is_not_checked_when_told_so(
    tmp_path: Path, certificates: Certificates
) -> None:
    bad = certificates.wrong_host
    with faulty(cert=bad.cert, key=bad.key) as server:
        done = flood(tmp_path / "run", "--target", server.url, "--insecure")
    assert set(done.outcomes) == {"acked"}
    assert done.flood["scrapes"]["failed"] == 0
    assert done.code in (0, 3)


def test_too_few_open_files_are_told_with_the_number_and_the_command(
    tmp_path: Path, healthy: Faulty
) -> None:
    line = refused(tmp_path / "run", "--target", healthy.url, files="150:150")
    assert f"a shard with {CLIENTS} clients needs {CLIENTS + 64}, this machine allows 150" in line
    assert f"ulimit -Hn {CLIENTS + 64}" in line
    assert "--shards 2" in line
    assert not (tmp_path / "run").exists()


def test_the_embedded_collector_needs_open_files_too(tmp_path: Path) -> None:
    line = refused(tmp_path / "run", "--shards", "2", files="150:150")
    assert f"the embedded collector with {CLIENTS} clients needs {CLIENTS + 64}" in line
    assert "--shards" not in line


def test_all_that_this_machine_lacks_is_said_at_once(tmp_path: Path, healthy: Faulty) -> None:
    reports = healthy.log()["reports"]
    sources = 'target.sources=["127.0.0.2", "192.0.2.1", "198.51.100.7"]'
    done = limited(
        "150:150",
        *(*SMALL, "--quiet", "--out", str(tmp_path / "run"), "--target", healthy.url),
        *("--set", sources),
    )
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert [line.split(" ")[1:3] for line in lines] == [
        ["target.sources:", "192.0.2.1"],
        ["target.sources:", "198.51.100.7"],
        ["open", "files:"],
    ]
    assert healthy.log()["reports"] == reports
    assert not (tmp_path / "run").exists()


def test_a_dry_run_only_warns_of_what_this_machine_lacks() -> None:
    done = limited("150:150", *SMALL, "--dry-run")
    assert done.returncode == 0
    (warning,) = done.stderr.splitlines()
    assert warning.startswith("warning: open files: the embedded collector with 100 clients needs")
    assert "machine" in done.stdout


def test_the_doctor_refuses_what_this_machine_cannot_carry(healthy: Faulty) -> None:
    reports = healthy.log()["reports"]
    done = limited("150:150", "doctor", "--target", healthy.url)
    assert done.returncode == 2
    assert "machine open files: 5,064 of 150 in a shard" in done.stdout
    (error,) = done.stderr.splitlines()
    assert "needs 5064, this machine allows 150; raise the limit as root" in error
    assert healthy.log()["reports"] == reports


def test_a_low_soft_limit_of_open_files_is_raised(tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    done = limited("64:4096", *SMALL, "--quiet", "--out", str(run_dir))
    assert done.returncode in (0, 3), done.stderr
    outcomes = read_report(run_dir)["totals"]["outcomes"]
    assert {name for name, count in outcomes.items() if count} == {"acked"}


def test_a_port_in_use_keeps_the_collector_from_starting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = one_line("collector", "--port", str(port))
    assert f"cannot listen on 127.0.0.1 port {port}: Address already in use" in line
    assert "choose another host or port" in line


def test_a_run_directory_with_something_in_it_is_left_alone(
    tmp_path: Path, healthy: Faulty
) -> None:
    (tmp_path / "precious").write_text("kept")
    reports = healthy.log()["reports"]
    line = refused(tmp_path, "--target", healthy.url)
    assert healthy.log()["reports"] == reports
    assert "the folder is not empty, expected a new or empty one" in line
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


@pytest.mark.parametrize(
    ("out", "met"),
    [
        ("file", "got a file, expected a new or empty folder"),
        ("file/run", "cannot be written (Not a directory)"),
        ("/proc/qosflood-run", "cannot be written"),
    ],
)
def test_a_run_directory_that_cannot_be_made_is_one_line(
    tmp_path: Path, healthy: Faulty, out: str, met: str
) -> None:
    (tmp_path / "file").touch()
    line = refused(tmp_path / out, "--target", healthy.url)
    assert f"--out {tmp_path / out}: {met}" in line
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


MACHINE = [f"machine {need}" for need in ("ports", "open files", "memory", "handshakes", "reports")]


def doctor(url: str) -> tuple[int, str, list[str]]:
    """Exit code, the line of what is seen of the target, and the warnings or the error."""
    done = run_qosflood("doctor", "--target", url)
    *machine, line = done.stdout.splitlines()
    assert [words.split(":")[0] for words in machine] == MACHINE
    return done.returncode, line, done.stderr.splitlines()


def test_the_doctor_finds_a_healthy_target_well(healthy: Faulty) -> None:
    code, line, further = doctor(healthy.url)
    assert (code, further) == (0, [])
    assert line.startswith("post ✓ 202 · scrape ✓ 3 series · memory ✓ ")
    assert f"(pid {healthy.process.pid})" in line


@pytest.mark.parametrize(
    ("behaviour", "seen"),
    [("no_metrics", "status 404"), ("bad_metrics", "parse: line 2")],
)
def test_the_doctor_warns_of_a_metrics_page_that_fails(behaviour: str, seen: str) -> None:
    with faulty(behaviour) as server:
        code, line, (warning,) = doctor(server.url)
    assert code == 2
    assert f"post ✓ 202 · scrape ✗ {seen}" in line
    assert "memory ✓" in line
    assert warning.startswith(f"warning: the scrape before the flood failed: {server.url}/metrics")
    assert "--scrape URL" in warning


def test_the_doctor_sees_a_refused_token() -> None:
    with faulty("status:401") as server:
        code, line, (error,) = doctor(server.url)
    assert code == 2
    assert "post ✗ 401 · scrape ✓ 3 series" in line
    assert "--header 'Authorization=env:VARIABLE'" in error


def test_the_doctor_sees_that_a_target_is_unwell() -> None:
    with faulty("status:503") as server:
        code, line, (warning,) = doctor(server.url)
    assert code == 2
    assert "post ✗ 503" in line
    assert "was not accepted: status 503" in warning


def test_the_doctor_weighs_the_run_that_is_meant(healthy: Faulty) -> None:
    options = ("--clients", "70", "--rate", "350/s", "--duration", "1h")
    done = run_qosflood("doctor", "--target", healthy.url, *options)
    assert done.returncode == 0
    assert "machine reports: 350/s of about " in done.stdout
    assert ", by a trial" in done.stdout


def test_the_doctor_sees_that_nobody_is_there() -> None:
    code, line, (error,) = doctor(f"http://127.0.0.1:{free_port()}")
    assert code == 2
    assert "post ✗ connection refused · scrape ✗ connection refused · memory ✗ no source" in line
    assert "connection refused" in error


def test_the_doctor_says_what_this_machine_carries() -> None:
    done = run_qosflood("doctor")
    rows = {line.split("  ")[0].split(" ✓")[0].split(" !")[0] for line in done.stdout.splitlines()}
    assert {"cores", "memory", "open files", "ports", "clock", "timer", "report", "trial"} <= rows
    answer = done.stdout.splitlines()[-1]
    on_time = answer.startswith("carries about ")
    assert on_time or answer.endswith("this machine can carry no load at present")
    assert done.returncode == (0 if on_time else 2), done.stderr


def test_the_doctor_names_every_instance(healthy: Faulty, tmp_path: Path) -> None:
    with faulty("no_metrics") as other:
        profile = tmp_path / "two.toml"
        profile.write_text(
            f'[[instance]]\nname = "one"\nscrape = "{healthy.url}/metrics"\n'
            f'[[instance]]\nname = "two"\nscrape = "{other.url}/metrics"\n'
        )
        done = run_qosflood("doctor", str(profile), "--target", healthy.url)
    assert done.returncode == 2
    lines = [line for line in done.stdout.splitlines() if line.startswith("instance ")]
    assert lines[0].startswith("instance one: scrape ✓ 3 series · memory ✓ process")
    assert lines[1].startswith("instance two: scrape ✗ status 404 · memory ✓ process")
