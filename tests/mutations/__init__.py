"""Mutations: the agent's rules, each broken on purpose, to see that a test fails for it."""
