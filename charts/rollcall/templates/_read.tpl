{{/*
What all templates begin with. Names with `own` in them are for this chart alone.

rollcall.own.read: the values of one use of Rollcall, as JSON, with three more keys: `isNative`, `port` (where
the kubelet asks; empty for nowhere) and `folders` (of the outputs).
Takes what the templates for others take: the chart's context, for `.Values.rollcall`; or a dict of `context`
and `values`, for another use in the same chart. A key that `values` lacks is as in `.Values.rollcall`, but
for the settings.
Use: {{ $read := include "rollcall.own.read" . | fromJson }}
*/}}
{{- define "rollcall.own.read" -}}
{{- $context := .context | default . -}}
{{- $shared := $context.Values.rollcall | default dict -}}
{{- $given := hasKey . "values" | ternary .values $shared -}}
{{- $read := omit $shared "settings" -}}
{{- range $key, $value := $given -}}
  {{- if not (kindIs "invalid" $value) -}}{{- $_ := set $read $key $value -}}{{- end -}}
{{- end -}}
{{- $_ := set $read "settings" ($read.settings | default dict) -}}
{{- $_ := set $read "enabled" (ne (toString $read.enabled) "false") -}}
{{- if $read.enabled -}}
  {{- include "rollcall.own.checkVariables" $read.extraEnv -}}
  {{- $version := $context.Capabilities.KubeVersion.Version -}}
  {{- $isNative := include "rollcall.own.isNative" (dict "wish" $read.nativeSidecar "version" $version) -}}
  {{- $_ := set $read "isNative" (eq $isNative "true") -}}
  {{- $_ := set $read "port" (include "rollcall.own.port" $read) -}}
  {{- $_ := set $read "folders" (include "rollcall.own.folders" $read.settings | fromJsonArray) -}}
{{- end -}}
{{- toJson $read -}}
{{- end -}}

{{/*
rollcall.own.isNative: whether the sidecar is one that Kubernetes knows as such: `true` or `false`.
Takes a dict: `wish` (as nativeSidecar in the values), `version` (Kubernetes').
*/}}
{{- define "rollcall.own.isNative" -}}
{{- $wish := toString .wish -}}
{{- if not (has $wish (list "true" "false")) -}}
  {{- semverCompare ">=1.29.0-0" .version -}}
{{- else if and (eq $wish "true") (semverCompare "<1.28.0-0" .version) -}}
  {{- $why := "its pods would wait for ever for Rollcall to end; leave it at auto" -}}
  {{- fail (printf "rollcall: nativeSidecar is true, and Kubernetes %s has no sidecars: %s" .version $why) -}}
{{- else -}}
  {{- $wish -}}
{{- end -}}
{{- end -}}

{{/*
rollcall.own.checkVariables: nothing, or an error: of a variable that goes around the settings, which volumes
and probes would not follow.
Takes extraEnv of the values.
*/}}
{{- define "rollcall.own.checkVariables" -}}
{{- $keys := dict "ROLLCALL_OUTPUT" "outputs" "ROLLCALL_STATUS_LISTEN" "status.listen" -}}
{{- range $variable := . -}}
  {{- if eq $variable.name "ROLLCALL_SETTINGS" -}}
    {{- fail (list "rollcall: extraEnv can't have ROLLCALL_SETTINGS: it is what `settings` becomes, so say it"
      "there" | join " ") -}}
  {{- else if eq $variable.name "ROLLCALL_CONFIG" -}}
    {{- fail (list "rollcall: extraEnv can't have ROLLCALL_CONFIG: Rollcall reads a config file or its"
      "settings from here, not both; say in `settings` what the file says" | join " ") -}}
  {{- end -}}
  {{- with get $keys $variable.name -}}
    {{- $mend := printf "volumes and probes follow from it, so say it in settings.%s" . -}}
    {{- fail (printf "rollcall: extraEnv can't have %s: %s" $variable.name $mend) -}}
  {{- end -}}
{{- end -}}
{{- end -}}
