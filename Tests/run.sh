#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# run.sh COMMAND...: runs tests, and when some fail ends with the lines that say which and why.
set -uo pipefail
log=$(mktemp)
trap 'rm -f "$log"' EXIT

"$@" 2>&1 | tee "$log"
status=$?
if [ "$status" != 0 ]; then
    printf '\nFailed: %s\n' "$*"
    grep -E -A 4 '✘ .*(recorded an issue|failed after)|error:|^(FAIL|ERROR|AssertionError)|Fatal error' "$log" | grep -v -E '^--$|^[✔◇]' | tail -n 80
fi
exit "$status"
