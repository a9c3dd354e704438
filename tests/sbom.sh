#!/usr/bin/env bash
# Writes the software bill of materials of the program (CycloneDX 1.5, JSON) to the file named,
# and checks that every crate that goes into the program is in it.
set -euo pipefail
out=${1:?usage: tests/sbom.sh FILE}
cd "$(dirname "$0")/.."
clean() { find . -path ./target -prune -o -name '*.s3-exporter-sbom.json' -exec rm -f {} +; }
trap clean EXIT
# It writes a file for each crate of the workspace, beside its manifest.
cargo cyclonedx --quiet --format json --spec-version 1.5 --override-filename .s3-exporter-sbom
[ -f .s3-exporter-sbom.json ] || { echo "sbom: cargo cyclonedx has written nothing" >&2; exit 1; }
mkdir -p "$(dirname "$out")"
# Where our own crates lie on this machine is nobody's business.
sed "s|file://$PWD|file://.|g; s|$PWD|.|g" .s3-exporter-sbom.json >"$out"
missing=0 crates=0
while read -r name version; do
    crates=$((crates + 1))
    if ! grep -q "\"bom-ref\": \".*[#/]$name@${version#v}\"" "$out" &&
        ! grep -q "pkg:cargo/$name@${version#v}" "$out"; then
        echo "sbom: $name $version is not in it" >&2
        missing=$((missing + 1))
    fi
done < <(cargo tree --quiet -p s3-exporter -e normal --prefix none --format '{p}' | cut -d' ' -f1,2 | sort -u)
[ "$crates" -gt 100 ] || { echo "sbom: cargo tree has told only of $crates crates" >&2; exit 1; }
[ "$missing" = 0 ]
echo "sbom: $out names all $crates crates of the program" >&2
