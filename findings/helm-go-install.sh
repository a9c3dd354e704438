#!/usr/bin/env bash
# Helm 3 by `go install`: for which Kubernetes it renders.
#
# One would guess: what the Go command builds of a release's tag does what the release does; at most it
#   does not know its own version.
# What happens: it renders for Kubernetes 1.20, of December 2020, and lints for it: the version of its
#   libraries is told to it by flags of its Makefile alone. A chart with `kubeVersion: ">=1.25"` is
#   refused, and one that asks .Capabilities.KubeVersion brings the objects of then. Helm 4 finds it itself.
# Whom it hurts: who tests a chart with a Helm built so, or packages Helm: other objects than users get, or
#   a complaint of a cluster that is not there.
# Version: Helm 3.22.0 (Go module). Seen: 2026-11-29.
# Source: found by rendering a chart by two Helms.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

mkdir -p "$DIR/chart/templates"
printf 'apiVersion: v2\nname: lab\nversion: 0.1.0\n' >"$DIR/chart/Chart.yaml"
echo 'kubernetes: {{ .Capabilities.KubeVersion }}' >"$DIR/chart/templates/version.yaml"
rendered() { "$DIR/bin/helm" template lab "$DIR/chart" | sed -n 's/^kubernetes: //p'; }

go_tool helm.sh/helm/v3/cmd/helm@v3.22.0
saw "as go install builds it" v1.20.0 "$(rendered)"
echo 'kubeVersion: ">=1.25.0-0"' >>"$DIR/chart/Chart.yaml"
status=0
"$DIR/bin/helm" template lab "$DIR/chart" || status=$?
saw "status for a chart that needs 1.25" 1 "$status"
go_tool -ldflags '-X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=37' helm.sh/helm/v3/cmd/helm@v3.22.0
saw "with the Makefile's flag" v1.37.0 "$(rendered)"
verdict
