{{- define "s3-exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The full name: room is left for what is appended to it, and for the numbers of a StatefulSet's pods. */}}
{{- define "s3-exporter.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 48 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "s3-exporter.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 48 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 48 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "s3-exporter.selector" -}}
app.kubernetes.io/name: {{ include "s3-exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "s3-exporter.labels" -}}
{{- $own := dict
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_")
  "app.kubernetes.io/version" .Chart.AppVersion
  "app.kubernetes.io/managed-by" .Release.Service
-}}
{{- $selector := include "s3-exporter.selector" . | fromYaml -}}
{{- toYaml (mergeOverwrite (deepCopy .Values.commonLabels) $own $selector) -}}
{{- end -}}

{{/* Metadata without labels of its own. */}}
{{- define "s3-exporter.metadata" -}}
name: {{ include "s3-exporter.fullname" . }}
namespace: {{ .Release.Namespace }}
labels: {{- include "s3-exporter.labels" . | nindent 2 }}
{{- end -}}

{{- define "s3-exporter.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "s3-exporter.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name: name the account that is there, or have one created" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "s3-exporter.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository (default .Chart.AppVersion $image.tag) -}}
{{- end -}}
{{- end -}}

{{/* How many pods there are. */}}
{{- define "s3-exporter.pods" -}}
{{- mul .Values.replicas .Values.shards -}}
{{- end -}}

{{/* The label of a backup job's name, as Prometheus has it. */}}
{{- define "s3-exporter.jobLabel" -}}
{{- ternary "backup_job" "exported_job" .Values.serviceMonitor.honorLabels -}}
{{- end -}}
