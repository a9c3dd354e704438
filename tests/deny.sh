#!/usr/bin/env bash
# Dependencies: bans, licences and sources always; advisories where their database can
# be had (it comes by git, which a closed network does not let through), and said when not.
set -euo pipefail
cargo deny check bans licenses sources
if cargo deny fetch db >/dev/null 2>&1; then
    cargo deny check advisories
else
    echo "deny: ADVISORIES NOT CHECKED: their database cannot be fetched from here" >&2
fi
