{{/*
What of the API of this cluster the configuration asks for: `{"all": [{group, resource, namespace}]}` as JSON.
An empty namespace means all of them.
*/}}
{{- define "s3-exporter.access" -}}
{{- $all := list -}}
{{- $config := include "s3-exporter.config" . | fromJson -}}
{{- $plurals := .Values.rbac.plurals -}}
{{- $resolvers := dict -}}
{{- $schedules := dict -}}
{{- range $destination := $config.destinations | default list -}}
  {{- with $destination.resolver -}}{{- $_ := set $resolvers . true -}}{{- end -}}
  {{- range $destination.schedules -}}{{- $_ := set $schedules . true -}}{{- end -}}
{{- end -}}
{{- range $name, $section := $config.resolvers | default dict -}}
  {{- if and (eq (toString $section.type) "kubernetes") (hasKey $resolvers $name) -}}
    {{- $what := dict "version" ($section.api_version | default "kubermatic.k8c.io/v1") "kind" ($section.kind | default "Cluster") -}}
    {{- $all = append $all (dict "section" $section "what" $what) -}}
  {{- end -}}
{{- end -}}
{{- $tools := dict
  "kubermatic" (dict "version" "kubermatic.k8c.io/v1" "kind" "EtcdBackupConfig")
  "velero" (dict "version" "velero.io/v1" "kind" "Schedule")
  "cnpg" (dict "version" "postgresql.cnpg.io/v1" "kind" "ScheduledBackup")
  "k8up" (dict "version" "k8up.io/v1" "kind" "Schedule")
-}}
{{- range $name, $section := $config.schedules | default dict -}}
  {{- if hasKey $schedules $name -}}
    {{- $what := get $tools (toString $section.type) | default (dict "version" $section.api_version "kind" $section.kind) -}}
    {{- $all = append $all (dict "section" $section "what" $what) -}}
  {{- end -}}
{{- end -}}
{{- if eq (toString $config.destinations_from) "kubermatic-seed" -}}
  {{- $section := $config.kubermatic_seed | default dict -}}
  {{- $version := "kubermatic.k8c.io/v1" -}}
  {{- $all = append $all (dict "section" $section "what" (dict "version" $version "kind" "Seed")) -}}
  {{- range $kind := list "Cluster" "EtcdBackupConfig" -}}
    {{- $all = append $all (dict "section" (omit $section "namespace") "what" (dict "version" $version "kind" $kind)) -}}
  {{- end -}}
{{- end -}}
{{- $asked := list -}}
{{- range $one := $all -}}
  {{- if not (or $one.section.kubeconfig $one.section.context) -}}
    {{- $version := splitList "/" (toString $one.what.version) -}}
    {{- $group := ternary (first $version) "" (eq (len $version) 2) -}}
    {{- $lower := lower (toString $one.what.kind) -}}
    {{- $plural := get $plurals (toString $one.what.kind) -}}
    {{- if not $plural -}}
      {{- if regexMatch "(s|x|z|ch|sh)$" $lower -}}{{- $plural = printf "%ses" $lower -}}
      {{- else if regexMatch "[^aeiou]y$" $lower -}}{{- $plural = printf "%sies" (trimSuffix "y" $lower) -}}
      {{- else -}}{{- $plural = printf "%ss" $lower -}}
      {{- end -}}
    {{- end -}}
    {{- $asked = append $asked (dict "group" $group "resource" $plural "namespace" ($one.section.namespace | default "")) -}}
  {{- end -}}
{{- end -}}
{{- range .Values.rbac.resources -}}
  {{- $asked = append $asked (dict "group" (.group | default "") "resource" .resource "namespace" (.namespace | default "")) -}}
{{- end -}}
{{- dict "all" (uniq $asked) | toJson -}}
{{- end -}}

{{/* Whether Seeds of this cluster name Secrets that are to be got: "true" or nothing. */}}
{{- define "s3-exporter.readsSeeds" -}}
{{- $config := include "s3-exporter.config" . | fromJson -}}
{{- $section := $config.kubermatic_seed | default dict -}}
{{- if and (eq (toString $config.destinations_from) "kubermatic-seed") (not (or $section.kubeconfig $section.context)) -}}
true
{{- end -}}
{{- end -}}

{{/* Whether the pods ask this cluster's API at all: "true" or nothing. */}}
{{- define "s3-exporter.usesApi" -}}
{{- if or (include "s3-exporter.access" . | fromJson).all .Values.rbac.seedSecrets .Values.standby.enabled -}}
true
{{- end -}}
{{- end -}}

{{/* The configuration as JSON; nothing of one that is elsewhere is known. */}}
{{- define "s3-exporter.config" -}}
{{- if .Values.config.existing -}}
{}
{{- else -}}
{{- $text := required "config.toml is empty: say what to watch, as in the chart's README, or name in config.existing what says it" .Values.config.toml -}}
{{- $config := fromToml $text -}}
{{- if and (hasKey $config "Error") (kindIs "string" $config.Error) -}}
{{- fail (printf "config.toml is no TOML: %s" $config.Error) -}}
{{- end -}}
{{- if not (or $config.destinations $config.destinations_from) -}}
{{- fail "config.toml watches nothing: it needs [[destinations]], or destinations_from = \"kubermatic-seed\"" -}}
{{- end -}}
{{- if and $config.fleet (include "s3-exporter.fleet" . | fromJson) -}}
{{- fail "config.toml has [fleet], which the chart writes where `shards` is above 1, and with `standby`: leave one of the two out" -}}
{{- end -}}
{{- toJson $config -}}
{{- end -}}
{{- end -}}

{{/* What the chart says of several pods: `[fleet]` as JSON. */}}
{{- define "s3-exporter.fleet" -}}
{{- $fleet := dict -}}
{{- if gt (int .Values.shards) 1 -}}
{{- $_ := set $fleet "shard" (printf "${POD_NAME}/%d" (int .Values.shards)) -}}
{{- end -}}
{{- if .Values.standby.enabled -}}
{{- $_ := set $fleet "lease" (include "s3-exporter.fullname" .) -}}
{{- $_ := set $fleet "lease_duration" .Values.standby.leaseDuration -}}
{{- end -}}
{{- toJson $fleet -}}
{{- end -}}

{{/* Its text. Which pod has which share is in it, not in the environment: so it changes without a restart. */}}
{{- define "s3-exporter.toml" -}}
{{- $fleet := include "s3-exporter.fleet" . | fromJson -}}
{{- if $fleet -}}
{{- printf "%s\n\n[fleet]\n" (trimSuffix "\n" .Values.config.toml) -}}
{{- range $key, $value := $fleet -}}
{{- printf "%s = %s\n" $key (quote $value) -}}
{{- end -}}
{{- else -}}
{{- .Values.config.toml -}}
{{- end -}}
{{- end -}}

{{/* The names of the leases: one of each shard. */}}
{{- define "s3-exporter.leases" -}}
{{- $name := include "s3-exporter.fullname" . -}}
{{- $names := list -}}
{{- if gt (int .Values.shards) 1 -}}
{{- range $nth := until (int .Values.shards) -}}
{{- $names = append $names (printf "%s-%d" $name (add1 $nth)) -}}
{{- end -}}
{{- else -}}
{{- $names = list $name -}}
{{- end -}}
{{- toJson $names -}}
{{- end -}}

{{/* Rules that let one get, list and watch these: [{group, resource}]. One for each group. */}}
{{- define "s3-exporter.rules" -}}
{{- $groups := dict -}}
{{- range . -}}
  {{- $_ := set $groups .group (append (get $groups .group | default list) .resource) -}}
{{- end -}}
{{- range $group := keys $groups | sortAlpha }}
- apiGroups: [{{ $group | quote }}]
  resources: {{ get $groups $group | uniq | sortAlpha | toJson }}
  verbs: [get, list, watch]
{{- end -}}
{{- end -}}
