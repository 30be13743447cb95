{{/*
rollcall.own.container: one of Rollcall's containers, as an item of a list.
Takes a dict: `read` (what rollcall.own.read gives), `name`, `command`.
*/}}
{{- define "rollcall.own.container" -}}
{{- $read := .read -}}
- name: {{ .name }}
  {{- if and $read.isNative (eq .command "run") }}
  restartPolicy: Always
  {{- end }}
  image: {{ include "rollcall.own.image" $read.image | quote }}
  {{- with ($read.image).pullPolicy }}
  imagePullPolicy: {{ . }}
  {{- end }}
  args: [{{ .command }}]
  env:
  {{- /* Kubernetes puts a variable's value in place of $(NAME), and one $ in place of two. */}}
  - name: ROLLCALL_SETTINGS
    value: |
      {{- toYaml $read.settings | replace "$" "$$" | nindent 6 }}
  - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
  - {name: POD_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
  - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
  {{- with $read.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- if and $read.port (eq .command "run") }}
  {{- include "rollcall.own.probes" $read | nindent 2 }}
  {{- end }}
  {{- with $read.resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  terminationMessagePolicy: FallbackToLogsOnError
  {{- with $read.securityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  volumeMounts:
  {{- include "rollcall.own.mounts" $read.folders | fromJsonArray | toYaml | nindent 2 }}
  {{- with $read.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/*
rollcall.own.probes: what the kubelet asks, and where. Nothing of it makes the pod unready: a fault of DNS is
no reason to. The start may take a day: the agent gives up by itself, and the log says why.
Takes what rollcall.own.read gives.
*/}}
{{- define "rollcall.own.probes" -}}
ports:
- {name: rollcall, containerPort: {{ .port }}}
{{- if .isNative }}
{{- $get := dict "path" "/readyz" "port" "rollcall" }}
startupProbe:
  {{- dict "httpGet" $get "periodSeconds" 2 "failureThreshold" 43200 | merge (.startupProbe | default dict)
    | toYaml | nindent 2 }}
{{- end }}
{{- $get := dict "path" "/livez" "port" "rollcall" }}
livenessProbe:
  {{- dict "httpGet" $get "timeoutSeconds" 5 "failureThreshold" 6 | merge (.livenessProbe | default dict)
    | toYaml | nindent 2 }}
{{- end -}}

{{/*
rollcall.own.image: the image's whole name. A digest stands in place of the tag.
Takes `image` of the values.
*/}}
{{- define "rollcall.own.image" -}}
{{- with (.).registry }}{{ trimSuffix "/" . }}/{{ end -}}
{{- required "rollcall: image.repository is empty: say what the image is called" (.).repository -}}
{{- if .digest }}@{{ .digest }}
{{- else }}:{{ required "rollcall: image.tag is empty, and image.digest too: say which version it is" .tag }}
{{- end -}}
{{- end -}}
