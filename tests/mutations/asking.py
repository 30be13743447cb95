"""Asking DNS and reading its answers, and whole files: what the edges hold by themselves."""

from tests.mutations.mutation import Mutation

ATTEMPT = "agent/discovery/attempt.py"
SRV = "agent/discovery/srv.py"
TRANSPORT = "agent/discovery/transport.py"
READING = "agent/discovery/reading.py"
RDATA = "agent/discovery/rdata.py"
ADDRESS = "agent/discovery/address.py"
AUTO = "agent/discovery/auto.py"
NAMING = "agent/discovery/naming.py"
ORDINALS = "agent/discovery/ordinals.py"
SECOND_LOOK = "agent/discovery/second_look.py"
WRITING = "agent/publish/writing.py"
CLAIM = "agent/publish/claim.py"

_TRANSPORT_TESTS = "tests/discovery/test_transport.py"
_LARGE_TESTS = "tests/discovery/test_large_answers.py"
_SEVERAL_TESTS = "tests/discovery/test_several_nameservers.py"
_NAMES_TESTS = "tests/discovery/test_names_from_the_network.py"
_READING_TESTS = "tests/discovery/test_reading.py"
_OBSERVE_TESTS = "tests/discovery/test_observe.py"
_ORDINALS_TESTS = "tests/discovery/test_ordinals.py"
_AUTO_TESTS = "tests/discovery/test_auto.py"
_RDATA_TESTS = "tests/discovery/test_rdata.py"
_MANY_TESTS = "tests/discovery/test_many_questions.py"
_SETS_TESTS = "tests/discovery/test_large.py"
_MOVE_TESTS = "tests/discovery/test_names_that_move.py"
_PUBLISH_TESTS = "tests/test_publish.py"
_CLAIM_TESTS = "tests/publish/test_claim.py"

DOUBT = "a failure, half an answer or another's is doubt, never an answer"
STRAIGHT = "what was too large for UDP is asked for over TCP straight away"
PRINT = "an answer of the print that was read last is not read again"
ASKS = "a poll asks until somebody answers or its time is up"
NAMED = "a wrong setup is told apart from nobody"
WHOLE = "a reader sees the old file or the new one"
ONE = "one agent at a time replaces a file"

MUTATIONS = (
    Mutation(
        "a packet that does not answer the question is taken",
        DOUBT,
        ATTEMPT,
        "return reply if is_answer else None",
        "return reply",
        _TRANSPORT_TESTS,
    ),
    Mutation(
        "an answer that is cut short over TCP too is taken",
        DOUBT,
        ATTEMPT,
        "return Failure(cut_short(server, question), Doubt.CUT_SHORT) if reply.is_cut else reply",
        "return reply",
        _TRANSPORT_TESTS,
    ),
    Mutation(
        "an answer that is cut short is taken",
        DOUBT,
        ATTEMPT,
        "is_tcp = reply.is_cut",
        "is_tcp = False",
        _TRANSPORT_TESTS,
    ),
    Mutation(
        "a FORMERR to EDNS is the last word",
        ASKS,
        ATTEMPT,
        "if not (reply.plain or reply.is_cut) and reply.rcode == dns.rcode.FORMERR:",
        "if not (reply.plain or reply.is_cut) and reply.rcode == -1:",
        _TRANSPORT_TESTS,
    ),
    Mutation(
        "what was too large for UDP is asked for over UDP",
        STRAIGHT,
        ATTEMPT,
        "is_tcp = payload is not None",
        "is_tcp = False",
        _LARGE_TESTS,
    ),
    Mutation(
        "what was too large once is asked for over TCP for ever",
        STRAIGHT,
        ATTEMPT,
        "self._large.pop((server, question), None)",
        "self._large.get((server, question))",
        _LARGE_TESTS,
    ),
    Mutation(
        "what was too large for one nameserver is for all",
        STRAIGHT,
        ATTEMPT,
        "self._large.pop((server, question), None)",
        "next(iter(self._large.values()), None)",
        _LARGE_TESTS,
    ),
    Mutation(
        "a small answer is asked for over TCP too",
        STRAIGHT,
        ATTEMPT,
        "if is_tcp and len(reply.wire) > (payload or PLAIN_PAYLOAD):",
        "if is_tcp:",
        _LARGE_TESTS,
    ),
    Mutation(
        "a nameserver without EDNS is asked with it over TCP",
        STRAIGHT,
        ATTEMPT,
        "self._large[server, question] = payload",
        "self._large[server, question] = EDNS_PAYLOAD",
        _LARGE_TESTS,
    ),
    Mutation(
        "a plain answer with another ID is taken",
        DOUBT,
        ATTEMPT,
        "has_id = came[:2] == asked[:2]",
        "has_id = True",
        _LARGE_TESTS,
    ),
    Mutation(
        "a plain answer is read before anybody asks for its message",
        PRINT,
        ATTEMPT,
        "return _OF_PLAIN[self.wire[3] & 0x0F] if self.plain else self.message.rcode()",
        "return self.message.rcode()",
        _LARGE_TESTS,
    ),
    Mutation(
        "an answer of another print is not read",
        PRINT,
        SRV,
        "if self._seen is None or reply.plain.digest != self._digest:",
        "if self._seen is None:",
        _LARGE_TESTS,
    ),
    Mutation(
        "an answer that is not read again keeps its time to live",
        PRINT,
        SRV,
        "return aged(self._seen, reply.plain.ttl)",
        "return self._seen",
        _LARGE_TESTS,
    ),
    Mutation(
        "a nameserver that fails is the last word",
        ASKS,
        TRANSPORT,
        "if tried.plain or tried.rcode not in _ASK_ANOTHER:",
        "if True:",
        _TRANSPORT_TESTS,
    ),
    Mutation(
        "a dead nameserver is asked first each time",
        ASKS,
        TRANSPORT,
        "first = None if is_old else self._answered_last",
        "first = None",
        _SEVERAL_TESTS,
    ),
    Mutation(
        "the nameserver that stood in once is asked first for ever",
        ASKS,
        TRANSPORT,
        "first = None if is_old else self._answered_last",
        "first = self._answered_last",
        _SEVERAL_TESTS,
    ),
    Mutation(
        "a lost packet is not sent again",
        ASKS,
        TRANSPORT,
        "LEAST_TRIES = 2",
        "LEAST_TRIES = 1",
        _SEVERAL_TESTS,
    ),
    Mutation(
        "a server's failure is a nobody",
        DOUBT,
        READING,
        "        return Unknown(refusal_of(reply), doubt_of(reply))\n    if next(_records(",
        '        return Absent("", Why.NO_SUCH_NAME)\n    if next(_records(',
        _NAMES_TESTS,
    ),
    Mutation(
        "a name that is not of the service is a peer",
        DOUBT,
        READING,
        "named = {name for name in targets if name and service.has(name)}",
        "named = {name for name in targets if name}",
        _NAMES_TESTS,
    ),
    Mutation(
        "a record of another class is read",
        DOUBT,
        READING,
        "return rrset.rdtype == kind and rrset.rdclass == dns.rdataclass.IN",
        "return rrset.rdtype == kind",
        _READING_TESTS,
    ),
    Mutation(
        "one question of two that failed is passed over",
        DOUBT,
        ADDRESS,
        "            if isinstance(seen, Unknown):\n                return seen\n",
        "            if isinstance(seen, Unknown):\n                continue\n",
        _NAMES_TESTS,
    ),
    Mutation(
        "a record of another name is read as one of this",
        DOUBT,
        RDATA,
        "elif wire[at : at + len(asked)].lower() == asked:",
        "elif wire[at]:",
        _RDATA_TESTS,
    ),
    Mutation(
        "an answer with a failure's code is read",
        DOUBT,
        RDATA,
        "wrong = OPCODE | TC | RESERVED | RCODE",
        "wrong = OPCODE | TC | RESERVED",
        _RDATA_TESTS,
    ),
    Mutation(
        "what SRV said long ago is taken for the names of today",
        NAMED,
        AUTO,
        "is_fresh = self._clock() - said < ASK_AGAIN",
        "is_fresh = self._clock() >= said",
        _AUTO_TESTS,
    ),
    Mutation(
        "one answer that is cut short keeps SRV from being asked for",
        ASKS,
        AUTO,
        "now - self._tried < TRY_AGAIN",
        "now >= self._tried",
        _AUTO_TESTS,
    ),
    Mutation(
        "where SRV is too long it is asked for at each poll",
        ASKS,
        AUTO,
        "        self._tried = now\n",
        "",
        _AUTO_TESTS,
    ),
    Mutation(
        "a try of SRV takes the time for addresses",
        ASKS,
        AUTO,
        "until = (now + deadline) / 2",
        "until = deadline",
        _AUTO_TESTS,
    ),
    Mutation(
        "what is lost of many questions is not asked for again",
        ASKS,
        ATTEMPT,
        "patience = PATIENCE if len(left) < before else 2 * patience",
        "patience = 2 * LAST_PATIENCE",
        _MANY_TESTS,
    ),
    Mutation(
        "a thousand questions are sent at once",
        ASKS,
        ATTEMPT,
        "IN_FLIGHT - len(waiting)",
        "1000",
        _MANY_TESTS,
    ),
    Mutation(
        "names that came in time are lost with those that did not",
        ASKS,
        NAMING,
        "sorted(due, key=lambda address: due[address] not in soon)",
        "sorted(due, key=lambda address: due[address] in soon)",
        _SETS_TESTS,
    ),
    Mutation(
        "who has no name yet is a peer without one",
        NAMED,
        NAMING,
        "is_new and self._inquiry.has_names and",
        "not is_new and self._inquiry.has_names and",
        _LARGE_TESTS,
    ),
    Mutation(
        "who has another's old address is not asked for in the same poll",
        NAMED,
        NAMING,
        "due = {a: pointer_of(a) for a in self._disputed if a not in asked}",
        "due = {}",
        _MOVE_TESTS,
    ),
    Mutation(
        "what a cache says of another's old address is the last word",
        NAMED,
        NAMING,
        "*self._disputed]",
        "]",
        _MOVE_TESTS,
    ),
    Mutation(
        "two of one name are asked for in each poll for ever",
        NAMED,
        NAMING,
        "if now - self._disputed.get(address, inf) >= ASK_AGAIN:",
        "if address not in self._known:",
        _MOVE_TESTS,
    ),
    Mutation(
        "old names are asked for one a poll, however far apart polls are",
        NAMED,
        NAMING,
        "max(1.0, now - self._swept)",
        "1.0",
        _MOVE_TESTS,
    ),
    Mutation(
        "the family that nobody had is never asked for again",
        ASKS,
        ADDRESS,
        "at_rest = now - self._asked_all < ASK_AGAIN",
        "at_rest = bool(self._last)",
        _LARGE_TESTS,
    ),
    Mutation(
        "a family that one answer lacked is not asked for for a while",
        DOUBT,
        ADDRESS,
        "            if isinstance(seen, Addresses):\n",
        "            self._last.pop(kind, None)\n            if isinstance(seen, Addresses):\n",
        _LARGE_TESTS,
    ),
    Mutation(
        "a service that is not headless has one peer",
        NAMED,
        READING,
        "    if service.fqdn in targets:\n        return _not_headless(service)\n",
        "",
        _OBSERVE_TESTS,
    ),
    Mutation(
        "pods that have no names are peers",
        NAMED,
        SECOND_LOOK,
        "    if nameless == len(answer.endpoints):",
        "    if nameless > len(answer.endpoints):",
        _OBSERVE_TESTS,
    ),
    Mutation(
        "a wrong namespace is a service without pods",
        NAMED,
        SECOND_LOOK,
        "        if rcode == dns.rcode.NXDOMAIN:",
        "        if rcode == dns.rcode.YXDOMAIN:",
        _OBSERVE_TESTS,
    ),
    Mutation(
        "pods whose name was not answered are missing",
        DOUBT,
        ORDINALS,
        "min(ttls, default=None), remarks, not doubts)",
        "min(ttls, default=None), remarks)",
        _ORDINALS_TESTS,
    ),
    Mutation(
        "a file is written in its place",
        WHOLE,
        WRITING,
        "            temporary.replace(path)",
        "            path.write_bytes(temporary.read_bytes())\n            temporary.unlink()",
        _PUBLISH_TESTS,
    ),
    Mutation(
        "a write that fails leaves something behind",
        WHOLE,
        WRITING,
        "            os.fsync(file.fileno())\n    except BaseException:\n"
        "        temporary.unlink(missing_ok=True)",
        "            os.fsync(file.fileno())\n    except BaseException:",
        _PUBLISH_TESTS,
    ),
    Mutation(
        "a second agent writes too",
        ONE,
        CLAIM,
        "                raise self._taken(keeper) from None",
        "                return None",
        _CLAIM_TESTS,
    ),
    Mutation(
        "an agent whose lock file was removed has the claim for ever",
        ONE,
        CLAIM,
        "        if self._handle is None or not _is_at(self._handle, self._lock):",
        "        if self._handle is None:",
        _CLAIM_TESTS,
    ),
    Mutation(
        "what another agent is writing is swept away",
        WHOLE,
        CLAIM,
        "        if self._handle is None or",
        "        [sweep(file) for file in self._files]\n        if self._handle is None or",
        _CLAIM_TESTS,
    ),
)
