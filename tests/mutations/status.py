"""The status server: what is answered, when, to whom, and what it may cost."""

from tests.mutations.mutation import Mutation

ABOUT = "agent/status/about.py"
ROUTES = "agent/status/routes.py"
DOCUMENT = "agent/status/document.py"
METRICS = "agent/status/metrics.py"
SCRAPING = "agent/status/scraping.py"
CONNECTION = "agent/status/connection.py"
SERVER = "agent/status/server.py"
HOUSE = "agent/status/house.py"
LISTENING = "agent/status/listening.py"
LISTEN = "agent/core/listen.py"
ASKING = "agent/cli/asking.py"
STATUS = "agent/cli/status.py"

_ROUTES_TESTS = "tests/status/test_routes.py"
_DOCUMENT_TESTS = "tests/status/test_document.py"
_METRICS_TESTS = "tests/status/test_metrics.py"
_SERVER_TESTS = "tests/status/test_server.py"
_BOUNDS_TESTS = "tests/status/test_bounds.py"
_MEMORY_TESTS = "tests/status/test_memory.py"
_E2E_TESTS = "tests/e2e/test_status.py"
_COMMANDS_TESTS = "tests/status/test_commands.py"
_LISTEN_TESTS = "tests/core/test_listen.py"

LIVES = "the loop is called alive while it does what it promised, and only then"
READY = "ready is who has all files written, whatever comes later"
READS = "nothing can be changed, and what is wrong is refused in a sentence"
TOLD = "what is told is true, in each form of it"
HELD = "who waits for a change learns of it, at once"
BOUNDED = "no client costs more than it may"
PROBES = "a probe gets in and is answered, whoever else is there"
WHOLE = "who is refused reads why"
ENDS = "the server ends at once, with all that it has"
WHERE = "it listens where it was told, and is found there"
ASKS = "a command says what the agent says, and of nobody else"


MUTATIONS = (
    Mutation(
        "a loop that stands still is alive",
        LIVES,
        ROUTES,
        "return sentence(200 if is_live else 503, liveness",
        "return sentence(200, liveness",
        _ROUTES_TESTS,
    ),
    Mutation(
        "an agent may start for ever",
        LIVES,
        ABOUT,
        "return now <= self.started + self.patience",
        "return now >= self.started",
        _ROUTES_TESTS,
    ),
    Mutation(
        "an agent that starts is not alive",
        LIVES,
        ROUTES,
        "return sentence(200, STARTING)",
        "return sentence(503, STARTING)",
        _ROUTES_TESTS,
    ),
    Mutation(
        "a gate that is shut is ready",
        READY,
        ROUTES,
        "return sentence(200 if asked.snapshot.is_ready else 503, asked.snapshot.gate)",
        "return sentence(200, asked.snapshot.gate)",
        _ROUTES_TESTS,
    ),
    Mutation(
        "an outage of DNS makes an agent not ready",
        READY,
        ROUTES,
        "200 if asked.snapshot.is_ready else 503",
        "200 if asked.snapshot.is_ready and not asked.snapshot.polls.reason else 503",
        _ROUTES_TESTS,
    ),
    Mutation(
        "any method is a question",
        READS,
        ROUTES,
        "if request.method not in _METHODS:",
        "if not request.method:",
        _ROUTES_TESTS,
    ),
    Mutation(
        "a request's body is passed over",
        READS,
        ROUTES,
        "    if request.has_body:",
        "    if not request.method:",
        _ROUTES_TESTS,
    ),
    Mutation(
        "a parameter that there is not is passed over",
        READS,
        ROUTES,
        'if name not in ("after", "timeout"):',
        "if not name:",
        _ROUTES_TESTS,
    ),
    Mutation(
        "a request may be held for as long as it likes",
        BOUNDED,
        ROUTES,
        "if seconds > LONGEST_HELD:",
        "if seconds < 0:",
        _ROUTES_TESTS,
    ),
    Mutation(
        "who knows a later generation is held",
        HELD,
        ROUTES,
        "if hold is None or hold.after != asked.snapshot.roll.generation:",
        "if hold is None or hold.after < asked.snapshot.roll.generation:",
        _ROUTES_TESTS,
    ),
    Mutation(
        "an answer repeats all of a long path",
        BOUNDED,
        ROUTES,
        "return repr(shortened(text, _SHOWN))",
        "return repr(text)",
        _ROUTES_TESTS,
    ),
    Mutation(
        "an age is less than 0",
        TOLD,
        DOCUMENT,
        "None if then is None else round(max(0.0, now - then), 1)",
        "None if then is None else round(now - then, 1)",
        _DOCUMENT_TESTS,
    ),
    Mutation(
        "a notifier that runs again has failed",
        TOLD,
        DOCUMENT,
        "    if delivery.under_way is not None:",
        "    if delivery.under_way is not None and not delivery.failed:",
        _DOCUMENT_TESTS,
    ),
    Mutation(
        "a withheld file is current",
        TOLD,
        METRICS,
        'output.condition in ("current", "kept")',
        'output.condition in ("current", "kept", "withheld")',
        _METRICS_TESTS,
    ),
    Mutation(
        "a file's last write is a time of the loop's clock",
        TOLD,
        METRICS,
        "output.written_at + self._offset",
        "output.written_at",
        _METRICS_TESTS,
    ),
    Mutation(
        "a member is in a label",
        TOLD,
        METRICS,
        '"Members, with this pod; 0 before',
        'f"Members, {roll.peers}; 0 before',
        _METRICS_TESTS,
    ),
    Mutation(
        "a version that nobody here speaks is answered",
        READS,
        SCRAPING,
        'if name == media and of in ("", version)]',
        "if name == media]",
        _METRICS_TESTS,
    ),
    Mutation(
        "a form that somebody refuses is answered",
        READS,
        SCRAPING,
        "return open_ > 0 and open_ >=",
        "return open_ >=",
        _METRICS_TESTS,
    ),
    Mutation(
        "a text of metrics is kept for ever",
        TOLD,
        SCRAPING,
        "or moment.now >= kept.until",
        "or moment.now < 0",
        _METRICS_TESTS,
    ),
    Mutation(
        "old metrics are answered after a change",
        TOLD,
        SCRAPING,
        "or kept.snapshot is not snapshot ",
        "",
        _METRICS_TESTS,
    ),
    Mutation(
        "each who asks for metrics has them made anew",
        PROBES,
        SCRAPING,
        "moment.now + KEPT",
        "moment.now",
        _METRICS_TESTS,
    ),
    Mutation(
        "a loop that hangs in its first turn is live in the metrics",
        LIVES,
        ABOUT,
        "        if snapshot is None:\n            return now <= self.started + self.patience\n",
        "        if snapshot is None:\n            return True\n",
        _METRICS_TESTS,
    ),
    Mutation(
        "a clock that was set is not asked again",
        TOLD,
        ABOUT,
        "    wall: Callable[[], float] = time.time\n",
        "    wall: Callable[[], float] = time.time\n\n"
        "    def __post_init__(self) -> None:\n"
        "        gap = self.wall() - self.steady()\n"
        "        object.__setattr__(self, 'wall', lambda: self.steady() + gap)\n",
        _SERVER_TESTS,
    ),
    Mutation(
        "who gives two lengths goes on",
        READS,
        CONNECTION,
        "is_last=has_body or is_twofold",
        "is_last=has_body",
        _BOUNDS_TESTS,
    ),
    Mutation(
        "an empty line before a request is none",
        READS,
        CONNECTION,
        'came.lstrip(b"\\r\\n")',
        "came",
        _BOUNDS_TESTS,
    ),
    Mutation(
        "another version of HTTP is answered",
        READS,
        CONNECTION,
        'if not event.http_version.startswith(b"1."):',
        "if not event.http_version:",
        _BOUNDS_TESTS,
    ),
    Mutation(
        "a refusal repeats what was sent",
        BOUNDED,
        CONNECTION,
        'return said.partition(": bytearray(")[0][:_SAID]',
        "return said",
        _BOUNDS_TESTS,
    ),
    Mutation(
        "connections may take all files",
        BOUNDED,
        SERVER,
        "most = max(1, min(most, files // 2))",
        "most = max(1, most)",
        _SERVER_TESTS,
    ),
    Mutation(
        "a head may have any length",
        BOUNDED,
        CONNECTION,
        "return self._house.limits.head - len(self._http.trailing_data[0])",
        "return self._house.limits.head",
        _BOUNDS_TESTS,
    ),
    Mutation(
        "each byte gives a slow client more time",
        BOUNDED,
        CONNECTION,
        "not self._is_due:\n            self._read()\n        elif not self._room():",
        "not self._is_due:\n"
        "            self._become(State.READING, self._house.limits.idle, self._transport.close)\n"
        "            self._read()\n"
        "        elif not self._room():",
        _BOUNDS_TESTS,
    ),
    Mutation(
        "a connection that is not used stays",
        BOUNDED,
        CONNECTION,
        "self._become(State.READING, self._house.limits.idle, self._transport.close)\n"
        "        self._transport.resume_reading()",
        "self._become(State.READING, 3600.0, self._transport.close)\n"
        "        self._transport.resume_reading()",
        _BOUNDS_TESTS,
    ),
    Mutation(
        "a client that does not read is waited for",
        BOUNDED,
        CONNECTION,
        "self._become(State.WRITING, self._house.limits.unread, self._reset)",
        "self._become(State.WRITING, 3600.0, self._reset)",
        _BOUNDS_TESTS,
    ),
    Mutation(
        "the kernel keeps what a dropped client did not read",
        BOUNDED,
        CONNECTION,
        'struct.pack("ii", 1, 0)',
        'struct.pack("ii", 0, 0)',
        _BOUNDS_TESTS,
    ),
    Mutation(
        "a client that does not go stays",
        BOUNDED,
        CONNECTION,
        "self._become(State.LEAVING, self._house.limits.leave, self._transport.abort)",
        "self._become(State.LEAVING, 3600.0, self._transport.abort)",
        _BOUNDS_TESTS,
    ),
    Mutation(
        "who still sends is closed before it reads why it was refused",
        WHOLE,
        CONNECTION,
        "            self._leave()\n            return",
        "            self._transport.close()\n            return",
        _BOUNDS_TESTS,
    ),
    Mutation(
        "after a body the next request is looked for in it",
        READS,
        CONNECTION,
        "is_last=has_body or is_twofold",
        "is_last=is_twofold",
        _BOUNDS_TESTS,
    ),
    Mutation(
        "HEAD gets a body",
        WHOLE,
        CONNECTION,
        "        if not self._is_head:",
        "        if response:",
        _SERVER_TESTS,
    ),
    Mutation(
        "a client that sends no more is not answered",
        WHOLE,
        CONNECTION,
        '        self._http.receive_data(b"")\n        if self.state is State.READING and',
        "        if self.state is State.READING:\n            return False\n"
        "        if self.state is State.LEAVING and",
        _SERVER_TESTS,
    ),
    Mutation(
        "who is gone is held until its time is over",
        BOUNDED,
        CONNECTION,
        "        elif self.state is State.HELD:\n            self.release()",
        "        elif self.state is State.LEAVING:\n            self.release()",
        _SERVER_TESTS,
    ),
    Mutation(
        "a held request is never over",
        HELD,
        CONNECTION,
        "self._become(State.HELD, timeout, self.release)",
        "self._become(State.HELD, timeout, self.look)",
        _SERVER_TESTS,
    ),
    Mutation(
        "a connection that is gone is kept",
        BOUNDED,
        HOUSE,
        "self._connections.discard(connection)",
        "self._connections.add(connection)",
        _MEMORY_TESTS,
    ),
    Mutation(
        "there may be any number of connections",
        BOUNDED,
        HOUSE,
        "if len(self._connections) >= self.limits.connections:",
        "if len(self._connections) >= 5_000:",
        _BOUNDS_TESTS,
    ),
    Mutation(
        "who has come last has to go",
        PROBES,
        HOUSE,
        "            min(self._connections, key=_turn_to_go).drop()",
        "            max(self._connections, key=_turn_to_go).drop()",
        _BOUNDS_TESTS,
    ),
    Mutation(
        "who waits for a change goes before who says nothing",
        PROBES,
        HOUSE,
        "(State.LEAVING, State.READING, State.HELD, State.WRITING)",
        "(State.LEAVING, State.HELD, State.READING, State.WRITING)",
        _BOUNDS_TESTS,
    ),
    Mutation(
        "a held request that has to go is not answered",
        WHOLE,
        CONNECTION,
        "        self.release()\n        self._transport.abort()",
        "        self._transport.abort()",
        _BOUNDS_TESTS,
    ),
    Mutation(
        "answers that nobody reads take all memory",
        BOUNDED,
        HOUSE,
        "> self.limits.unsent:",
        "> 10**12:",
        _BOUNDS_TESTS,
    ),
    Mutation(
        "a mistake in a page ends the connection without a word",
        PROBES,
        HOUSE,
        "except Exception as wrong:",
        "except OSError as wrong:",
        _SERVER_TESTS,
    ),
    Mutation(
        "nobody who waits is told of a change",
        HELD,
        SERVER,
        "            self._call(self._look)",
        "            pass",
        _SERVER_TESTS,
    ),
    Mutation(
        "any news wakes who waits for a change of the members",
        HELD,
        HOUSE,
        "if snapshot is None or snapshot.roll.generation == after:",
        "if snapshot is None:",
        _SERVER_TESTS,
    ),
    Mutation(
        "who comes while it is closed stays open",
        ENDS,
        SERVER,
        "        if coming := asyncio.all_tasks() - {asyncio.current_task()}:\n"
        "            await asyncio.wait(coming)  # those that were, and are not yet among us\n",
        "",
        _SERVER_TESTS,
    ),
    Mutation(
        "a closing server drops nobody",
        ENDS,
        HOUSE,
        "            connection.drop()\n\n\ndef",
        "            connection.look()\n\n\ndef",
        _SERVER_TESTS,
    ),
    Mutation(
        "all addresses are those of IPv4",
        WHERE,
        LISTENING,
        "is_dual=not at.host and has_ipv6()",
        "is_dual=False",
        _SERVER_TESTS,
    ),
    Mutation(
        "without IPv6 there is no server",
        WHERE,
        LISTENING,
        "is_dual=not at.host and has_ipv6()",
        "is_dual=not at.host",
        _SERVER_TESTS,
    ),
    Mutation(
        "the kernel keeps as much for a client as it likes",
        BOUNDED,
        LISTENING,
        "KERNEL_BUFFER = 64 * 1024",
        "KERNEL_BUFFER = 64 * 1024 * 1024",
        _BOUNDS_TESTS,
    ),
    Mutation(
        "a port may have any number",
        WHERE,
        LISTEN,
        'or int(form["port"]) > 65535',
        'or int(form["port"]) > 99999',
        _LISTEN_TESTS,
    ),
    Mutation(
        "a command asks at one family only",
        WHERE,
        LISTEN,
        'return (f"127.0.0.1:{self.port}", f"[::1]:{self.port}")',
        'return (f"127.0.0.1:{self.port}",)',
        _LISTEN_TESTS,
    ),
    Mutation(
        "whatever answers is an agent",
        ASKS,
        ASKING,
        'if reply.headers.get("server") != SERVER:',
        "if not reply.headers:",
        _COMMANDS_TESTS,
    ),
    Mutation(
        "a variable comes before a flag",
        ASKS,
        ASKING,
        'told = status_listen or os.environ.get(_VARIABLE, "")',
        'told = os.environ.get(_VARIABLE, "") or status_listen',
        _COMMANDS_TESTS,
    ),
    Mutation(
        "a gate that is shut is healthy",
        ASKS,
        STATUS,
        'for path in ("/livez", "/readyz"):',
        'for path in ("/livez",):',
        _COMMANDS_TESTS,
    ),
    Mutation(
        "wait does not wait",
        ASKS,
        STATUS,
        'return "" if reply.status == 200 else sentence_of(reply)',
        'return "" if reply.status else sentence_of(reply)',
        _COMMANDS_TESTS,
    ),
    Mutation(
        "a signal ends wait as if the gate were open",
        ASKS,
        STATUS,
        "        sys.exit(1)  # the database must not start without its files",
        "        sys.exit(0)",
        _COMMANDS_TESTS,
    ),
    Mutation(
        "an agent that is stuck is well",
        ASKS,
        STATUS,
        'sys.exit(0 if document["live"] else 1)',
        "sys.exit(0)",
        _COMMANDS_TESTS,
    ),
)
