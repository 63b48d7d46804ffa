"""How a list goes out: as a file that spreadsheets open, no cell of which they take for a formula."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bot.files import no_formula
from engine import yuan

if TYPE_CHECKING:
    import polars as pl

#: A text, an amount in fen, or nothing.
Cell = str | int | None
_ROWS_AT_ONCE = 5_000
_FEN_PLACES, _MOST_DIGITS = 2, 18


def list_file(headings: Sequence[str], rows: Iterable[Sequence[Cell]], money: Sequence[int], ending: str) -> bytes:
    """A file with an ending (csv or xlsx). `money`: the places of the columns of amounts in fen; all others hold text."""
    with TemporaryDirectory(prefix="nengbao-desk-") as folder:
        path = Path(folder, f"list.{ending}")
        write_list(headings, rows, money, path)
        return path.read_bytes()


def write_list(headings: Sequence[str], rows: Iterable[Sequence[Cell]], money: Sequence[int], path: Path) -> None:
    """The same, written to a path that has the ending, some rows in memory at a time. Raises TableError."""
    if path.suffix == ".xlsx":
        _write_xlsx(headings, rows, frozenset(money), path)
    else:
        _write_csv(headings, rows, path)


def _write_csv(headings: Sequence[str], rows: Iterable[Sequence[Cell]], path: Path) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(map(_plain, headings))
        writer.writerows([_plain(cell) for cell in row] for row in rows)


def _plain(cell: Cell) -> str:
    """An amount as yuan: a sign before one is no formula."""
    return yuan(cell) if isinstance(cell, int) else no_formula(cell or "")


def _write_xlsx(headings: Sequence[str], rows: Iterable[Sequence[Cell]], money: frozenset[int], path: Path) -> None:
    import polars as pl

    from bot.tables.writing import write_table

    schema = pl.Schema(
        {name: pl.Decimal(_MOST_DIGITS, _FEN_PLACES) if at in money else pl.String() for at, name in enumerate(headings)},
    )
    write_table(_frames(schema, iter(rows)), schema, path)


def _frames(schema: "pl.Schema", rows: Iterator[Sequence[Cell]]) -> "Iterator[pl.DataFrame]":
    import polars as pl

    while block := list(islice(rows, _ROWS_AT_ONCE)):
        cells = [[Decimal(yuan(cell)) if isinstance(cell, int) else cell for cell in row] for row in block]
        yield pl.DataFrame(cells, schema=schema, orient="row")
