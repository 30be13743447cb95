"""Programs: whether one can be run here, told before anybody runs it.

It knows a name, and neither what the program is for nor how it is started. Nothing is run.
"""

import os
import shutil
import stat
from pathlib import Path

# What the kernel reads of a program to know what it is (BINPRM_BUF_SIZE, linux/binfmts.h). Bytes.
_HEAD = 256
_SCRIPT = b"#!"
# An ELF file; and Mach-O, of one machine and of several.
_BINARY = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def why_not_runnable(name: str) -> str:
    """Why a program can't be run by its name, as a sentence; empty if nothing speaks against it.

    A name without a slash is looked for in PATH. A script has to name an interpreter that is there.
    """
    at = shutil.which(name)
    if at is None:
        return _why_not_found(name)
    head = _head(Path(at))
    if head is None or head.startswith(_BINARY):
        return ""
    if head.startswith(_BYTE_ORDER_MARK + _SCRIPT):
        return f"{name} begins with a byte order mark: save it without one"
    if not head.startswith(_SCRIPT):
        return f"{name} does not begin with #!"
    line = head.removeprefix(_SCRIPT).partition(b"\n")[0]
    if b"\r" in line:
        return f"the first line of {name} ends with a carriage return: save it with LF line ends"
    words = line.decode(errors="replace").split()
    if not "".join(words).isprintable():
        return f"the first line of {name} has characters that can't be shown"
    return _why_not_interpreted(name, words)


def _why_not_found(name: str) -> str:
    """Why there is nothing to run by this name."""
    if "/" not in name:
        return f"there is no program {name}"
    try:
        is_file = stat.S_ISREG(Path(name).stat().st_mode)
    except PermissionError:
        return f"user {os.geteuid()} may not look for {name} in its folder"
    except OSError:
        return f"there is no program {name}"
    return f"{name} is not executable for user {os.geteuid()}" if is_file else f"{name} is no file"


def _head(path: Path) -> bytes | None:
    """The first bytes of a program; None where they can't be told: it may run all the same."""
    try:
        if not path.is_file():  # of a pipe nothing may ever come
            return None
        with path.open("rb") as program:
            return program.read(_HEAD)
    except OSError:
        return None


def _why_not_interpreted(name: str, words: list[str]) -> str:
    """Why what a script's first line names can't run it."""
    if not words:
        return f"the first line of {name} names no program behind #!"
    interpreter, *rest = words
    # A path that is not whole is looked for from where a command is started.
    missing = _why_not_found(interpreter) if not shutil.which(Path("/", interpreter)) else ""
    if not missing and Path(interpreter).name == "env":
        missing = _why_not_by_env(rest)
    return f"{missing}, which the first line of {name} names" if missing else ""


def _why_not_by_env(words: list[str]) -> str:
    """Why env does not find the program that is to run a script; empty where that is unclear."""
    words = words[1:] if words[:1] == ["-S"] else words
    if not words or words[0].startswith("-") or "=" in words[0] or shutil.which(words[0]):
        return ""
    return _why_not_found(words[0])
