#!/usr/bin/env bash
# Dependencies: bans, licences and sources always; advisories where their database can be had.
# It comes by git, which a closed network does not let through: ADVISORY_DB=DIR names a clone
# of github.com/rustsec/advisory-db. Where there is neither, this says so.
set -euo pipefail
cargo deny check bans licenses sources
if [ -n "${ADVISORY_DB:-}" ]; then
    # cargo deny takes a database only where it would have put it itself.
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    git clone --quiet "$ADVISORY_DB" "$folder/db/advisory-db-3157b0e258782691"
    date=$(git -C "$ADVISORY_DB" log -1 --format=%cs)
    sed "s|^\[advisories\]|&\ndb-path = \"$folder/db\"\nmaximum-db-staleness = \"P10Y\"|" deny.toml >"$folder/deny.toml"
    cargo deny --offline --config "$folder/deny.toml" check advisories
    echo "deny: advisories as of $date" >&2
elif cargo deny fetch db >/dev/null 2>&1; then
    cargo deny check advisories
else
    echo "deny: ADVISORIES NOT CHECKED: their database cannot be fetched from here; name a clone of it with ADVISORY_DB=DIR" >&2
fi
