#!/usr/bin/env bash
# A chart's values.schema.json with `propertyNames`, and what Helm says where a name is wrong.
#
# One would guess: the complaint names the place of the object with that name, and the same each time.
# What happens: it names a sibling of that place, another one from run to run, and the right one now and
#   then: the library keeps the path as a slice that it writes over while it reads on.
# Whom it hurts: who mends values by what Helm says, looks below `image`, and finds nothing wrong there;
#   who tests a chart's schema by its complaints: such a test fails on some days. `patternProperties` with
#   `additionalProperties: false` says the same, with the right place.
# Version: Helm 4.3.1 (Go module; 3.22.0 likewise), with santhosh-tekuri/jsonschema 6.0.3. Seen: 2026-11-29.
# Source: found by a test of a chart's schema that did not fail twice alike.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

go_tool helm.sh/helm/v4/cmd/helm@v4.3.1
mkdir -p "$DIR/chart/templates"
printf 'apiVersion: v2\nname: lab\nversion: 0.1.0\n' >"$DIR/chart/Chart.yaml"
printf 'image: {tag: a}\nprobes: {path: a}\nservice: {port: 80}\nsecrets: {Onprem: a}\n' >"$DIR/chart/values.yaml"
# schema SECRETS: in which `secrets` is that
schema() {
    printf '{"type": "object", "properties": {"image": {"type": "object"}, "probes": {"type": "object"}, %s}}' \
        "\"service\": {\"type\": \"object\"}, \"secrets\": $1" >"$DIR/chart/values.schema.json"
}
# The places that are named in sixty runs, in order.
places() {
    local _
    for _ in $(seq 60); do
        "$DIR/bin/helm" template lab "$DIR/chart" 2>&1 | tee "$DIR/said" | sed -n "s/.*at '\(\/[a-z]*\)': .*/\1/p"
    done | sort -u | xargs
}

schema '{"type": "object", "propertyNames": {"pattern": "^[a-z]+$"}}'
saw "propertyNames: the place of a name in /secrets" "/image /probes /secrets /service" "$(places)"
sed 's/^/    /' "$DIR/said"
schema '{"type": "object", "patternProperties": {"^[a-z]+$": {}}, "additionalProperties": false}'
saw "patternProperties: the place" "/secrets" "$(places)"
sed 's/^/    /' "$DIR/said"
verdict
