"""Holds tables against single questions: the same rows settled in columns and one by one must come to the same in every fen."""

import random
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import polars as pl

from bot import resources
from bot.knowledge import Knowledge, read_knowledge
from bot.tables.encode import Encoder
from bot.tables.names import FACTS, Names
from bot.tables.run import Engine
from bot.tables.settle import STATUSES, RowReader, Settled, Settler
from engine import LAYERS, Amounts, CaseError, Refusal, Shelf, settle_amounts

ENGINES: tuple[Engine, ...] = ("polars", "duckdb")
_OWN = {"out_of_pocket": "own", "out_of_pocket_low": "low", "out_of_pocket_high": "high", "hospital_borne": "hospital"}


@cache
def knowledge() -> Knowledge:
    """Vocabulary and voices, read once."""
    return read_knowledge()


def names_of(shelf: Shelf) -> Names:
    """The words of tables for a shelf."""
    return Names.read(resources.TABLE_WORDS, knowledge().vocabulary, shelf, tuple(knowledge().voices.values()))


def frame_of(cases: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Cases as a table of text, as a CSV file would bring them."""
    facts = [fact for fact in FACTS if any(fact in case for case in cases)]
    return pl.DataFrame({fact: [_cell(case.get(fact)) for case in cases] for fact in facts}, schema=dict.fromkeys(facts, pl.String))


def settled_in_columns(frame: pl.DataFrame, shelf: Shelf, engine: Engine) -> Settled:
    """The table, settled by an engine."""
    names = names_of(shelf)
    columns = names.columns_of(frame.columns).facts
    reader = RowReader(names, columns, {})
    settler = Settler(shelf, engine, Encoder(shelf, names, columns, {}), reader, LAYERS)
    return next(settled for _, settled in settler.settle([frame]))


def one_by_one(frame: pl.DataFrame, shelf: Shelf) -> Iterator[Amounts | Refusal | None]:
    """Each row as a single question; None for one that is rejected."""
    names = names_of(shelf)
    reader = RowReader(names, names.columns_of(frame.columns).facts, {})
    for row in frame.iter_rows(named=True):
        try:
            yield settle_amounts(reader.case(row), shelf)
        except CaseError:
            yield None


def differences(frame: pl.DataFrame, shelf: Shelf, engines: Sequence[Engine] = ENGINES) -> Iterator[str]:
    """Every row that an engine settles otherwise than the single question does."""
    alone = list(one_by_one(frame, shelf))
    for engine in engines:
        settled = settled_in_columns(frame, shelf, engine)
        for row, answer in enumerate(alone):
            told = _told(settled, row, shelf)
            wanted = _wanted(answer)
            if told != wanted:
                yield f"{engine}: {frame.row(row, named=True)} comes to {told}, alone to {wanted}"


def amount_frames(generator: random.Random, frame: pl.DataFrame) -> pl.DataFrame:
    """The same table with its amounts as numbers of some kind, where all of them can be read as such."""
    kind = generator.choice((pl.String, pl.Float64, pl.Decimal(14, 2), pl.Decimal(20, 4)))
    amounts = [name for name in ("total", "self_funded", "first_share", "fixed_price") if name in frame.columns]
    try:
        return frame.with_columns(pl.col(amounts).cast(kind)) if amounts else frame
    except pl.exceptions.PolarsError:
        return frame


def _cell(value: Any) -> str | None:
    if isinstance(value, bool):
        return "是" if value else "否"
    return None if value is None else str(value)


def _told(settled: Settled, row: int, shelf: Shelf) -> object:
    if not settled.fine[row]:
        return None
    edition = shelf.editions()[settled["edition"][row]].pack.key
    status = STATUSES[settled["status"][row]]
    if status == "refused":
        return edition, status
    paid = {layer: int(settled[f"paid_{layer}"][row]) for layer in LAYERS if settled[f"paid_{layer}"][row]}
    return edition, status, paid, tuple(int(settled[name][row]) for name in _OWN)


def _wanted(answer: Amounts | Refusal | None) -> object:
    if answer is None:
        return None
    edition = f"{answer.policy.place}/{answer.policy.edition}"
    if isinstance(answer, Refusal):
        return edition, "refused"
    paid = {str(layer): amount for layer, amount in answer.payouts.items() if amount}
    return edition, answer.status, paid, tuple(getattr(answer, name) for name in _OWN.values())
