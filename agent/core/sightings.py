"""What was seen when: the short memory of names and addresses that membership is judged from.

Names and addresses go through the same small history, so that neither a name that one DNS server
forgot, nor an old address that two servers answer in turns with a new one, makes a file flap.
"""

from dataclasses import dataclass

from agent.core.names import address_key

# A single answer can be wrong by itself: nothing is forgotten on the word of one.
MISSED_ANSWERS = 2


@dataclass(frozen=True, slots=True)
class Sighting:
    """When a name or an address was seen. Times in seconds; `missed` counts answers without it."""

    first: float
    missing_since: float | None = None
    missed: int = 0

    def seen(self) -> "Sighting":
        """It was in the answer."""
        return self if self.missing_since is None else Sighting(self.first)

    def not_seen(self, now: float) -> "Sighting":
        """It was missing from a whole answer."""
        since = now if self.missing_since is None else self.missing_since
        return Sighting(self.first, since, self.missed + 1)

    def after_gap(self, seconds: float) -> "Sighting":
        """For so many seconds nobody answered: that is no time in which it was missing."""
        if self.missing_since is None:
            return self
        return Sighting(self.first, self.missing_since + seconds, self.missed)

    def missing_for(self, now: float) -> float:
        """For how long it has been missing, in seconds; 0 if it is not."""
        return 0.0 if self.missing_since is None else now - self.missing_since

    def is_over(self, now: float, forget_after: float) -> bool:
        """Whether it has been missing for long enough, in answers enough, to be forgotten."""
        return self.missed >= MISSED_ANSWERS and self.missing_for(now) >= forget_after


@dataclass(frozen=True, slots=True)
class Tracked:
    """A name that DNS has listed, with every address that it had lately."""

    fqdn: str
    sighting: Sighting
    addresses: tuple[tuple[str, Sighting], ...] = ()

    @property
    def current(self) -> tuple[str, ...]:
        """Its newest address of each family, IPv4 first; among equally new ones the lowest."""
        newest: dict[int, tuple[float, str]] = {}
        for address, sighting in self.addresses:
            version = address_key(address)[0]
            if version not in newest or sighting.first > newest[version][0]:
                newest[version] = (sighting.first, address)
        return tuple(newest[version][1] for version in sorted(newest))

    def seen(self, addresses: tuple[str, ...], now: float, forget_after: float) -> "Tracked":
        """It was in a whole answer, with `addresses`; without any, nothing is learnt of them."""
        kept = self.addresses
        if addresses:
            before = dict(self.addresses)
            after = {a: before[a].seen() if a in before else Sighting(now) for a in addresses}
            for address, sighting in before.items():
                missed = sighting.not_seen(now)
                if address not in after and not missed.is_over(now, forget_after):
                    after[address] = missed
            kept = tuple(sorted(after.items(), key=lambda pair: address_key(pair[0])))
        return Tracked(self.fqdn, self.sighting.seen(), kept)

    def after_gap(self, seconds: float) -> "Tracked":
        """For so many seconds nobody answered."""
        addresses = tuple((a, sighting.after_gap(seconds)) for a, sighting in self.addresses)
        return Tracked(self.fqdn, self.sighting.after_gap(seconds), addresses)

    def not_seen(self, now: float) -> "Tracked":
        """It was missing from a whole answer."""
        return Tracked(self.fqdn, self.sighting.not_seen(now), self.addresses)
