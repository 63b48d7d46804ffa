"""One million bills: the engine's columns against OpenFisca-Core and a loop over the straight-line function.

Every side starts from the same Polars frame in memory (category and facility as text, registered as a boolean, amounts as int64 in fen) and
ends with four whole columns (basic, critical_illness, medical_aid, own). Bringing text into a side's own form is part of its work, since a
table has text. OpenFisca is helped: Polars finds the indexes of its enums, faster than its own encoding does. It is measured twice, with
figures looked up as its documentation teaches and as a patient programmer would do it (`rules/openfisca_system.py`). The sides "from coded
columns" have brought the bills into their own form before the clock runs, so the rule alone is measured: our expression, its formulas.

Files are read and written in `tables.py`, not here.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from benchmarks.rows import NotRun, Row, show
from benchmarks.rules import straight_line
from benchmarks.rules.bills import Answer, Bill, usual
from benchmarks.rules.openfisca_system import System
from benchmarks.timing import interleaved, ratio, told

QUESTION = "a million bills in memory"
ROWS, ROWS_QUICK = 1_000_000, 100_000
#: Ours must be so many times as fast as OpenFisca.
GOAL = 50.0

Columns = tuple[Any, ...]
#: Takes a frame and gives back what is timed.
Side = Callable[[Any], Callable[[], Columns]]

OURS, LINE = "the columns program", "a loop over the straight-line function"
LAYERS, BLOCK = ("basic", "critical_illness", "medical_aid"), 100_000
TUNED, DOCUMENTED = "OpenFisca-Core with numpy look-ups", "OpenFisca-Core as documented"
EXPRESSION, FORMULAS = "the expression from coded columns", "OpenFisca-Core as documented from coded columns"


def _ours_ready(*, coded: bool = False) -> Side:
    """The way of `nengbao batch` without the files: encode, settle in columns, bring together; compiled before the clock runs.

    Fen become the decimals in yuan that a table holds, as part of the work. `coded`: all but the expression is done before the clock runs.
    """
    import numpy

    from bot import resources
    from bot.knowledge import read_knowledge
    from bot.tables.batch import decimals
    from bot.tables.encode import Encoder
    from bot.tables.names import Names
    from bot.tables.run import runner
    from bot.tables.settle import RowReader, Settler, plans_of

    knowledge = read_knowledge()
    names = Names.read(resources.TABLE_WORDS, knowledge.vocabulary, knowledge.shelf, tuple(knowledge.voices.values()))
    columns = {name: name for name in Bill._fields}
    fixed = {"place": "anhui-bozhou"}
    encoder = Encoder(knowledge.shelf, names, columns, fixed)
    settler = Settler(knowledge.shelf, "polars", encoder, RowReader(names, columns, fixed), LAYERS)
    told = (*(f"paid_{layer}" for layer in LAYERS), "out_of_pocket")

    def in_yuan(block: Any) -> Any:
        return block.with_columns(**{name: decimals(block[name].to_numpy()) for name in ("total", "self_funded")})

    def joined(blocks: Iterable[Any]) -> Columns:
        return tuple(numpy.concatenate(column) for column in zip(*([block[name] for name in told] for block in blocks), strict=True))

    def from_text(frame: Any) -> Callable[[], Columns]:
        return lambda: joined(settled for _, settled in settler.settle(map(in_yuan, frame.iter_slices(BLOCK))))

    def from_codes(frame: Any) -> Callable[[], Columns]:
        encoded = [encoder.encode(in_yuan(block)) for block in frame.iter_slices(BLOCK)]
        blocks = [rows.bills.head(rows.settled) for rows in encoded]  # what the ends of ranges come to nobody else works out
        expression = runner("polars", plans_of(encoder.groups), encoder.telling(), encoder.amounts())
        expression.settle(blocks[0])
        return lambda: joined(map(expression.settle, blocks))

    return from_codes if coded else from_text


def run(quick: bool) -> list[Row]:
    """Measure all sides that can run here."""
    try:
        frame = _frame(ROWS_QUICK if quick else ROWS)
    except ImportError as error:
        return [Row.not_run(QUESTION, f"tables need Polars ({error})")]
    sides, missing = _sides(frame)
    not_run = [Row.not_run(QUESTION, f"{name}: {reason}") for name, reason in missing.items()]
    if len(sides) == 1:
        return not_run
    _agree({name: side(frame.head(2_000))() for name, side in sides.items()})
    times = interleaved({name: side(frame) for name, side in sides.items()}, 3 if quick else 5, warm=False)
    return [*_rows(times, frame.height), *not_run]


def _sides(frame: Any) -> tuple[dict[str, Side], dict[str, NotRun]]:
    sides: dict[str, Side] = {LINE: _line_by_line}
    missing: dict[str, NotRun] = {}
    makers = {
        TUNED: _openfisca_ready,
        DOCUMENTED: partial(_openfisca_ready, tuned=False),
        FORMULAS: partial(_openfisca_ready, tuned=False, coded=True),
        OURS: _ours_ready,
        EXPRESSION: partial(_ours_ready, coded=True),
    }
    for name, ready in makers.items():
        try:
            side = ready()
            side(frame.head(100))()
            sides[name] = side
        except NotRun as reason:
            missing[name] = reason
    return sides, missing


def _rows(times: Mapping[str, list[float]], rows: int) -> Iterator[Row]:
    """Ours against each of the others; the loop against OpenFisca, which says what an engine without columns would come to."""
    for mine, theirs in ((OURS, TUNED), (OURS, DOCUMENTED), (EXPRESSION, FORMULAS)):
        if mine in times and theirs in times:
            yield _faster(times, mine, theirs, rows)
    for mine, theirs in ((OURS, LINE), (LINE, TUNED), (LINE, DOCUMENTED)):
        if mine in times and theirs in times:
            measured = (told(times[mine]), told(times[theirs]), ratio(times[mine], times[theirs]))
            yield Row.at_most(QUESTION, f"{rows:,} rows: {mine}, against {theirs}", measured)


def _faster(times: Mapping[str, list[float]], mine: str, theirs: str, rows: int) -> Row:
    """How many times as fast ours is; the goal is written that way round."""
    faster = ratio(times[theirs], times[mine])
    amounts = (told(times[mine]), told(times[theirs]), faster.median, (faster.low, faster.high))
    return Row(QUESTION, f"{rows:,} rows: time of {theirs} by that of {mine}", *amounts, f"≥ {GOAL:g} ×", faster.median >= GOAL)


def _line_by_line(frame: Any) -> Callable[[], Columns]:
    """A loop as anybody writes it, on Python values that Polars hands out, back into columns."""
    import polars as pl

    schema = [(name, pl.Int64) for name in Answer._fields]

    def settle() -> Columns:
        settled = [straight_line.settle(*row) for row in frame.iter_rows()]
        return tuple(pl.DataFrame(settled, schema=schema, orient="row"))

    return settle


def _openfisca_ready(*, tuned: bool = True, coded: bool = False) -> Side:
    """The system made before the clock runs; one simulation settles the whole frame.

    Text goes to OpenFisca as the indexes of its enums, found by Polars; `coded`: before the clock runs.
    """
    system = System(tuned=tuned)
    import polars as pl

    def arrays(frame: Any) -> dict[str, Any]:
        bills = {name: frame[name].to_numpy() for name in ("registered", "total", "self_funded")}
        for name in ("category", "facility"):
            keys = [member.name for member in system.rules.get_variable(name).possible_values]
            codes = frame[name].replace_strict(keys, list(range(len(keys))), return_dtype=pl.Int16)
            bills[name] = codes.to_numpy()
        return bills

    def from_text(frame: Any) -> Callable[[], Columns]:
        return lambda: system.settle_many(arrays(frame))

    def from_codes(frame: Any) -> Callable[[], Columns]:
        return partial(system.settle_many, arrays(frame))

    return from_codes if coded else from_text


def _agree(answers: Mapping[str, Columns]) -> None:
    """No side is measured on wrong answers."""
    right = [[int(amount) for amount in column] for column in answers[LINE]]
    for name, columns in answers.items():
        if [[int(amount) for amount in column] for column in columns] != right:
            raise ValueError(f"{name} settles a bill otherwise than the straight-line function")


def _frame(rows: int) -> Any:
    """The bills as a Polars frame."""
    import polars as pl

    return pl.DataFrame(usual(rows), schema=list(Bill._fields), orient="row")


if __name__ == "__main__":
    show(run(quick=False))
