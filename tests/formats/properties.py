"""A reader of Java's properties, of those lines that need no escaping."""


def properties(content: bytes) -> dict[str, str]:
    """The values by key; each key is there once."""
    lines = content.decode("ascii").splitlines()
    assert not any("\\" in line or line[:1] in "#! " for line in lines), lines
    pairs = [line.split("=", 1) for line in lines]
    read = dict(pairs)
    assert len(read) == len(lines)
    return read
