{{/*
What goes into a pod's spec. Each of these takes the chart's context, and reads `.Values.rollcall`; or for
another use of Rollcall in the same chart a dict, as in
    {{ include "rollcall.volumes" (dict "context" $ "values" .Values.proxy) }}
With `enabled: false` all of them are empty.

rollcall.initContainers: items of initContainers, before any that reads a file of Rollcall's.
Use:
      initContainers:
      {{- include "rollcall.initContainers" . | nindent 6 }}
*/}}
{{- define "rollcall.initContainers" -}}
{{- $read := include "rollcall.own.read" . | fromJson -}}
{{- if and $read.enabled $read.isNative -}}
{{ include "rollcall.own.container" (dict "read" $read "name" "rollcall" "command" "run") }}
{{- else if $read.enabled -}}
{{ include "rollcall.own.container" (dict "read" $read "name" "rollcall-once" "command" "once") }}
{{- end -}}
{{- end -}}

{{/*
rollcall.containers: items of containers, behind the database. Empty where the sidecar is a native one.
Use:
      containers:
      - name: database
        …
      {{- include "rollcall.containers" . | nindent 6 }}
*/}}
{{- define "rollcall.containers" -}}
{{- $read := include "rollcall.own.read" . | fromJson -}}
{{- if and $read.enabled (not $read.isNative) -}}
{{ include "rollcall.own.container" (dict "read" $read "name" "rollcall" "command" "run") }}
{{- end -}}
{{- end -}}

{{/*
rollcall.volumes: items of volumes.
Use:
      volumes:
      {{- include "rollcall.volumes" . | nindent 6 }}
*/}}
{{- define "rollcall.volumes" -}}
{{- $read := include "rollcall.own.read" . | fromJson -}}
{{- $volume := $read.volume | default (dict "medium" "Memory" "sizeLimit" "1Mi") -}}
{{- $volumes := list -}}
{{- range include "rollcall.own.mounts" $read.folders | fromJsonArray -}}
  {{- $volumes = append $volumes (dict "name" .name "emptyDir" $volume) -}}
{{- end -}}
{{- with $volumes -}}{{ toYaml . }}{{- end -}}
{{- end -}}

{{/*
rollcall.volumeMounts: items of volumeMounts of the database's container, which only reads. Whole folders:
with `subPath` it would never see a new file.
Use:
        volumeMounts:
        {{- include "rollcall.volumeMounts" . | nindent 8 }}
*/}}
{{- define "rollcall.volumeMounts" -}}
{{- $read := include "rollcall.own.read" . | fromJson -}}
{{- $mounts := list -}}
{{- range include "rollcall.own.mounts" $read.folders | fromJsonArray -}}
  {{- $mounts = append $mounts (set . "readOnly" true) -}}
{{- end -}}
{{- with $mounts -}}{{ toYaml . }}{{- end -}}
{{- end -}}
