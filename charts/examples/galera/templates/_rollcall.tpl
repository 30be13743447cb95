{{/*
galera.rollcall: the values of Rollcall, as YAML. For the very first start it may say in peers.env that
founding is safe, and it notes on the volume that there was a cluster.
Takes the chart's context.
*/}}
{{- define "galera.rollcall" -}}
{{- $values := deepCopy .Values.rollcall -}}
{{- if eq .Values.found "first" -}}
  {{- $advice := dict "format" "env" "path" "/peers/peers.env" -}}
  {{- $_ := set $values.settings "outputs" (append $values.settings.outputs $advice) -}}
  {{- $_ := set $values.settings.bootstrap "allow_first" true -}}
  {{- $_ := set $values.settings.bootstrap "marker" "/var/lib/rollcall/has-cluster" -}}
  {{- $marker := dict "name" "data" "mountPath" "/var/lib/rollcall" "subPath" "rollcall" -}}
  {{- $_ := set $values "extraVolumeMounts" (append $values.extraVolumeMounts $marker) -}}
{{- end -}}
{{- toYaml $values -}}
{{- end -}}
