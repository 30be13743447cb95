"""What a network may do to a DNS answer on its way: functions for a `FaultProxy`.

A fault is a function from a question and the server's true answer to what comes back, and when. It
acts by counting, or by chance with a seed, so that a run can be repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

import dns.flags
import dns.message
import dns.name
import dns.rcode

from tests.support.scripted_dns import framed

_LONGEST = 65535
_NEVER_S = 3600.0


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its true answer; `number` counts them from 0 since the faults were set."""

    question: bytes
    answer: bytes
    number: int


@dataclass(frozen=True, slots=True)
class Sent:
    """What is sent to the asker, so many seconds after the answer or the last thing sent."""

    wire: bytes
    after: float = 0.0


Fault = Callable[[Exchange], Iterable[Sent]]
"""The packets that come back over UDP, or the pieces that come over TCP before it is closed."""
Rewrite = Callable[[bytes], bytes]
"""What the server is asked instead of a question."""


# Which questions a fault is for, and with what else.


def first(count: int, fault: Fault, otherwise: Fault | None = None) -> Fault:
    """The fault for the first so many questions."""
    return lambda exchange: (fault if exchange.number < count else otherwise or passed)(exchange)


def every(nth: int, fault: Fault) -> Fault:
    """The fault for each nth question, the first one of all included."""
    return lambda exchange: (passed if exchange.number % nth else fault)(exchange)


def in_turn(*faults: Fault) -> Fault:
    """Each for one question, over and over."""
    return lambda exchange: faults[exchange.number % len(faults)](exchange)


def by_chance(share: float, fault: Fault, seed: int) -> Fault:
    """The fault for about that share of the questions, the same ones for the same seed."""

    def chosen(exchange: Exchange) -> Iterable[Sent]:
        chance = Random(f"{seed} {exchange.number}").random()
        return (fault if chance < share else passed)(exchange)

    return chosen


def then(*faults: Fault) -> Fault:
    """What each of them sends, one after another, for the same question."""
    return lambda exchange: [sent for fault in faults for sent in fault(exchange)]


# Over UDP.


def passed(exchange: Exchange) -> Iterable[Sent]:
    """No fault."""
    return [Sent(exchange.answer)]


def lost(_: Exchange) -> Iterable[Sent]:
    """Nothing comes back."""
    return ()


def delayed(seconds: float) -> Fault:
    """The answer comes late."""
    return lambda exchange: [Sent(exchange.answer, seconds)]


def cut(size: int) -> Fault:
    """Only the first so many bytes come."""
    return lambda exchange: [Sent(exchange.answer[:size])]


def flipped(place: int, bits: int = 0xFF) -> Fault:
    """One byte has these bits turned over."""

    def flip(exchange: Exchange) -> Iterable[Sent]:
        damaged = bytearray(exchange.answer)
        damaged[place] ^= bits
        return [Sent(bytes(damaged))]

    return flip


def wrong_id(exchange: Exchange) -> Iterable[Sent]:
    """The answer has another question's number."""
    return flipped(1, 0x01)(exchange)


def another_question(exchange: Exchange) -> Iterable[Sent]:
    """The answer is to a question about another name, which has the very records of this one."""
    message = dns.message.from_wire(exchange.answer)
    asked = message.question[0].name
    message.question[0].name = dns.name.Name((b"another", *asked.labels[1:]))
    return [Sent(message.to_wire(max_size=_LONGEST))]


def truncated(exchange: Exchange) -> Iterable[Sent]:
    """The answer says that it is cut short, and has no records left."""
    message = dns.message.from_wire(exchange.answer)
    message.flags |= dns.flags.TC
    message.answer.clear()
    message.additional.clear()
    return [Sent(message.to_wire())]


def says(rcode: dns.rcode.Rcode) -> Fault:
    """The answer is only this code."""

    def say(exchange: Exchange) -> Iterable[Sent]:
        message = dns.message.make_response(dns.message.from_wire(exchange.question))
        message.set_rcode(rcode)
        return [Sent(message.to_wire())]

    return say


def held_back() -> Fault:
    """Each answer comes with the next one, and before it: the asker of then gets it."""
    held: list[bytes] = []

    def hold(exchange: Exchange) -> Iterable[Sent]:
        late, held[:] = [Sent(wire) for wire in held], [exchange.answer]
        return [*late, Sent(exchange.answer)]

    return hold


# Over TCP.


def whole(exchange: Exchange) -> Iterable[Sent]:
    """No fault."""
    return [Sent(framed(exchange.answer))]


def over_tcp(fault: Fault) -> Fault:
    """What the fault would send as packets, as messages on the connection."""
    return lambda exchange: [Sent(framed(sent.wire), sent.after) for sent in fault(exchange)]


def closed_half_way(exchange: Exchange) -> Iterable[Sent]:
    """The connection ends in the middle of the answer."""
    wire = framed(exchange.answer)
    return [Sent(wire[: len(wire) // 2])]


def dribbled(pause: float) -> Fault:
    """The answer comes byte by byte, each so many seconds after the one before."""
    return lambda exchange: [Sent(bytes([byte]), pause) for byte in framed(exchange.answer)]


def kept_waiting(_: Exchange) -> Iterable[Sent]:
    """The connection stays open, and nothing comes."""
    return [Sent(b"", _NEVER_S)]


# Of questions, on their way to the server.


def unchanged(question: bytes) -> bytes:
    """The question as it came."""
    return question


def without_edns(question: bytes) -> bytes:
    """The question as an old forwarder passes it on: the answer has to fit into 512 bytes."""
    message = dns.message.from_wire(question)
    message.use_edns(False)
    return message.to_wire()


def in_capitals(question: bytes) -> bytes:
    """The question in upper case, as a resolver may spell it to be harder to deceive."""
    message = dns.message.from_wire(question)
    labels = message.question[0].name.labels
    message.question[0].name = dns.name.Name(label.upper() for label in labels)
    return message.to_wire()
