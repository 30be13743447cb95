"""Reading an answer's bytes: what has a print, and what two answers of one print have alike."""

from tests.mutations.mutation import Mutation

WIRE = "agent/discovery/wire.py"

_WIRE_TESTS = "tests/discovery/test_wire.py"

SAME = "one print has the same records, but for weights and times to live"
BLIND = "no order, weight, time to live, letter case or compression changes a print"
ODD = "what is odd has no print: dnspython decides"
ASKED = "a question is of a name, in lower case"
NUMBER = "the zone's number is told only by its own no"


def _wire(name: str, rule: str, old: str, new: str) -> Mutation:
    return Mutation(name, rule, WIRE, old, new, _WIRE_TESTS)


_READS_A_PRINT = "if flags & (QR | wrong) != QR or questions != 1 or authorities or not answers:"
_ANSWERS = "if (owner, kind, of_class) != wanted or ttl >= TOO_LONG:"
_ENDS = "if at != len(wire) or (located and _kind(question) != _SRV):"
_ADDRESS = "if length == _SIZES.get(kind) and of_class == _IN:"
_IS_NO = "is_no = flags & RCODE in (0, _NXDOMAIN) and not answers and authorities == 1"
_OF_NO = "if flags & (QR | OPCODE | TC | RESERVED) != QR or questions != 1 or not is_no:"
_IS_SOA = "if (kind, of_class) != (_SOA, _IN) or numbers + _SOA_NUMBERS.size != at:"
_OPTIONS = 'if kind != _OPT or owner != b"\\0" or ttl >> 16 or length:'
_LEADS = "if is_over or not HEADER <= target < part or wire[target] >= POINTER:"
_WRONG = "    wrong = OPCODE | TC | RESERVED | RCODE\n"

MUTATIONS = (
    # What is told apart.
    _wire("the port has no part in a print", SAME, " + wire[at + 4 : at + 6])", ")"),
    _wire(
        "the priority has no part in a print",
        SAME,
        "target + wire[at : at + 2] + wire",
        "target + wire",
    ),
    _wire(
        "a target has no part in a print",
        SAME,
        "target + wire[at : at + 2] + wire",
        "wire[at : at + 2] + wire",
    ),
    _wire(
        "an address has no part in a print",
        SAME,
        "records.add(wire[at : at + length])",
        'records.add(b"")',
    ),
    _wire(
        "an address beside an answer has no part in its print",
        SAME,
        "records.add(owner + wire[at - 2 : at + length])",
        "records.add(owner)",
    ),
    _wire(
        "whose address it is has no part in a print",
        SAME,
        "records.add(owner + wire[at - 2 : at + length])",
        "records.add(wire[at - 2 : at + length])",
    ),
    _wire(
        "how many records answer has no part in a print",
        SAME,
        '[len(listed).to_bytes(2, "big"), *sorted(listed), *sorted(located)]',
        "[*sorted(listed), *sorted(located)]",
    ),
    _wire(
        "an address's length has no part in a print",
        SAME,
        "records.add(owner + wire[at - 2 : at + length])",
        "records.add(owner + wire[at : at + length])",
    ),
    _wire(
        "addresses beside addresses count with them",
        SAME,
        _ENDS,
        "if at != len(wire):",
    ),
    _wire(
        "the time to live is the last record's",
        SAME,
        "lowest = min(lowest, ttl)",
        "lowest = ttl",
    ),
    # What is not.
    _wire(
        "a weight changes a print",
        BLIND,
        "target + wire[at : at + 2] + wire",
        "target + wire[at : at + 4] + wire",
    ),
    _wire("the order of the answer changes a print", BLIND, "*sorted(listed)", "*listed"),
    _wire("the order beside the answer changes a print", BLIND, "*sorted(located)", "*located"),
    _wire(
        "an SRV record that comes twice changes a print",
        BLIND,
        'len(listed).to_bytes(2, "big")',
        'answers.to_bytes(2, "big")',
    ),
    _wire(
        "an address that comes twice changes a print",
        BLIND,
        "records.add(owner + wire[at - 2",
        'records.add(options.to_bytes(2, "big") + at.to_bytes(2, "big") + owner + wire[at - 2',
    ),
    _wire(
        "the letter case of a pod's name changes a print",
        BLIND,
        "known[start] = name = wire[start:end].lower()",
        "known[start] = name = wire[start:end]",
    ),
    _wire(
        "the letter case of another name changes a print",
        BLIND,
        'known[start] = name = b"".join(labels).lower() + b"\\0"',
        'known[start] = name = b"".join(labels) + b"\\0"',
    ),
    _wire(
        "a name behind a pointer is not the name",
        BLIND,
        "at, part, limit = target, target, part",
        "at, part, limit = target, target, part\n            labels.clear()",
    ),
    _wire(
        "the record behind a pointer begins in it",
        BLIND,
        "end = end or at + 2",
        "end = end or at + 1",
    ),
    _wire(
        "the record behind two pointers begins at the second",
        BLIND,
        "end = end or at + 2",
        "end = at + 2",
    ),
    # What has no print.
    _wire(
        "an answer to another question has a print",
        ODD,
        "    if not wire.startswith(question, HEADER):\n        return None\n",
        "",
    ),
    _wire("a question has a print", ODD, "flags & (QR | wrong) != QR", "flags & wrong"),
    _wire("another opcode has a print", ODD, _WRONG, _WRONG.replace("OPCODE | ", "")),
    _wire("an answer cut short has a print", ODD, _WRONG, _WRONG.replace("TC | ", "")),
    _wire("a reserved bit has a print", ODD, _WRONG, _WRONG.replace("RESERVED | ", "")),
    _wire("a failure has a print", ODD, _WRONG, _WRONG.replace(" | RCODE", "")),
    _wire(
        "two questions have a print",
        ODD,
        _READS_A_PRINT,
        _READS_A_PRINT.replace("questions != 1", "not questions"),
    ),
    _wire(
        "a record of an authority is passed over",
        ODD,
        _READS_A_PRINT,
        _READS_A_PRINT.replace("authorities or ", ""),
    ),
    _wire(
        "an answer of nothing has a print",
        ODD,
        _READS_A_PRINT,
        _READS_A_PRINT.replace(" or not answers", ""),
    ),
    _wire(
        "another name's record answers",
        ODD,
        _ANSWERS,
        _ANSWERS.replace("(owner, kind, of_class)", "(wanted[0], kind, of_class)"),
    ),
    _wire(
        "a record of another kind answers",
        ODD,
        _ANSWERS,
        _ANSWERS.replace("(owner, kind, of_class)", "(owner, wanted[1], of_class)"),
    ),
    _wire(
        "a record of another class answers",
        ODD,
        _ANSWERS,
        _ANSWERS.replace("(owner, kind, of_class)", "(owner, kind, _IN)"),
    ),
    _wire(
        "a time to live is as long as it says",
        ODD,
        _ANSWERS,
        _ANSWERS.replace(" or ttl >= TOO_LONG", ""),
    ),
    _wire(
        "an address of another class is an address",
        ODD,
        _ADDRESS,
        _ADDRESS.replace(" and of_class == _IN", ""),
    ),
    _wire(
        "an address beside an answer has any size",
        ODD,
        _ADDRESS,
        "if kind in _SIZES and of_class == _IN:",
    ),
    _wire(
        "an address has any size",
        ODD,
        "elif length == _SIZES.get(wanted[1]):",
        "elif wanted[1] in _SIZES:",
    ),
    _wire(
        "a pointer's answer has a print",
        ODD,
        "elif length == _SIZES.get(wanted[1]):",
        "elif length == _SIZES.get(wanted[1], length):",
    ),
    _wire(
        "an SRV record may end anywhere",
        ODD,
        "            if end != at + length:\n                raise _OddError\n",
        "",
    ),
    _wire(
        "bytes behind the last record are passed over",
        ODD,
        _ENDS,
        _ENDS.replace("at != len(wire)", "at > len(wire)"),
    ),
    _wire(
        "a record that ends behind the message is whole",
        ODD,
        _ENDS,
        _ENDS.replace("at != len(wire)", "at < len(wire)"),
    ),
    _wire("EDNS may come twice", ODD, "if options > 1:", "if options > 2:"),
    _wire(
        "any record may be beside an answer",
        ODD,
        _OPTIONS,
        _OPTIONS.replace("kind != _OPT or ", ""),
    ),
    _wire("EDNS may have an owner", ODD, _OPTIONS, _OPTIONS.replace('owner != b"\\0" or ', "")),
    _wire(
        "the rest of a response code is passed over",
        ODD,
        _OPTIONS,
        _OPTIONS.replace("ttl >> 16", "ttl >> 16 & 0xFF"),
    ),
    _wire("any version of EDNS will do", ODD, _OPTIONS, _OPTIONS.replace("ttl >> 16", "ttl >> 24")),
    _wire("an EDNS option is passed over", ODD, _OPTIONS, _OPTIONS.replace(" or length", "")),
    # Names.
    _wire("a pointer may lead into the header", ODD, _LEADS, _LEADS.replace("HEADER <= ", "0 <= ")),
    _wire("a pointer may lead forwards", ODD, _LEADS, _LEADS.replace(" < part", " < len(wire)")),
    _wire(
        "a pointer may lead to a pointer",
        ODD,
        _LEADS,
        _LEADS.replace(" or wire[target] >= POINTER", ""),
    ),
    _wire("any number of pointers may follow each other", ODD, " or hops > _MOST_HOPS", ""),
    _wire("half a pointer may be in the name it is of", ODD, "at + 2 > limit or ", ""),
    _wire("a label may lead into the name that it is of", ODD, " or at >= limit:", ":"),
    _wire(
        "a label has any length",
        ODD,
        "if length > LONGEST_LABEL or room < 1 or at",
        "if room < 1 or at",
    ),
    _wire("a name has any length", ODD, " or room < 1 or at", " or at"),
    _wire(
        "the label before the service's name has any length",
        ODD,
        "elif 0 < length <= LONGEST_LABEL and wire",
        "elif 0 < length and wire",
    ),
    _wire(
        "a pod's name has any length",
        ODD,
        "        if end - start > LONGEST_NAME:\n            raise _OddError\n",
        "",
    ),
    # A zone's number.
    _wire(
        "a failure tells a number",
        NUMBER,
        _IS_NO,
        _IS_NO.replace("flags & RCODE in (0, _NXDOMAIN) and ", ""),
    ),
    _wire(
        "a no is only one with NXDOMAIN",
        NUMBER,
        _IS_NO,
        _IS_NO.replace("(0, _NXDOMAIN)", "(_NXDOMAIN,)"),
    ),
    _wire("an answer is a no", NUMBER, _IS_NO, _IS_NO.replace("not answers and ", "")),
    _wire(
        "one zone of two tells its number",
        NUMBER,
        _IS_NO,
        _IS_NO.replace("authorities == 1", "authorities"),
    ),
    _wire(
        "a question tells a number",
        NUMBER,
        _OF_NO,
        _OF_NO.replace(
            "flags & (QR | OPCODE | TC | RESERVED) != QR",
            "flags & (OPCODE | TC | RESERVED)",
        ),
    ),
    _wire("another opcode tells a number", NUMBER, _OF_NO, _OF_NO.replace("OPCODE | ", "")),
    _wire("a no that is cut short tells a number", NUMBER, _OF_NO, _OF_NO.replace("TC | ", "")),
    _wire(
        "a no with a reserved bit tells a number",
        NUMBER,
        _OF_NO,
        _OF_NO.replace(" | RESERVED", ""),
    ),
    _wire(
        "a no to two questions tells a number",
        NUMBER,
        _OF_NO,
        _OF_NO.replace("questions != 1 or ", ""),
    ),
    _wire(
        "any kind of record tells a number",
        NUMBER,
        _IS_SOA,
        _IS_SOA.replace("(kind, of_class) != (_SOA, _IN)", "of_class != _IN"),
    ),
    _wire(
        "any class of record tells a number",
        NUMBER,
        _IS_SOA,
        _IS_SOA.replace("(kind, of_class) != (_SOA, _IN)", "kind != _SOA"),
    ),
    _wire(
        "a zone's record may end anywhere",
        NUMBER,
        _IS_SOA,
        _IS_SOA.replace(" or numbers + _SOA_NUMBERS.size != at", ""),
    ),
    _wire(
        "a no may be followed by anything",
        NUMBER,
        "if located or at != len(wire):",
        "if located:",
    ),
    _wire(
        "a no may have addresses beside it",
        NUMBER,
        "if located or at != len(wire):",
        "if at != len(wire):",
    ),
    _wire(
        "the number is another of the zone's",
        NUMBER,
        "_SOA_NUMBERS.unpack_from(wire, numbers)[0]",
        "_SOA_NUMBERS.unpack_from(wire, numbers)[4]",
    ),
    # What is cut short.
    _wire(
        "a cut question is an answer",
        ODD,
        "flags & (QR | OPCODE | TC) == QR | TC",
        "flags & (OPCODE | TC) == TC",
    ),
    _wire(
        "a whole answer is cut short",
        ODD,
        "flags & (QR | OPCODE | TC) == QR | TC",
        "flags & (QR | OPCODE) == QR",
    ),
    _wire(
        "a cut answer of another opcode is one",
        ODD,
        "flags & (QR | OPCODE | TC) == QR | TC",
        "flags & (QR | TC) == QR | TC",
    ),
    _wire(
        "a cut answer to another question is one",
        ODD,
        "    if not wire.startswith(question, HEADER):\n        return False\n",
        "",
    ),
    _wire(
        "a cut answer to two questions is one",
        ODD,
        "return is_short and questions == 1",
        "return is_short and questions > 0",
    ),
    # Questions.
    _wire(
        "a name of any length is asked for",
        ASKED,
        "if len(wire) >= LONGEST_NAME:",
        "if not wire:",
    ),
    _wire(
        "a label of any length is asked for",
        ASKED,
        "if not 0 < len(label) <= LONGEST_LABEL:",
        "if not 0 < len(label) < 256:",
    ),
    _wire(
        "a label of nothing is asked for",
        ASKED,
        "if not 0 < len(label) <= LONGEST_LABEL:",
        "if not len(label) <= LONGEST_LABEL:",
    ),
    _wire(
        "a name is asked for in its letter case",
        ASKED,
        "name.lower().encode",
        "name.encode",
    ),
)
