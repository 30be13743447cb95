"""A cluster on this machine: a DNS server that answers as Kubernetes does, and agents that ask it.

`cluster`, `lookup`, `records`, `zone`, `wire`, `faults`, `world` and `server` are the DNS server,
from the state of a cluster to the sockets; tests use them too. `agents`, `story` and `timeline` are
`rollcall lab`: real agents as processes, what happens to them, and how it is told.
"""
