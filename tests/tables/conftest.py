"""Fixtures of the tests of tables."""

from tests.tables.command import command

__all__ = ["command"]
