"""A cluster on this machine without a Kubernetes: a DNS server that answers as CoreDNS would.

``cluster`` is the state, ``lookup`` what a name finds in it, ``zone`` the answers (of ``records``),
``wire`` their bytes, ``faults`` what may go wrong, ``world`` the state that changes while it is
asked, ``server`` the sockets. Nothing here may know
the agent: the lab is what the agent is tried against.
"""
