"""Tables that leave the desk as files which spreadsheets open, and no cell of which they take for a formula."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from bot.files import no_formula
from bot.lists.reading import in_words
from bot.speech import Voice

Cell = str | Decimal | None
Kind = Literal["text", "money"]


@dataclass(frozen=True, slots=True)
class Table:
    """Columns with what they hold, no two called the same, and rows of cells; money in yuan, None for an empty cell."""

    columns: Sequence[tuple[str, Kind]]
    rows: Sequence[Sequence[Cell]]


def table_csv(table: Table) -> bytes:
    """The table as CSV, with the mark by which Excel knows UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(no_formula(name) for name, _ in table.columns)
    writer.writerows([_plain(cell) for cell in row] for row in table.rows)
    return out.getvalue().encode("utf-8-sig")


def table_xlsx(table: Table, name: str, voice: Voice) -> bytes:
    """The table as an Excel file: money as numbers with two decimals, everything else as text. Raises ListError."""
    with TemporaryDirectory(prefix="nengbao-desk-") as folder, in_words(name, voice):
        import polars as pl

        from bot.tables.writing import write_table

        kinds = {"text": pl.String(), "money": pl.Decimal(15, 2)}
        schema = pl.Schema({column: kinds[kind] for column, kind in table.columns})
        target = Path(folder, "table.xlsx")
        write_table(iter([pl.DataFrame(table.rows, schema, orient="row")]), schema, target)
        return target.read_bytes()


def _plain(cell: Cell) -> str:
    return "" if cell is None else no_formula(cell) if isinstance(cell, str) else str(cell)
