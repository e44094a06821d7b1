#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An observation while the main database is locked away: everything is acknowledged, readable, and applied later.

    observe.py --socket .sluice/sluice.sock --database .sluice/main.db

Ends with 1 if anything is not as promised.
"""
import argparse
import sqlite3
import sys

from story import FILES, TABLES, Client, Story
from sluice import SluiceError


class Night(Story):
    """The first act."""

    def __init__(self, sluice: Client, database: str) -> None:
        super().__init__(sluice)
        self.database = database

    def run(self) -> None:
        self.sluice.server_health(timeout=15)
        before = self.rows()
        busy = self.scalar("SELECT observations FROM telescope WHERE id = 't1'")
        with Lock(self.database):
            print("\nThe main database is locked by another program.\n")
            obs, package = self.start()
            self.register_files(package)
            self.finish(obs)
            self.read_back(obs, package)
            self.expect("nothing is in the database yet", self.rows(), before)
        print("\nThe lock is gone.\n")
        self.await_commits()
        self.count(before, busy, obs, package)

    def read_back(self, obs: str, package: str) -> None:
        record = self.sluice.get("executed_obs_unit", obs)
        self.expect("record.get sees the observation finished", record["record"]["status"], "finished")
        start, _, finish = self.sent
        self.expect("... and names what is still on the way", set(record["pending"]), {start, finish})
        telescope = self.sluice.get("telescope", "t1")["record"]
        self.expect("... and the telescope idle again", (telescope["state"], telescope["name"]), ("idle", "North"))
        found = self.sluice.query(
            "raw_data_file", where={"package_id": package, "size_bytes": {"gte": 2_000_000_001}}, order_by=["-name"],
            limit=2, count=True)
        self.expect("record.query filters and counts", found["count"], FILES - 1)
        names = [file["name"] for file in found["records"]]
        self.expect("... and orders", names, [f"scan-{FILES - 1:03}.fits", f"scan-{FILES - 2:03}.fits"])
        self.expect("... and gives bytes back", found["records"][0]["checksum"], bytes([FILES - 1, 255, 0]))

    def await_commits(self) -> None:
        for transaction in self.sent:
            status = self.sluice.wait(transaction, "committed", timeout=30)
            is_there = status["status"] in ("committed", "replicated")
            if not self.expect(f"{transaction} is in the database", is_there, True):
                print(f"       status {status['status']}, last error {status.get('last_error')}")

    def count(self, before: dict, busy: int, obs: str, package: str) -> None:
        grown = {table: count - before[table] for table, count in self.rows().items()}
        expected = {"executed_obs_unit": 1, "raw_data_package": 1, "raw_data_file": FILES, "log_entry": 1}
        self.expect("sqlite3 counts the new rows", grown, expected)
        count = self.scalar("SELECT file_count FROM raw_data_package WHERE id = ?", package)
        self.expect("... the package's files", count, FILES)
        observations = self.scalar("SELECT observations FROM telescope WHERE id = 't1'")
        self.expect("... the telescope's observations", observations, busy + 1)
        status = self.scalar("SELECT status FROM executed_obs_unit WHERE id = ?", obs)
        self.expect("... and the observation finished", status, "finished")

    def rows(self) -> dict:
        return {table: self.scalar(f"SELECT count(*) FROM {table}") for table in TABLES}

    def scalar(self, sql: str, *arguments):
        """A value as another program sees it, past the sidecar."""
        connection = sqlite3.connect(self.database)
        try:
            return connection.execute(sql, arguments).fetchone()[0]
        finally:
            connection.close()


class Lock:
    """Holds the write lock of the database, as a stuck program would."""

    def __init__(self, database: str) -> None:
        self.connection = sqlite3.connect(database, isolation_level=None, timeout=10)

    def __enter__(self) -> None:
        self.connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, *_) -> None:
        self.connection.execute("ROLLBACK")
        self.connection.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--socket", default=".sluice/sluice.sock")
    parser.add_argument("--database", default=".sluice/main.db")
    arguments = parser.parse_args()
    with Client(arguments.socket) as sluice:
        night = Night(sluice, arguments.database)
        try:
            night.run()
        except (SluiceError, sqlite3.Error, KeyError) as error:
            night.fail(error)
    return night.end()


if __name__ == "__main__":
    sys.exit(main())
