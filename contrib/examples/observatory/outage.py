#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An observation while the line to a far PostgreSQL is cut and its replica lags: three receipts for each transaction.

    outage.py .build/postgres/debug/sluice

Starts a PostgreSQL, a streaming replica, a line between and a sidecar, in a temporary directory, and stops them again.
Ends with 1 if anything is not as promised.
"""
import contextlib
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from servers import Line, Postgres, sidecar
from story import FILES, TABLES, Client, Story
from sluice import SluiceError

HERE = pathlib.Path(__file__).resolve().parent
EVENT_SECONDS_MAX = 60


class Outage(Story):
    """The second act."""

    def __init__(self, sluice: Client, events, line: Line, primary: Postgres, replica: Postgres) -> None:
        super().__init__(sluice)
        self.events = events
        self.line = line
        self.primary = primary
        self.replica = replica
        self.sent_at: dict = {}
        self.arrived: dict = {"committed": [], "replicated": []}

    def run(self) -> None:
        print("\nA PostgreSQL far away, its replica here, and a line between them.\n")
        obs, package = self.start()
        self.await_receipts("replicated")
        self.expect("psql sees the telescope busy at the replica", self.telescope(self.replica), "busy|0")

        print("\nThe replica falls behind.\n")
        self.replica.psql("-c", "SELECT pg_wal_replay_pause()")
        self.register_files(package)
        self.await_receipts("committed")
        self.expect("psql counts the files in the main database", self.files(self.primary), str(FILES))
        self.expect("... and none at the replica", self.files(self.replica), "0")
        self.read_back("record.query sees them all", package)

        print("\nThe line is cut.\n")
        self.line.cut()
        self.finish(obs)
        self.note(package)
        self.expect("the telescope is idle again", self.sluice.get("telescope", "t1")["record"]["state"], "idle")
        self.expect("... and the observation finished",
                    self.sluice.get("executed_obs_unit", obs)["record"]["status"], "finished")
        self.read_back("... and the files are still seen", package)
        self.expect("the main database knows nothing of it", self.telescope(self.primary), "busy|0")
        self.expect("server.health says so", self.await_outage(), "unavailable")

        print("\nThe line is mended.\n")
        self.line.mend()
        self.await_receipts("committed")
        self.expect("psql sees the telescope idle in the main database", self.telescope(self.primary), "idle|1")
        self.expect("... and still busy at the replica", self.telescope(self.replica), "busy|0")
        self.expect("... where nothing more has arrived", len(self.arrived["replicated"]), 1)
        state = self.sluice.get("telescope", "t1")["record"]["state"]
        self.expect("record.get does not go back to it", state, "idle")

        print("\nThe replica catches up.\n")
        self.replica.psql("-c", "SELECT pg_wal_replay_resume()")
        self.await_receipts("replicated")
        self.count()

    def note(self, package: str) -> None:
        tx = self.sluice.transaction(endpoint="PATCH /raw_data_packages", ordering_key="telescope-t1")
        tx.update("raw_data_package", package, name="night-1 (complete)")
        tx.create("log_entry", telescope_id="t1", message="package complete")
        self.send("rename the package", tx)

    def send(self, what: str, tx) -> dict:
        self.sent_at[tx.transaction_id] = time.monotonic()
        return super().send(what, tx)

    def await_receipts(self, status: str) -> None:
        """Prints what arrives until everything sent has come so far."""
        arrived = self.arrived[status]
        while len(arrived) < len(self.sent):
            event = next(self.events)
            transaction = event["transaction_id"]
            milliseconds = (time.monotonic() - self.sent_at[transaction]) * 1e3
            self.arrived[event["status"]].append(transaction)
            print(f"       {event['status']:10} {self.sent[transaction]:24} {milliseconds:6.0f} ms after it was sent",
                  flush=True)
        self.expect(f"each is {status}, once", sorted(arrived), sorted(self.sent))

    def await_outage(self) -> str:
        """What the sidecar says of the main database, when it has noticed, or at the last look."""
        deadline = time.monotonic() + EVENT_SECONDS_MAX
        while True:
            health = self.sluice.server_health()
            state = health["main_database"]["state"]
            if state != "ok" or time.monotonic() > deadline:
                for reason in health["reasons"]:
                    print(f"       {reason['message']}")
                return state
            time.sleep(0.05)

    def read_back(self, what: str, package: str) -> None:
        files = self.sluice.query("raw_data_file", where={"package_id": package}, count=True)
        self.expect(what, files["count"], FILES)
        self.expect("... and the package counts them",
                    self.sluice.get("raw_data_package", package)["record"]["file_count"], FILES)

    def count(self) -> None:
        expected = {"executed_obs_unit": 1, "raw_data_package": 1, "raw_data_file": FILES, "log_entry": 2}
        for place, server in (("in the main database", self.primary), ("at the replica", self.replica)):
            rows = {table: int(server.psql("-c", f"SELECT count(*) FROM {table}")) for table in TABLES}
            counts = ", ".join(f"{count} {table}" for table, count in rows.items())
            self.expect(f"psql counts the rows {place}: {counts}", rows, expected)
        ledger = self.primary.psql("-c", "SELECT count(*) FROM sluice_ledger")
        self.expect("... and each transaction once in the ledger", ledger, str(len(self.sent)))
        self.expect("nothing is on its way any more", self.sluice.get("telescope", "t1")["pending"], [])
        counters = self.sluice.server_stats()["counters"]
        self.expect("the counters add up", (counters["accepted"], counters["conserved"]), (len(self.sent), True))

    @staticmethod
    def telescope(server: Postgres) -> str:
        return server.psql("-c", "SELECT state, observations FROM telescope WHERE id = 't1'")

    @staticmethod
    def files(server: Postgres) -> str:
        return server.psql("-c", "SELECT count(*) FROM raw_data_file")


def play(binary: str, directory: pathlib.Path) -> int:
    with contextlib.ExitStack() as stage:
        primary = stage.enter_context(Postgres(directory / "primary").running())
        primary.psql("-f", str(HERE / "schema-postgres.sql"))
        replica = stage.enter_context(Postgres(directory / "replica", copy_of=primary).running())
        line = stage.enter_context(Line(directory / "line", to=primary.directory))
        socket = stage.enter_context(sidecar(binary, directory / "state", [
            "--config", str(HERE / "sluice.toml"), "--log-level", "error",
            "--main", f"host={line.directory} user=postgres dbname=postgres",
            "--replica", f"host={replica.directory} user=postgres dbname=postgres"]))
        sluice = stage.enter_context(Client(socket))
        events = stage.enter_context(sluice.subscribe(statuses=["committed", "replicated"], timeout=EVENT_SECONDS_MAX))
        outage = Outage(sluice, events, line, primary, replica)
        try:
            outage.run()
        except (SluiceError, subprocess.CalledProcessError, KeyError) as error:
            outage.fail(error)
        if outage.failures:
            print("The sidecar's log:\n" + (directory / "state.log").read_text()[-4000:], file=sys.stderr)
    return outage.end()


def main() -> int:
    if len(sys.argv) != 2:
        print(f"try: {sys.argv[0]} .build/postgres/debug/sluice", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory(prefix="sluice-", ignore_cleanup_errors=True) as directory:
        # The servers' user passes through it.
        pathlib.Path(directory).chmod(0o711)
        try:
            return play(binary, pathlib.Path(directory))
        except (RuntimeError, OSError) as error:
            print(error, file=sys.stderr)
            return 1


if __name__ == "__main__":
    sys.exit(main())
