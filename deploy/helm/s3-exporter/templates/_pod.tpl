{{- define "s3-exporter.probe" -}}
{{- $probe := .probe -}}
httpGet:
  path: {{ $probe.path }}
  port: http
  scheme: {{ ternary "HTTPS" "HTTP" .root.Values.web.tls }}
{{ omit $probe "path" | toYaml }}
{{- end -}}

{{- define "s3-exporter.hasWeb" -}}
{{- if or .Values.web.yaml .Values.web.existing -}}true{{- end -}}
{{- end -}}

{{- define "s3-exporter.hasCa" -}}
{{- if or .Values.caBundle.pem .Values.caBundle.existing -}}true{{- end -}}
{{- end -}}

{{- define "s3-exporter.pod" -}}
serviceAccountName: {{ include "s3-exporter.serviceAccount" . }}
{{- $uses := eq (include "s3-exporter.usesApi" .) "true" }}
automountServiceAccountToken: {{ ternary $uses .Values.serviceAccount.automount (kindIs "invalid" .Values.serviceAccount.automount) }}
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext: {{- toYaml .Values.podSecurityContext | nindent 2 }}
terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
containers:
  - name: s3-exporter
    image: {{ include "s3-exporter.image" . | quote }}
    imagePullPolicy: {{ .Values.image.pullPolicy }}
    args:
      - --config=/etc/s3-exporter/config/config.toml
      - --config.auto-reload
      {{- with .Values.log.level }}
      - --log.level={{ . }}
      {{- end }}
      {{- with .Values.log.format }}
      - --log.format={{ . }}
      {{- end }}
      {{- if include "s3-exporter.hasWeb" . }}
      - --web.config.file=/etc/s3-exporter/web/web.yml
      {{- end }}
      {{- with .Values.extraArgs }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    {{- with include "s3-exporter.env" . }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with .Values.extraEnvFrom }}
    envFrom: {{- toYaml . | nindent 6 }}
    {{- end }}
    ports:
      - name: http
        containerPort: 9340
        protocol: TCP
    {{- with .Values.probes.liveness }}
    livenessProbe: {{- include "s3-exporter.probe" (dict "root" $ "probe" .) | nindent 6 }}
    {{- end }}
    {{- with .Values.probes.readiness }}
    readinessProbe: {{- include "s3-exporter.probe" (dict "root" $ "probe" .) | nindent 6 }}
    {{- end }}
    {{- with .Values.resources }}
    resources: {{- toYaml . | nindent 6 }}
    {{- end }}
    securityContext: {{- toYaml .Values.securityContext | nindent 6 }}
    volumeMounts:
      # Folders, not single files: only so does a change arrive.
      - name: config
        mountPath: /etc/s3-exporter/config
        readOnly: true
      {{- range $name, $secret := .Values.secrets }}
      - name: secret-{{ $name }}
        mountPath: /etc/s3-exporter/secrets/{{ $name }}
        readOnly: true
      {{- end }}
      {{- if include "s3-exporter.hasCa" . }}
      - name: ca
        mountPath: /etc/s3-exporter/ca
        readOnly: true
      {{- end }}
      {{- if include "s3-exporter.hasWeb" . }}
      - name: web
        mountPath: /etc/s3-exporter/web
        readOnly: true
      {{- end }}
      {{- if .Values.state.enabled }}
      - name: state
        mountPath: /var/lib/s3-exporter
      {{- end }}
      {{- with .Values.extraVolumeMounts }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
volumes: {{- include "s3-exporter.volumes" . | nindent 2 }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.topologySpreadConstraints }}
topologySpreadConstraints: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "s3-exporter.env" -}}
{{- $env := list -}}
{{- if gt (int .Values.shards) 1 -}}
  {{- $env = append $env (dict "name" "POD_NAME" "valueFrom" (dict "fieldRef" (dict "fieldPath" "metadata.name"))) -}}
{{- end -}}
{{- if .Values.config.existing -}}
  {{- range $key, $value := (include "s3-exporter.fleet" . | fromJson) -}}
    {{- $value = replace "${POD_NAME}" "$(POD_NAME)" $value -}}
    {{- $env = append $env (dict "name" (printf "S3_EXPORTER__FLEET__%s" (upper $key)) "value" $value) -}}
  {{- end -}}
{{- end -}}
{{- if .Values.state.enabled -}}
  {{- $env = append $env (dict "name" "S3_EXPORTER__STATE__DIRECTORY" "value" "/var/lib/s3-exporter") -}}
{{- end -}}
{{- if include "s3-exporter.hasWeb" . -}}
  {{- $env = append $env (dict "name" "S3_EXPORTER__SERVER__PROBES_WITHOUT_AUTH" "value" "true") -}}
{{- end -}}
{{- if .Values.serviceMonitor.honorLabels -}}
  {{- $env = append $env (dict "name" "S3_EXPORTER__METRICS__JOB_LABEL" "value" (include "s3-exporter.jobLabel" .)) -}}
{{- end -}}
{{- with concat $env .Values.extraEnv -}}
env: {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end -}}

{{- define "s3-exporter.volumes" -}}
{{- $name := include "s3-exporter.fullname" . -}}
- name: config
  {{- $item := dict "key" .Values.config.key "path" "config.toml" }}
  {{- if eq .Values.config.kind "Secret" }}
  secret:
    secretName: {{ default $name .Values.config.existing }}
    items: {{ list $item | toJson }}
  {{- else }}
  configMap:
    name: {{ default $name .Values.config.existing }}
    items: {{ list $item | toJson }}
  {{- end }}
{{- range $key, $secret := .Values.secrets }}
- name: secret-{{ $key }}
  secret:
    secretName: {{ default (printf "%s-%s" $name $key) $secret.existing }}
{{- end }}
{{- if include "s3-exporter.hasCa" . }}
- name: ca
  configMap:
    name: {{ default (printf "%s-ca" $name) .Values.caBundle.existing }}
    items: {{ list (dict "key" (ternary .Values.caBundle.key "ca.crt" (ne .Values.caBundle.existing "")) "path" "ca.crt") | toJson }}
{{- end }}
{{- if include "s3-exporter.hasWeb" . }}
- name: web
  secret:
    secretName: {{ default (printf "%s-web-config" $name) .Values.web.existing }}
{{- end }}
{{- if and .Values.state.enabled .Values.state.existingClaim }}
- name: state
  persistentVolumeClaim:
    claimName: {{ .Values.state.existingClaim }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}
