{{/*
What follows from Rollcall's settings for its pod. Rollcall itself reads them by the same rules.

rollcall.own.port: where the kubelet asks; empty for nowhere.
Takes a dict: `settings`, `isNative`.
*/}}
{{- define "rollcall.own.port" -}}
{{- $listen := (.settings.status).listen | default ":9797" | toString -}}
{{- if or (hasPrefix "127." $listen) (hasPrefix "[::1]:" $listen) (and .isNative (eq $listen "none")) -}}
  {{- $why := printf "nothing answers it with settings.status.listen %s: leave that out" $listen -}}
  {{- fail (printf "rollcall: the kubelet asks from outside the pod if the gate is open, and %s" $why) -}}
{{- else if regexMatch ":0+$" $listen -}}
  {{- $why := printf "settings.status.listen %s is any that is free: name one" $listen -}}
  {{- fail (printf "rollcall: the kubelet asks at a port that is known before, and %s" $why) -}}
{{- else if regexMatch ":[0-9]{1,5}$" $listen -}}
  {{- regexFind "[0-9]+$" $listen -}}
{{- else if ne $listen "none" -}}
  {{- fail (printf "rollcall: settings.status.listen: %s is not where to listen: write :9797" $listen) -}}
{{- end -}}
{{- end -}}

{{/*
rollcall.own.folders: those of the outputs, each once, as a JSON list.
Takes the settings.
*/}}
{{- define "rollcall.own.folders" -}}
{{- if not .outputs -}}
  {{- fail (list "rollcall: settings.outputs is empty, so there is nothing to write: say what and where, as"
    "in settings: {outputs: [{format: cassandra, path: /peers/cassandra.yaml}]}; if your values say it and"
    "this is an upgrade with --reuse-values, make it --reset-then-reuse-values" | join " ") -}}
{{- end -}}
{{- $folders := list -}}
{{- range $number, $output := .outputs -}}
  {{- $path := ($output).path | default "" | toString -}}
  {{- $isWhole := and (hasPrefix "/" $path) (not (has ".." (splitList "/" $path))) -}}
  {{- if not (and $isWhole (or $output.format $output.template)) -}}
    {{- fail (list (printf "rollcall: settings.outputs[%d] needs a format (or template) and a whole" $number)
      "path, as in {format: json, path: /peers/peers.json}; a --set of one of them takes the place of the"
      "whole list in a chart's values.yaml" | join " ") -}}
  {{- end -}}
  {{- $folders = append $folders (dir $path) -}}
{{- end -}}
{{- if has "/" $folders -}}
  {{- fail (list "rollcall: / can't be a volume that the database has too: give settings.outputs a folder of"
    "their own, such as /peers" | join " ") -}}
{{- end -}}
{{- uniq $folders | toJson -}}
{{- end -}}

{{/*
rollcall.own.mounts: the folders as volumeMounts, a JSON list: `peers`, `peers-2` and so on.
Takes the folders.
*/}}
{{- define "rollcall.own.mounts" -}}
{{- $mounts := list -}}
{{- range $number, $folder := . -}}
  {{- $name := gt $number 0 | ternary (printf "peers-%d" (add1 $number)) "peers" -}}
  {{- $mounts = append $mounts (dict "name" $name "mountPath" $folder) -}}
{{- end -}}
{{- toJson $mounts -}}
{{- end -}}
