#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""drain.py SOCKET COUNT: resumes the processor of a sidecar that holds COUNT transactions, waits until the sidecar
counts all of them as committed, and prints transactions/s."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "clients" / "python"))

from sluice import Client  # noqa: E402

INTERVAL_SECONDS = 0.01
PROGRESS_SECONDS_MAX = 120


def main() -> int:
    count = int(sys.argv[2])
    with Client(sys.argv[1]) as sluice:
        committed = moved_at = 0
        start = time.monotonic()
        sluice.processor_resume()
        while committed < count:
            time.sleep(INTERVAL_SECONDS)
            counters = sluice.server_stats()["counters"]
            now = time.monotonic()
            if counters["committed"] != committed or not moved_at:
                committed, moved_at = counters["committed"], now
            if counters["dead_letter"] or now - moved_at > PROGRESS_SECONDS_MAX:
                print(f"drain.py: {counters}", file=sys.stderr)
                return 1
    print(f"{count / (now - start):.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
