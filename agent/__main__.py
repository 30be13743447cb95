"""Lets `python -m agent` be the same program as `rollcall`."""

from agent.cli import main

if __name__ == "__main__":
    main()
