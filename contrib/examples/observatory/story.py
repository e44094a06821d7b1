# SPDX-License-Identifier: MIT
"""What the acts of the demo share: they tell what they see, and count what is not as promised."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "clients" / "python"))

from sluice import Client  # noqa: E402

TABLES = ("executed_obs_unit", "raw_data_package", "raw_data_file", "log_entry")
FILES = 5


class Story:
    """An observation in three transactions, and a tally of expectations."""

    def __init__(self, sluice: Client) -> None:
        self.sluice = sluice
        self.failures = 0
        self.sent: dict = {}  # transaction id: what it does

    def start(self) -> tuple:
        """Three changes that belong together; the package refers to an observation that has no row yet."""
        tx = self.sluice.transaction(endpoint="POST /executed_obs_units/start", ordering_key="telescope-t1")
        obs = tx.create(
            "executed_obs_unit", obs_unit_id="u1", telescope_id="t1", conditions={"pwv_mm": 0.42}, step_="obs")
        tx.create("raw_data_package", obs_id=obs, name="night-1", step_="pkg")
        tx.update("telescope", "t1", state="busy")
        ids = self.send("start the observation", tx)
        return ids["obs"], ids["pkg"]

    def register_files(self, package: str) -> None:
        tx = self.sluice.transaction(endpoint="POST /raw_data_files")
        tx.bulk_create("raw_data_file", [
            {"package_id": package, "name": f"scan-{n:03}.fits", "size_bytes": 2_000_000_000 + n, "exposure_s": 1.5,
             "checksum": bytes([n, 255, 0])}
            for n in range(FILES)], step_="files")
        tx.increment("raw_data_package", package, file_count=FILES)
        files = self.send(f"register {FILES} files", tx)["files"]
        self.expect("every file has its id", len(set(files)), FILES)

    def finish(self, obs: str) -> None:
        tx = self.sluice.transaction(endpoint="POST /executed_obs_units/finish", ordering_key="telescope-t1")
        tx.update("executed_obs_unit", obs, status="finished", ended_at="2026-11-21T05:30:00Z")
        tx.update("telescope", "t1", state="idle")
        tx.increment("telescope", "t1", observations=1)
        tx.create("log_entry", telescope_id="t1", message="observation finished")
        self.send("finish the observation", tx)

    def send(self, what: str, tx) -> dict:
        receipt = tx.send()
        self.sent[receipt["transaction_id"]] = what
        self.expect(f"{what}: acknowledged ({receipt['durability']})", receipt["status"], "pending")
        return receipt["generated_ids"]

    def expect(self, what: str, seen, expected) -> bool:
        is_met = seen == expected
        self.failures += not is_met
        print(f"  {'ok  ' if is_met else 'FAIL'} {what}" + ("" if is_met else f": {seen!r}, not {expected!r}"),
              flush=True)
        return is_met

    def fail(self, error: Exception) -> None:
        print(f"  FAIL {type(error).__name__}: {error}")
        self.failures += 1

    def end(self) -> int:
        """The exit code."""
        print(f"\n{'Everything as promised.' if self.failures == 0 else f'{self.failures} expectations not met.'}")
        return 1 if self.failures else 0
