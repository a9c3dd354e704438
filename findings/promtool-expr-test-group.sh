#!/usr/bin/env bash
# `promtool test rules`: whether a test that fails says to which group it belongs.
#
# One would guess: the `name` of a test group, in the documents "the name of the test group", is printed
#   with each of its tests that fails; with that of an alert it is.
# What happens: a failed promql_expr_test shows expression, time and samples alone, and no line of the file
#   either. Of groups that ask one expression of different series nobody sees which failed. (The file of
#   --junit has the names; a comment in the expression, `ALERTS # weekly`, is printed, too.)
# Whom it hurts: who tests rules by a table: scenarios by the dozen, one question.
# Version: promtool of Prometheus 3.16.0 (Go module v0.316.0). Seen: 2026-11-29.
# Source: found by breaking the alerts that scenarios of one question must notice.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

go_tool -tags remove_all_sd github.com/prometheus/prometheus/cmd/promtool@v0.316.0
echo 'groups: [{name: g, rules: [{alert: Late, expr: a > 0}]}]' >"$DIR/rules.yml"
cat >"$DIR/tests.yml" <<'Y'
rule_files: [rules.yml]
tests:
- name: daily
  input_series: [{series: a, values: '1'}]
  promql_expr_test: [{expr: a, eval_time: 0s, exp_samples: [{labels: a, value: 1}]}]
- name: weekly
  input_series: [{series: a, values: '1'}]
  promql_expr_test: [{expr: a, eval_time: 0s, exp_samples: [{labels: a, value: 2}]}]
- name: monthly
  input_series: [{series: a, values: '1'}]
  alert_rule_test: [{alertname: Late, eval_time: 0s, exp_alerts: []}]
Y
status=0
"$DIR/bin/promtool" test rules --junit="$DIR/junit.xml" "$DIR/tests.yml" >"$DIR/said" 2>&1 || status=$?
sed 's/^/    /' "$DIR/said"
times() { grep -c "$1" "$2" || true; }
saw "status" 1 "$status"
saw "expressions that failed" 1 "$(times 'expr: "a", time: 0s' "$DIR/said")"
saw "lines with the group of the alert that failed" 1 "$(times monthly "$DIR/said")"
saw "lines with the group of the expression that failed" 0 "$(times weekly "$DIR/said")"
saw "the same in the file of --junit" 1 "$(times 'name="weekly"' "$DIR/junit.xml")"
verdict
