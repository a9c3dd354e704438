#!/usr/bin/env bash
# The unit of the service and the workflows, by the tools of those who run them: without a fault, the
# unit with hardly any right. That these tools see faults is tried as well.
set -euo pipefail
cd "$(dirname "$0")/.."
# The worst that the unit may be, in tenths of systemd's measure, which ends at 100: what is left is
# that it speaks over the network.
EXPOSURE=15

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
die() { echo "deploy: $*" >&2; exit 1; }

workflows() { actionlint -no-color -pyflakes= "$@"; }
workflows .github/workflows/*.yml
sed 's/runs-on:/run-on:/' .github/workflows/ci.yml >"$folder/worse.yml"
workflows "$folder/worse.yml" >/dev/null && die "actionlint finds no fault in a workflow that has one"

# A tag can be moved to another commit; and what a job may do it says itself.
for file in .github/workflows/*.yml; do
    if grep -E 'uses: [^.]' "$file" | grep -vE '@[0-9a-f]{40} # v[0-9.]+$'; then
        die "$file: an action is not pinned to a commit, with its version in a comment"
    fi
    grep -q '^permissions: {}$' "$file" || die "$file gives rights to jobs that do not ask for them"
done

# The unit; its program need not be installed here.
unit() { sed 's|^ExecStart=/usr/bin/s3-exporter|ExecStart=/bin/true|' deploy/systemd/s3-exporter.service; }
verify() { systemd-analyze verify --man=no "$folder/$1.service" 2>&1; }
expose() { systemd-analyze security --offline=true --threshold="$EXPOSURE" --no-pager "$folder/$1.service" 2>&1; }
unit >"$folder/s3-exporter.service"
verify s3-exporter
[ -z "$(verify s3-exporter)" ] || die "the unit has faults"
expose s3-exporter >"$folder/exposure" || { cat "$folder/exposure"; die "the unit may do too much"; }
unit | sed 's/ProtectSystem=strict/ProtectSystm=strict/; s/^SystemCallFilter=/#/; s/^PrivateUsers=/#/' >"$folder/worse.service"
[ -n "$(verify worse)" ] || die "systemd-analyze finds no fault in a unit that has one"
expose worse >/dev/null && die "systemd-analyze finds nothing wrong with a unit that may do much"
echo "deploy: $(tail -n 1 "$folder/exposure")"
