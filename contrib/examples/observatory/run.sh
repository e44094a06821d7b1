#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh SLUICE_BINARY: runs a sidecar with the observatory's schema in ./.sluice until it is interrupted.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
sluice=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
state=$PWD/.sluice
mkdir -p -m 700 "$state"
[ -e "$state/main.db" ] || sqlite3 "$state/main.db" <"$here/schema.sql" >/dev/null

cat <<TEXT

Sluice listens on $state/sluice.sock
Try this in another terminal:

  $sluice buffer $here/first-transaction.json --wait committed --socket $state/sluice.sock

TEXT
exec env SLUICE_STATE_DIRECTORY="$state" "$sluice" serve --config "$here/sluice.toml"
