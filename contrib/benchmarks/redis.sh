#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# redis.sh SLUICE_BINARY: measures the sidecar on a Redis keyspace beside a client that writes straight to the same Redis
# (MULTI, LPUSH, 3 SETEX, EXEC), in turns in one run; with `appendfsync always` also the embedded keyspace.
# ROUNDS (3), SECONDS_EACH (5), PAYLOAD (400).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
sluice=$(realpath "$1")
rounds=${ROUNDS:-3}
each=${SECONDS_EACH:-5}
payload=${PAYLOAD:-400}
work=$(mktemp -d)
pid=
redis=
stop() {
    [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
    [ -z "$pid" ] || wait "$pid" 2>/dev/null || true
    pid=
}
stop_redis() {
    [ -z "$redis" ] || kill "$redis" 2>/dev/null || true
    [ -z "$redis" ] || wait "$redis" 2>/dev/null || true
    redis=
}
trap 'stop; stop_redis; rm -rf "$work"' EXIT

swift build -c release --package-path "$here" >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; exit 1; }
direct=$(swift build -c release --package-path "$here" --show-bin-path)/direct-redis

# start_redis DIRECTORY POLICY: an empty one, that rewrites its AOF under neither load
start_redis() {
    mkdir -p "$1"
    redis-server --port 0 --unixsocket "$1/redis.sock" --dir "$1" --save '' --appendonly yes --appendfsync "$2" \
        --auto-aof-rewrite-percentage 0 --logfile "$1/redis.log" &
    redis=$!
    for _ in $(seq 200); do
        redis-cli -s "$1/redis.sock" ping >/dev/null 2>&1 && return
        sleep 0.05
    done
    cat "$1/redis.log" >&2
    exit 1
}
# start DIRECTORY [KEYSPACE]: a sidecar with the bench table, its processor paused
start() {
    mkdir -p "$1"
    sqlite3 "$1/main.db" \
        'PRAGMA journal_mode=WAL; CREATE TABLE bench_record(id TEXT PRIMARY KEY, payload TEXT);' >/dev/null
    SLUICE_STATE_DIRECTORY=$1 "$sluice" serve --site bench --log-level warning ${2:+--keyspace "$2"} >"$1/log" 2>&1 &
    pid=$!
    for _ in $(seq 200); do
        "$sluice" processor pause --socket "$1/sluice.sock" >/dev/null 2>&1 && return
        sleep 0.05
    done
    cat "$1/log" >&2
    exit 1
}
ratio() { python3 -c "print('%.2f' % ($1 / $2))"; }
bench() {
    "$sluice" bench --socket "$1/sluice.sock" --payload "$payload" --json --connections "$2" --duration "$each" |
        python3 -c 'import json, sys; r = json.load(sys.stdin); print(r["requests_per_second"], r["latency_microseconds"]["p50"])'
}

for policy in everysec always; do
    echo "appendfsync $policy, $payload-byte records, processor paused:"
    echo "round  connections  sidecar/s   p50 us  direct/s   p50 us  rate ratio  p50 ratio"
    for round in $(seq "$rounds"); do
        for connections in 64 1; do
            start_redis "$work/r" "$policy"
            start "$work/s" "redis+unix://$work/r/redis.sock"
            read -r a ap < <(bench "$work/s" "$connections")
            stop
            stop_redis
            rm -rf "$work/r"
            start_redis "$work/r" "$policy"
            read -r b bp _ < <("$direct" "$work/r/redis.sock" "$connections" "$each" "$payload")
            stop_redis
            printf '%5s  %11s  %9.0f  %7.0f  %8.0f  %7.0f  %10s  %9s\n' \
                "$round" "$connections" "$a" "$ap" "$b" "$bp" "$(ratio "$a" "$b")" "$(ratio "$ap" "$bp")"
            rm -rf "$work/r" "$work/s"
        done
    done
done

echo
echo "embedded keyspace (durability fsynced), same load:"
for connections in 64 1; do
    start "$work/s"
    read -r a ap < <(bench "$work/s" "$connections")
    stop
    printf '%11s  %9.0f/s  p50 %.0f us\n' "$connections" "$a" "$ap"
    rm -rf "$work/s"
done
