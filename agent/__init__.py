"""Rollcall: keeps a clustered database's peers file true, from DNS alone."""

__version__ = "0.1.0"
