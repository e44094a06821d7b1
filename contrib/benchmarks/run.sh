#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# run.sh SLUICE_BINARY: measures the sidecar beside a bare SQLite loop of the same rows, in turns in one run.
# ROUNDS (3), SECONDS_EACH (5), PAYLOAD (400); MILLION=1 adds a million buffered transactions with the database away.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
sluice=$(realpath "$1")
rounds=${ROUNDS:-3}
each=${SECONDS_EACH:-5}
payload=${PAYLOAD:-400}
work=$(mktemp -d)
pid=
stop() {
    [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
    [ -z "$pid" ] || wait "$pid" 2>/dev/null || true
    pid=
}
trap 'stop; rm -rf "$work"' EXIT

swift build -c release --package-path "$here" >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; exit 1; }
loop=$(swift build -c release --package-path "$here" --show-bin-path)/bare-loop

# start DIRECTORY: a sidecar with the bench table, ready for requests
start() {
    mkdir -p "$1"
    [ -e "$1/main.db" ] || sqlite3 "$1/main.db" \
        'PRAGMA journal_mode=WAL; CREATE TABLE bench_record(id TEXT PRIMARY KEY, payload TEXT);' >/dev/null
    SLUICE_STATE_DIRECTORY=$1 "$sluice" serve --site bench --log-level warning >"$1/log" 2>&1 &
    pid=$!
    for _ in $(seq 200); do
        "$sluice" health --socket "$1/sluice.sock" >/dev/null 2>&1 && return
        sleep 0.05
    done
    cat "$1/log" >&2
    exit 1
}
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)'"$1"')'; }
rss() { awk '/VmRSS/ { print int($2 / 1024) " MiB" }' "/proc/$pid/status"; }
ratio() { python3 -c "print('%.2f' % ($1 / $2))"; }
bench() { "$sluice" bench --socket "$1/sluice.sock" --payload "$payload" --json "${@:2}"; }

start "$work/a"
sleep 1
echo "idle RSS: $(rss)"
"$sluice" processor pause --socket "$work/a/sluice.sock" >/dev/null
bench "$work/a" --connections 1 --count 100 >/dev/null
stop
sqlite3 "$work/a/keyspace.db" .schema >"$work/schema.sql"
bytes=$(sqlite3 "$work/a/keyspace.db" 'SELECT max(length(payload)) FROM txn')

echo
echo "accept, 64 connections, $payload-byte records, durability fsynced, processor paused:"
echo "round  sidecar/s  bare loop/s (groups of 64)  ratio"
for round in $(seq "$rounds"); do
    start "$work/b$round"
    "$sluice" processor pause --socket "$work/b$round/sluice.sock" >/dev/null
    a=$(bench "$work/b$round" --duration "$each" | field '["requests_per_second"]')
    stop
    read -r b _ < <("$loop" "$work/schema.sql" "$work/loop$round.db" "$each" 64 "$bytes")
    printf '%5s  %9.0f  %11.0f                  %s\n' "$round" "$a" "$b" "$(ratio "$a" "$b")"
    rm -rf "$work/b$round" "$work/loop$round.db"*
done

echo
echo "accept, 1 connection:"
start "$work/c"
"$sluice" processor pause --socket "$work/c/sluice.sock" >/dev/null
p50=$(bench "$work/c" --connections 1 --duration "$each" | field '["latency_microseconds"]["p50"]')
stop
read -r _ commit < <("$loop" "$work/schema.sql" "$work/loop.db" "$each" 1 "$bytes")
# A disk that rests between two commits answers later than one that is kept busy: so the peer rests as long, too.
pause=$((${p50%.*} - commit))
read -r _ paced < <("$loop" "$work/schema.sql" "$work/paced.db" "$each" 1 "$bytes" "$pause")
echo "p50 $p50 us; COMMIT of one accept's rows in the bare loop: $commit us back to back (difference $pause us)," \
    "$paced us at the sidecar's pace (difference $((${p50%.*} - paced)) us)"

echo
echo "accept to committed row, processor running:"
start "$work/d"
bench "$work/d" --duration "$each" --wait-drain |
    field '["drain"]["committed_per_second"]' | xargs printf '%.0f committed/s\n'
stop

[ "${MILLION:-0}" = 1 ] || exit 0
echo
echo "1,000,000 buffered with the database away:"
start "$work/e"
mv "$work/e/main.db" "$work/e/away.db"
empty=$(bench "$work/e" --count 100000 | field '["requests_per_second"]')
bench "$work/e" --count 800000 >/dev/null
full=$(bench "$work/e" --count 100000 | field '["requests_per_second"]')
printf 'empty %.0f/s, full %.0f/s, ratio %s; RSS %s\n' "$empty" "$full" "$(ratio "$full" "$empty")" "$(rss)"
kill -9 "$pid"
wait "$pid" 2>/dev/null || true
began=$(date +%s%N)
start "$work/e"
echo "restart after kill -9: $((($(date +%s%N) - began) / 1000000)) ms; RSS $(rss)"
