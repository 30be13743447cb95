{{/*
rollcall.podMonitor: has the Prometheus Operator ask each agent for its metrics; whole, or empty while
`podMonitor.enabled` is false. The job is the StatefulSet's name: its alerts compare the agents of a job.
Takes what rollcall.headlessService takes.
Use: {{ include "rollcall.podMonitor" . }}
*/}}
{{- define "rollcall.podMonitor" -}}
{{- $read := include "rollcall.own.read" . | fromJson -}}
{{- $wish := $read.podMonitor | default dict -}}
{{- if and $read.enabled $wish.enabled -}}
{{- if not $read.port -}}
  {{- fail (list "rollcall: podMonitor.enabled is true, and with settings.status.listen none there are no"
    "metrics: leave out one of the two" | join " ") -}}
{{- end -}}
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata:
  name: {{ include "rollcall.own.name" . }}-rollcall
  {{- with $wish.labels }}
  labels:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  selector:
    matchLabels:
      {{- include "rollcall.own.selector" . | nindent 6 }}
  podMetricsEndpoints:
  - port: rollcall
    interval: {{ $wish.interval | default "30s" | quote }}
    relabelings:
    - {sourceLabels: [__meta_kubernetes_pod_controller_name], targetLabel: job}
{{- end -}}
{{- end -}}
