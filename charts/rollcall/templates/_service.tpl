{{/*
rollcall.own.name: what the StatefulSet and its service are called.
Takes what rollcall.headlessService takes.
*/}}
{{- define "rollcall.own.name" -}}
{{- $context := .context | default . -}}
{{- $read := include "rollcall.own.read" . | fromJson -}}
{{- if and (not .name) (eq (toString $read.settings.member) "false") -}}
  {{- fail (list "rollcall: settings.member is false, so settings.service is the service of others: give"
    "headlessService, podMonitor and notes a name of this one, as in (dict \"context\" $ \"values\""
    ".Values.proxy \"name\" \"proxy\")" | join " ") -}}
{{- end -}}
{{- .name | default $read.settings.service | default $context.Release.Name -}}
{{- end -}}

{{/*
rollcall.own.selector: the labels of the pods.
Takes what rollcall.headlessService takes.
*/}}
{{- define "rollcall.own.selector" -}}
{{- $context := .context | default . -}}
{{- $chart := $context.Values.nameOverride | default $context.Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- $usual := dict "app.kubernetes.io/name" $chart
  "app.kubernetes.io/instance" $context.Release.Name -}}
{{- .selector | default $usual | toYaml -}}
{{- end -}}

{{/*
rollcall.headlessService: the service that the StatefulSet names as its serviceName, whole. Pods are in its
DNS before they are ready: a member gets ready only by finding the others. With `enabled: false` it stays.
Takes the chart's context; or a dict of `context`, and of what is not as usual: `values`, `name` (else
settings.service, else the release's name), `selector` (else the names of the chart and the release, as
`helm create` has it), `ports` (else Rollcall's own: with a port, one question to DNS is enough), `labels` and
`annotations`.
Use: {{ include "rollcall.headlessService" (dict "context" $ "name" "db" "selector" (dict "app" "db")) }}
*/}}
{{- define "rollcall.headlessService" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "rollcall.own.name" . }}
  {{- with .labels }}
  labels:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  clusterIP: None
  publishNotReadyAddresses: true
  selector:
    {{- include "rollcall.own.selector" . | nindent 4 }}
  {{- $port := include "rollcall.own.read" . | fromJson | dig "port" "" }}
  {{- if .ports }}
  ports:
  {{- toYaml .ports | nindent 2 }}
  {{- else if $port }}
  ports:
  - {name: rollcall, port: {{ $port }}}
  {{- end }}
{{- end -}}
