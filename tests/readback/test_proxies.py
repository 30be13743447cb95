from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from agent.core.names import ip_address
from agent.core.roll import Peer, Roll
from agent.core.selection import Selection
from tests.formats.rolls import ALL_NAMES, SERVICE, THREE, render, roll
from tests.readback.programs import Programs

ROLLS = {
    "nobody": Roll(SERVICE, None, ()),
    "one": replace(roll(0), me=None),
    "three": replace(THREE, me=None),
    "twelve": replace(roll(0, *range(12)), me=None),
    "IPv6 only": Roll(SERVICE, None, tuple(Peer(p.fqdn, p.addresses[1:]) for p in THREE.peers)),
    "no names": Roll(SERVICE, None, (Peer("10.0.0.1", ("10.0.0.1",)), Peer("fd::1", ("fd::1",)))),
}
UPSTREAM, BACKEND = "/peers/upstream.conf", "/peers/backend.cfg"
NGINX = b"""error_log stderr;
events {}
http {
    include /peers/upstream.conf;
    access_log off;
    server { listen 127.0.0.1:8080; location / { proxy_pass http://db; } }
    server { listen 127.0.0.1:5432; return 200 "the database"; }
}
"""
HAPROXY = b"""global
    stats socket /tmp/haproxy.sock
defaults
    mode tcp
    timeout connect 1s
    timeout client 1s
    timeout server 1s
frontend clients
    bind 127.0.0.1:8080
    default_backend db
"""
FETCH = "{ exec 3<>/dev/tcp/127.0.0.1/8080; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3; }"
STATE = """
import socket
asking = socket.socket(socket.AF_UNIX)
asking.connect("/tmp/haproxy.sock")
asking.sendall(b"show servers state db\\n")
print(asking.makefile().read())
"""
each_roll = pytest.mark.parametrize("of", ROLLS.values(), ids=ROLLS.keys())


def for_nginx(upstream: bytes) -> Mapping[str, bytes]:
    return {"/nginx.conf": NGINX, UPSTREAM: upstream}


def for_haproxy(backend: bytes) -> Mapping[str, bytes]:
    return {"/main.cfg": HAPROXY, BACKEND: backend, "/state.py": STATE.encode()}


@each_roll
def test_nginx_takes_the_file_as_part_of_its_configuration(programs: Programs, of: Roll) -> None:
    rendered = render("nginx", of, port=5432)
    ran = programs.run(["nginx", "-T", "-c", "/nginx.conf"], for_nginx(rendered))
    assert ran.code == 0, ran.err
    assert "warn" not in ran.err
    assert f"# configuration file {UPSTREAM}:\n{rendered.decode()}" in ran.out


def test_nginx_takes_names_too_if_all_of_them_resolve(programs: Programs) -> None:
    files = for_nginx(render("nginx", ROLLS["three"], selection=Selection()))
    hosts = dict.fromkeys(ALL_NAMES, "10.0.0.1")
    command = ["nginx", "-t", "-c", "/nginx.conf"]
    assert programs.run(command, files, hosts=hosts).code == 0
    del hosts[ALL_NAMES[1]]
    ran = programs.run(command, files, hosts=hosts)
    assert ran.code == 1
    assert f'host not found in upstream "{ALL_NAMES[1]}:80"' in ran.err


def test_nginx_needs_a_server_and_has_one_while_nobody_is_there(programs: Programs) -> None:
    bare = programs.run(["nginx", "-t", "-c", "/nginx.conf"], for_nginx(b"upstream db {\n}\n"))
    assert bare.code == 1
    assert "no servers are inside upstream" in bare.err
    script = f"nginx -c /nginx.conf && {FETCH}"
    ran = programs.run(["bash", "-c", script], for_nginx(render("nginx", ROLLS["nobody"])))
    assert ran.out.startswith("HTTP/1.1 502 "), ran
    assert "no live upstreams" in ran.err


def test_nginx_sends_clients_to_who_is_there_once_it_is_told_to_read_again(
    programs: Programs,
) -> None:
    here = Roll(SERVICE, None, (Peer(SERVICE.pod("db-0"), ("127.0.0.1",)),))
    later = {"/later": render("nginx", here, port=5432)}
    files = {**for_nginx(render("nginx", ROLLS["nobody"])), **later}
    script = (
        f"nginx -c /nginx.conf 2>/dev/null; cp /later {UPSTREAM}; nginx -s reload -c /nginx.conf;"
        f" until {FETCH} | grep 'the database'; do :; done"
    )
    assert programs.run(["bash", "-c", script], files).out == "the database\n"


@each_roll
def test_haproxy_takes_the_file_beside_its_own(programs: Programs, of: Roll) -> None:
    files = for_haproxy(render("haproxy", of, port=5432))
    ran = programs.run(["haproxy", "-c", "-V", "-f", "/main.cfg", "-f", BACKEND], files)
    assert (ran.code, ran.err) == (0, ""), ran
    assert "Configuration file is valid" in ran.out


@each_roll
def test_haproxy_has_the_servers_that_are_meant(programs: Programs, of: Roll) -> None:
    files = for_haproxy(render("haproxy", of, port=5432))
    script = f"haproxy -D -f /main.cfg -f {BACKEND} && python3 /state.py"
    ran = programs.run(["sh", "-c", script], files)
    rows = [line.split() for line in ran.out.splitlines()[2:] if line]
    # doc/management.txt, show servers state: the name is the 4th field, its address the 5th.
    servers = [(row[3], row[4]) for row in rows]
    assert servers == [(peer.name, ip_address(peer.addresses[0])) for peer in of.peers]
    assert all("5432" in row[5:] for row in rows)


def test_haproxy_takes_names_too_if_it_may_wait_for_them(programs: Programs) -> None:
    by_name = Selection()
    command = ["haproxy", "-c", "-f", "/main.cfg", "-f", BACKEND]
    strict = render("haproxy", ROLLS["three"], selection=by_name)
    ran = programs.run(command, for_haproxy(strict))
    assert ran.code == 1
    assert f"could not resolve address '{ALL_NAMES[0]}'" in ran.err
    params = {"params": "check init-addr none"}
    patient = render("haproxy", ROLLS["three"], params, selection=by_name)
    assert programs.run(command, for_haproxy(patient)).code == 0
