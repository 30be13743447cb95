"""How long to leave alone what failed: twice as long each time, up to a limit. Times in seconds."""

# Doublings after which any limit is reached; more would make a number too large for a float.
_MOST_DOUBLINGS = 16


def pause(failures: int, first: float, longest: float) -> float:
    """The pause after so many failures in a row, 1 or more."""
    return min(first * 2.0 ** min(failures - 1, _MOST_DOUBLINGS), longest)
