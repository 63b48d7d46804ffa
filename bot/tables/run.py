"""Where the expression of all plans runs: Polars unless said, DuckDB by choice. Both take blocks of bills and give them back settled."""

from collections.abc import Sequence
from typing import Any, Literal, Protocol

import ibis
import polars as pl
from polars.io.plugins import register_io_source

from engine.columns import Plans, settled_columns

Engine = Literal["polars", "duckdb"]


class Runner(Protocol):
    """Settles blocks of bills by the plans it was made for."""

    def settle(self, bills: pl.DataFrame) -> pl.DataFrame:
        """The bills in their order: `row`, then what `settled_columns` gives."""


def runner(engine: Engine, plans: Plans, telling: Sequence[str], amounts: Sequence[str]) -> Runner:
    """An engine made ready for these plans; `telling` names the parts of keys that bills come with, `amounts` their amounts."""
    bills = pl.Schema({"row": pl.Int64, **dict.fromkeys(telling, pl.Int16), **dict.fromkeys(amounts, pl.Int64)})
    return PolarsRunner(plans, bills) if engine == "polars" else DuckRunner(plans, bills)


class PolarsRunner:
    """The expression is compiled once; each block is handed to it as its source."""

    def __init__(self, plans: Plans, schema: pl.Schema) -> None:
        self._bills = pl.DataFrame(schema=schema)
        source = register_io_source(self._source, schema=schema, is_pure=False)
        connection = ibis.polars.connect({"bills": source})
        self._settled: pl.LazyFrame = connection.compile(settled_columns(connection.table("bills"), plans, ["row"]))

    def _source(self, wanted: list[str] | None, predicate: Any, rows: int | None, batch: int | None) -> Any:  # noqa: ARG002 - polars' form
        yield self._bills.select(wanted) if wanted else self._bills

    def settle(self, bills: pl.DataFrame) -> pl.DataFrame:
        self._bills = bills
        return self._settled.collect()


class DuckRunner:
    """The expression as SQL, run over each block."""

    def __init__(self, plans: Plans, schema: pl.Schema) -> None:
        self._connection = ibis.duckdb.connect()
        self._connection.raw_sql("SET preserve_insertion_order = true")
        bills = ibis.table({name: str(dtype).lower() for name, dtype in schema.items()}, name="bills")
        self._sql = str(ibis.to_sql(settled_columns(bills, plans, ["row"]), dialect="duckdb"))

    def settle(self, bills: pl.DataFrame) -> pl.DataFrame:
        raw = self._connection.con
        raw.register("bills", bills.to_arrow())
        return pl.DataFrame(pl.from_arrow(raw.sql(self._sql).to_arrow_table()))
