{{/*
rollcall.notes: for NOTES.txt: how to look at what Rollcall wrote, and what keeps pods from starting with
these settings. Empty with `enabled: false`.
Takes what rollcall.headlessService takes; `name` is the StatefulSet's.
Use: {{ include "rollcall.notes" . }}
*/}}
{{- define "rollcall.notes" -}}
{{- $context := .context | default . -}}
{{- $read := include "rollcall.own.read" . | fromJson -}}
{{- if $read.enabled -}}
{{- $name := include "rollcall.own.name" . -}}
{{- $pod := printf "%s-%d" $name (int $read.settings.start_ordinal) -}}
{{- $exec := printf "kubectl --namespace %s exec %s -c" $context.Release.Namespace $pod -}}
What Rollcall wrote, and what it knows:
{{- range $read.settings.outputs }}
  {{ $exec }} rollcall -- cat {{ .path }}
{{- end }}
  {{ $exec }} rollcall -- rollcall status

A pod that stays in Init waits for its peers. This says for whom, and what mends it:
  {{ $exec }} rollcall{{ if not $read.isNative }}-once{{ end }} -- rollcall doctor

What would keep pods from starting:
- The service that the StatefulSet names needs publishNotReadyAddresses: true, or no pod finds another.
{{- $wait := $read.settings.wait_for | default "predecessors" | toString }}
{{- if not (has $wait (list "predecessors" "self" "1")) }}
- settings.wait_for is {{ $wait }}: the StatefulSet needs podManagementPolicy: Parallel. With OrderedReady the
  first pod waits for pods that are only made when it is ready.
{{- end }}
{{- $signals := list -}}
{{- range $read.settings.notify }}{{ with .signal }}{{ $signals = append $signals . }}{{ end }}{{ end }}
{{- if $signals }}
- settings.notify has a signal: the pod needs shareProcessNamespace: true, and who gets it has to run as
  Rollcall's user.
{{- end }}
{{- end -}}
{{- end -}}
