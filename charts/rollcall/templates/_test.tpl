{{/*
rollcall.test: a pod for `helm test`, whole: it asks all agents whether their files are written, and whether
they know the same members. Empty where nobody can be asked: with `enabled: false`, or settings.status.listen none.
Takes a dict as rollcall.headlessService does, with `replicas` besides; `name` is the StatefulSet's and its
service's.
Use: {{ include "rollcall.test" (dict "context" $ "replicas" .Values.replicas) }}
*/}}
{{- define "rollcall.test" -}}
{{- $read := include "rollcall.own.read" . | fromJson -}}
{{- if and $read.enabled $read.port -}}
{{- $name := include "rollcall.own.name" . -}}
{{- $first := int $read.settings.start_ordinal -}}
{{- $agents := list -}}
{{- range untilStep $first (add $first .replicas | int) 1 -}}
  {{- $agents = append $agents (printf "%s-%d.%s:%s" $name . $name $read.port) -}}
{{- end -}}
apiVersion: v1
kind: Pod
metadata:
  name: {{ $name }}-look
  annotations: {helm.sh/hook: test}
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  enableServiceLinks: false
  containers:
  - name: look
    image: {{ include "rollcall.own.image" $read.image | quote }}
    {{- with ($read.image).pullPolicy }}
    imagePullPolicy: {{ . }}
    {{- end }}
    command: [python3, -c]
    args:
    - |
      {{- include "rollcall.own.look" . | nindent 6 }}
    - "60"  # seconds
    {{- toYaml $agents | nindent 4 }}
    {{- with $read.resources }}
    resources:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with $read.securityContext }}
    securityContext:
      {{- toYaml . | nindent 6 }}
    {{- end }}
{{- end -}}
{{- end -}}

{{/*
rollcall.own.look: the script that asks. A library's files are not there for the chart that has it, so it is a
template.
*/}}
{{- define "rollcall.own.look" -}}
"""Asks the agents of all pods what they know, for `helm test`: look.py SECONDS HOST:PORT...

All is well if each gate is open, each file is written, and all know the same members. A change
takes a moment to be everywhere, so it looks again for so many seconds, and then says in one
sentence what is wrong.
"""

import http.client
import json
import sys
import time
from typing import Any


def status(agent: str) -> Any:
    """What an agent says of itself."""
    asked = http.client.HTTPConnection(agent, timeout=5)
    try:
        asked.request("GET", "/v1/status")
        return json.load(asked.getresponse())
    finally:
        asked.close()


def fault(agents: list[str]) -> str:
    """What is wrong; empty if nothing is."""
    known = {}
    for agent in agents:
        try:
            said = status(agent)
        except (OSError, ValueError, http.client.HTTPException) as wrong:
            return f"{agent} does not say how it is: {wrong}"
        if not said["ready"]:
            return f"the gate of {agent} is shut: {said['gate']}"
        for output in said["outputs"]:
            if output["condition"] not in ("current", "kept"):
                why = output["reason"] or output["condition"]
                return f"{output['path']} of {agent} is not written: {why}"
        known[agent] = " ".join(member["name"] for member in said["members"])
        if known[agent] != known[agents[0]]:
            return f"{agents[0]} knows {known[agents[0]]}, but {agent} knows {known[agent]}"
    return ""


def main(seconds: str, *agents: str) -> str | None:
    """What is wrong after that time; None as soon as all is well."""
    end = time.monotonic() + float(seconds)
    while found := fault(list(agents)):
        if time.monotonic() > end:
            return found
        time.sleep(1)
    print("all gates are open, all files are written, and all agents know the same members")
    return None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
{{- end -}}
