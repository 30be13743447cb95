"""Where the program begins: `rollcall`, and `python -m agent`.

Signals are taken care of before anything is imported: importing takes a good tenth of a second, and
in it PID 1 would not notice SIGTERM, and Ctrl-C would be a traceback.
"""

import os
import signal


def main() -> None:
    """Runs the command line."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, _leave)
    from agent import openssl  # noqa: PLC0415  # after the signals, see above

    openssl.leave_out()
    from agent.cli import main as command_line  # noqa: PLC0415  # as above

    command_line()


def _leave(*_: object) -> None:
    """Ends at once: an exception could be lost in what Python does while it imports."""
    os._exit(1)


if __name__ == "__main__":
    main()
