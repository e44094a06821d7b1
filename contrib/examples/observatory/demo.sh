#!/bin/sh
# SPDX-License-Identifier: MIT
# demo.sh SLUICE_BINARY [ACT]: plays act 1 (observe.py, SQLite) and, where the binary has PostgreSQL and a server is
# installed, act 2 (outage.py); or the ACT named. Each plays in a temporary directory and stops what it has started.
# Exit code: 0 when everything was as promised; 1 when not, when a sidecar does not start or stop properly, or when the
# ACT named can't be played.
set -u

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    echo "try: $0 .build/debug/sluice" >&2
    exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
sluice=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
act=${2:-all}
python=${PYTHON:-python3}
state=$(mktemp -d)
pid=

cleanup() {
    [ -n "$pid" ] && kill -KILL "$pid" 2>/dev/null
    rm -rf "$state"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

act_one() {
    "$python" -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(open(sys.argv[2]).read())' \
        "$state/main.db" "$here/schema.sql" || return 1

    cd "$state" || return 1
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
    return $result
}

# Says what keeps act two from being played, if anything does.
obstacle() {
    SLUICE_STATE_DIRECTORY=$state "$sluice" check --main "host=$state dbname=none" >/dev/null 2>&1
    # 1: it knows PostgreSQL, and there is none. 2: it can't read such an address.
    if [ $? -eq 2 ]; then
        echo "this build knows SQLite only; try: make demo-postgres"
    elif ! ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 && ! command -v postgres >/dev/null; then
        echo "no PostgreSQL server is installed; try: make demo-postgres"
    fi
}

result=0
if [ "$act" != 2 ]; then
    act_one || result=1
fi
if [ "$act" != 1 ]; then
    obstacle=$(obstacle)
    if [ -z "$obstacle" ]; then
        "$python" -B "$here/outage.py" "$sluice" || result=1
    else
        printf '\nAct two, with PostgreSQL and a replica, is not played: %s\n' "$obstacle"
        [ "$act" = all ] || result=1
    fi
fi
exit $result
