# SPDX-License-Identifier: MIT
"""A real sidecar beside a new database of the observatory, where the environment names its program."""
from __future__ import annotations

import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[4]
sys.path.insert(0, str(ROOT / "contrib" / "clients" / "python"))

import sluice  # noqa: E402

BINARY = os.environ.get("SLUICE_BINARY", "")
OBSERVATORY = ROOT / "contrib" / "examples" / "observatory"
VECTORS = ROOT / "proto-json" / "vectors"

# "redis": each sidecar gets a redis-server of its own.
KEYSPACE = os.environ.get("SLUICE_TEST_KEYSPACE", "embedded")

if BINARY and shutil.which(BINARY) is None:
    sys.exit(f"SLUICE_BINARY names no program: {BINARY}")
SKIPPED = None if BINARY else "no SLUICE_BINARY in the environment"


class Sidecar:
    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory()
        self.state = self._directory.name
        self.path = os.path.join(self.state, "sluice.sock")
        self.database = os.path.join(self.state, "main.db")
        connection = sqlite3.connect(self.database)
        connection.executescript((OBSERVATORY / "schema.sql").read_text())
        connection.close()
        self._process = None
        self._redis = None
        if KEYSPACE == "redis":
            self._start_redis()
        self.start()

    def _start_redis(self) -> None:
        self._redis_socket = os.path.join(self.state, "redis.sock")
        self._redis = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self._redis_socket, "--dir", self.state, "--save", "",
             "--appendonly", "yes", "--appendfsync", "always"], stdout=subprocess.DEVNULL)
        until(lambda: os.path.exists(self._redis_socket))

    def start(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SLUICE_")}
        keyspace = ["--keyspace", f"redis+unix://{self._redis_socket}"] if self._redis else []
        log = open(os.path.join(self.state, "log"), "ab")
        with log:
            self._process = subprocess.Popen(
                [os.path.abspath(BINARY), "serve", "--config", str(OBSERVATORY / "sluice.toml"), "--socket", self.path,
                 "--main", f"sqlite:{self.database}", *keyspace],
                cwd=self.state, env={**environment, "SLUICE_STATE_DIRECTORY": self.state}, stdout=log, stderr=log)
        try:
            with self.client(timeout=20) as client:
                client.server_health()
        except sluice.SluiceError as error:
            self.stop()
            raise RuntimeError(f"the sidecar did not start: {error}\n{self.log()}") from error

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def pause(self) -> None:
        self._process.send_signal(signal.SIGSTOP)
        tasks = pathlib.Path("/proc", str(self._process.pid), "task")
        # The signal stops one thread after the other.
        until(lambda: all(stat.read_text().rpartition(")")[2].split()[0] == "T" for stat in tasks.glob("*/stat")))

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> int:
        self._process.terminate()
        try:
            return self._process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            return -9

    def close(self) -> None:
        if self._process.poll() is None:
            self.stop()
        if self._redis is not None:
            self._redis.kill()
            self._redis.wait()
        self._directory.cleanup()

    def client(self, **options) -> sluice.Client:
        return sluice.Client(self.path, **options)

    def log(self) -> str:
        return pathlib.Path(self.state, "log").read_text(errors="replace")[-4000:]

    def sql(self, text: str, *arguments) -> list:
        """Rows as another program sees them, past the sidecar."""
        connection = sqlite3.connect(self.database, timeout=10)
        try:
            return connection.execute(text, arguments).fetchall()
        finally:
            connection.close()


class Lock:
    """Holds the write lock of a database."""

    def __init__(self, database: str) -> None:
        self._connection = sqlite3.connect(database, isolation_level=None, timeout=10)

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, *_) -> None:
        self._connection.execute("ROLLBACK")
        self._connection.close()


def until(condition, seconds: float = 20.0) -> None:
    """Waits for a state that no event announces."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("did not happen in time")
        time.sleep(0.02)
