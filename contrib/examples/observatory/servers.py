# SPDX-License-Identifier: MIT
"""What the second act plays with: PostgreSQL servers, a line that can be cut, and the sidecar. All of it lies in one
directory, listens on Unix sockets only, and ends with its `with` block."""
import contextlib
import glob
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import threading
import time

START_SECONDS_MAX = 60
SOCKET = ".s.PGSQL.5432"
LINE_BYTES = 1 << 16


def program(name: str) -> str:
    """A program of PostgreSQL: of the newest version that Debian has installed, or the one on the path."""
    installed = glob.glob(f"/usr/lib/postgresql/*/bin/{name}")
    found = max(installed, key=lambda path: int(path.split("/")[4]), default=None) or shutil.which(name)
    if found is None:
        raise RuntimeError(f"there is no {name}; try: apt-get install postgresql")
    return found


def _identity() -> dict:
    """Whom servers run as: ourselves, but never root, which PostgreSQL refuses."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get("postgres") or names["nobody"]
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _until(is_ready, process: subprocess.Popen, log: pathlib.Path) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{process.args[0]} did not start:\n{log.read_text()}")
        time.sleep(0.05)


@contextlib.contextmanager
def _running(command: list, log: pathlib.Path, stop: signal.Signals, **options):
    with log.open("ab") as output:
        # Not in our group: an interrupt at the terminal is for us, and we end it in order.
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, **options)
    try:
        yield process
    finally:
        process.send_signal(stop)
        process.wait()


class Postgres:
    """A server. `copy_of`: another one, whose streaming replica it becomes."""

    def __init__(self, directory: pathlib.Path, copy_of: "Postgres" = None) -> None:
        self.directory = directory
        self._identity = _identity()
        directory.mkdir()
        if self._identity:
            os.chown(directory, self._identity["user"], self._identity["group"])
        if copy_of is None:
            self._make("initdb", "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        else:
            self._make("pg_basebackup", "-h", str(copy_of.directory), "-U", "postgres", "-R", "-X", "stream",
                       "-c", "fast", "--no-sync")

    @contextlib.contextmanager
    def running(self):
        command = [program("postgres"), "-D", f"{self.directory}/data", "-k", str(self.directory), "-c",
                   "listen_addresses="]
        log = self.directory.with_suffix(".log")
        with _running(command, log, signal.SIGINT, cwd=self.directory, **self._identity) as process:
            _until(self._answers, process, log)
            yield self

    def psql(self, *arguments: str) -> str:
        """What psql prints, past the sidecar."""
        command = [program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", str(self.directory), "-U",
                   "postgres", *arguments, "postgres"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def _answers(self) -> bool:
        try:
            return self.psql("-c", "SELECT 1") == "1"
        except subprocess.CalledProcessError:
            return False

    def _make(self, name: str, *arguments: str) -> None:
        made = subprocess.run(
            [program(name), "-D", f"{self.directory}/data", *arguments], cwd=self.directory, capture_output=True,
            text=True, **self._identity)
        if made.returncode != 0:
            raise RuntimeError(f"{name}: {made.stderr}")


class Line:
    """The long way to a server: a socket of the same name in another directory, until it is cut."""

    def __init__(self, directory: pathlib.Path, to: pathlib.Path) -> None:
        directory.mkdir()
        self.directory = directory
        self._to = str(to / SOCKET)
        self._lock = threading.Lock()
        self._listener = None
        self._open: set = set()

    def __enter__(self) -> "Line":
        self.mend()
        return self

    def __exit__(self, *_) -> None:
        self.cut()

    def mend(self) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.directory / SOCKET))
        self._listener.listen()
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """At once, whatever is on its way."""
        with self._lock:
            listener, self._listener = self._listener, None
            if listener is None:
                return
            os.unlink(self.directory / SOCKET)
            for end in (listener, *self._open):
                self._end(end)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near = listener.accept()[0]
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._to)
            except OSError:
                return
            with self._lock:
                if self._listener is not listener:
                    near.close()
                    return
                self._open |= {near, far}
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(LINE_BYTES):
                sink.sendall(data)
        with self._lock:
            self._open -= {source, sink}
        self._end(source)
        self._end(sink)

    @staticmethod
    def _end(end: socket.socket) -> None:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


@contextlib.contextmanager
def sidecar(binary: str, directory: pathlib.Path, arguments: list):
    """The sidecar with its state in `directory`; the path of its socket."""
    directory.mkdir(mode=0o700)
    path, log = directory / "sluice.sock", directory.with_suffix(".log")
    command = [binary, "serve", "--socket", str(path), *arguments]
    options = {"env": {**os.environ, "SLUICE_STATE_DIRECTORY": str(directory)}, "cwd": directory}
    with _running(command, log, signal.SIGTERM, **options) as process:
        _until(path.exists, process, log)
        yield str(path)
    if process.returncode != 0:
        raise RuntimeError(f"the sidecar ended with {process.returncode}:\n{log.read_text()}")
