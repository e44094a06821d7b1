#!/bin/sh
# SPDX-License-Identifier: MIT
# demo.sh SLUICE_BINARY: starts a sidecar in a temporary directory, runs observe.py beside it and stops it again.
# Exit code: that of observe.py, or 1 when the sidecar does not start or stop properly.
set -u

if [ $# -ne 1 ]; then
    echo "try: $0 .build/debug/sluice" >&2
    exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
sluice=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
python=${PYTHON:-python3}
state=$(mktemp -d)
pid=

cleanup() {
    [ -n "$pid" ] && kill -KILL "$pid" 2>/dev/null
    rm -rf "$state"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

"$python" -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(open(sys.argv[2]).read())' \
    "$state/main.db" "$here/schema.sql" || exit 1

cd "$state" || exit 1
SLUICE_STATE_DIRECTORY=$state "$sluice" serve --config "$here/sluice.toml" --socket "$state/sluice.sock" \
    --main "sqlite:$state/main.db" >"$state/log" 2>&1 &
pid=$!

"$python" -B "$here/observe.py" --socket "$state/sluice.sock" --database "$state/main.db"
result=$?

kill -TERM "$pid" 2>/dev/null
wait "$pid"
stopped=$?
pid=
if [ $stopped -ne 0 ]; then
    echo "The sidecar ended with $stopped." >&2
    result=1
fi
if [ $result -ne 0 ]; then
    echo "Its log:" >&2
    tail -n 50 "$state/log" >&2
fi
exit $result
