"""The judgement of Rollcall: plain functions on frozen values.

Nothing here touches a clock, a socket, a file, the environment or a log: `now` is an argument (in
seconds, from any clock that never goes back), what was read is an argument, and each step returns a
new state together with the decisions that it took and their reasons. `tests/test_imports.py` holds
this package to the pure part of the standard library.
"""
