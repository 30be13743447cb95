{{/*
galera.rollcall: the values of Rollcall, as YAML. For the very first start it may say in peers.env that
founding is safe, and it notes on the volume that there was a cluster.
Takes the chart's context.
*/}}
{{- define "galera.rollcall" -}}
{{- $values := deepCopy (.Values.rollcall | default dict) -}}
{{- $settings := $values.settings | default dict -}}
{{- if and (eq .Values.found "first") $settings.outputs -}}
  {{- $advice := dict "format" "env" "path" "/peers/peers.env" -}}
  {{- $_ := set $settings "outputs" (append $settings.outputs $advice) -}}
  {{- $first := dict "allow_first" true "marker" "/var/lib/rollcall/has-cluster" -}}
  {{- $why := "galera: found=first asks rollcall.settings.bootstrap whether it is safe: leave that as it is" -}}
  {{- $_ := required $why $settings.bootstrap | merge $first | set $settings "bootstrap" -}}
  {{- $marker := dict "name" "data" "mountPath" "/var/lib/rollcall" "subPath" "rollcall" -}}
  {{- $mounts := $values.extraVolumeMounts | default list -}}
  {{- $_ := append $mounts $marker | set $values "extraVolumeMounts" -}}
{{- end -}}
{{- toYaml $values -}}
{{- end -}}
