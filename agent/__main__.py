"""Where the program begins: `rollcall`, and `python -m agent`.

Signals are taken care of before anything is imported: importing takes a good tenth of a second, and
in it PID 1 would not notice SIGTERM, and Ctrl-C would be a traceback.
"""

import signal
import sys


def main() -> None:
    """Runs the command line."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    from agent.cli import main as command_line  # noqa: PLC0415  # after the signals, see above

    command_line()


if __name__ == "__main__":
    main()
