"""What a desk chooses for itself: from which amount to warn, and how long to keep what it no longer needs."""

from bot.desk.book import Book

_TABLE = "CREATE TABLE IF NOT EXISTS choices (name TEXT PRIMARY KEY, value INTEGER NOT NULL, at INTEGER NOT NULL, who TEXT NOT NULL)"


class Choices:
    """The choices of an open desk. Every method raises RoomError; who chooses stands in the desk's trail."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def get(self, name: str) -> int | None:
        """What was chosen; None where nothing was."""
        with self._book.opened([_TABLE]) as kept:
            found = kept.execute("SELECT value FROM choices WHERE name = ?", (name,)).fetchone()
        return int(found[0]) if found else None

    def set(self, name: str, value: int, said: str) -> None:
        """Choose; `said` is how the trail tells it."""
        with self._book.opened([_TABLE]) as kept:
            row = (name, value, self._book.now(), self._book.desk.who)
            kept.execute("INSERT OR REPLACE INTO choices (name, value, at, who) VALUES (?, ?, ?, ?)", row)
            self._book.trace(kept, f"chose.{name}", said)

    def clear(self, name: str, said: str) -> None:
        """Choose nothing any more."""
        with self._book.opened([_TABLE]) as kept:
            kept.execute("DELETE FROM choices WHERE name = ?", (name,))
            self._book.trace(kept, f"chose.{name}", said)
