"""What the store asks of the database it is kept in. Statements are the same for every database; each value is a `?` in them."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from bot.store.clock import ReadClocks


class Result(Protocol):
    """What a statement came to."""

    @property
    def rowcount(self) -> int:
        """How many rows a statement changed."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """All further rows."""


class Connection(Protocol):
    """One line to a database."""

    def execute(self, query: str, values: tuple[Any, ...] = (), /) -> Result:
        """Run one statement."""


class Database(ABC):
    """A database that is open. One thread writes, another one reads, and neither waits for the other."""

    #: Where it is, to be told to people; never a password.
    name: str
    clocks: ReadClocks
    #: What reading and writing may raise.
    errors: tuple[type[Exception], ...]

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Connection]:
        """What is written within it is kept whole when it is left, and not at all when it raises. No other program writes meanwhile."""

    @abstractmethod
    def reading(self) -> Connection:
        """The line of the thread that reads."""

    @abstractmethod
    def changes(self) -> int:
        """How many rows were changed since it was opened."""

    @abstractmethod
    def trouble_of(self, error: Exception) -> str | None:
        """Which trouble an error shows, a key of bot.store.trouble; None for one that is not about the database."""

    @abstractmethod
    def is_alone(self, role: str) -> bool:
        """Whether of all programs on this database ours has a role; it is taken when nobody has it, and kept until the program ends.

        To be asked again and again: a line that broke may have lost it.
        """

    def wipe(self) -> bool:
        """Take what was erased out of where it still lies unreachable. Whether nothing is left of it."""
        return True

    def first_damage(self, _hand_over: Callable[[Callable[[], None]], None]) -> Exception | None:
        """What is wrong with the way it is built. `hand_over` gets what ends the look early; then nothing was found."""
        return None

    @abstractmethod
    def close(self) -> None:
        """Let go of everything."""
