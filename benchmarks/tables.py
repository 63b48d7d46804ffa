"""Whole tables: `nengbao batch` from Parquet to Parquet, against reading and writing alone.

Reading and writing alone is Polars by itself, streaming the finished table (the columns of the input and those of the result) from one file
into another with the same row groups and the same compression: what no program that settles a table can do without. Both are whole
processes, timed from outside, with their starts; the peak of memory is the kernel's high-water mark of each, read by itself as it ends
(`ru_maxrss` would be no less than what this process held when it started the other).

Bills are log-normal around 5,400 yuan, as hospitals have them, so caps bind for few; one place, all its categories and hospital levels,
the self-funded part known. With `person` every person has four bills on average, over one year.

    python -m benchmarks.tables [--rows N]      one size alone, such as 100,000,000, which is not part of the whole run
"""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import click

from benchmarks.rows import NotRun, Row, Spread, show

GOAL, MOST_MIB, MOST_MIB_PERSON = 1.4, 400, 1024
_BLOCK, _GROUP_ROWS = 500_000, 100_000
_MIB = 1024
CATEGORIES = ("extreme_poverty", "subsistence_allowance", "back_in_poverty", "monitored", "lifted_out", "ordinary")
FACILITIES = ("township", "county", "city", "province", "outside_province")
_COPY = "import polars, sys; polars.scan_parquet(sys.argv[1]).sink_parquet(sys.argv[2], row_group_size={rows}, compression='zstd')\n"
_BATCH = "from bot.cli import main\ntry:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
_PEAK = "print(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0])"


class Run(NamedTuple):
    """One process: seconds, and the peak of its memory in MiB."""

    seconds: float
    mib: float


def run(quick: bool) -> list[Row]:
    """One and ten million independent rows, and 300,000 of people."""
    try:
        import polars  # noqa: F401
    except ImportError as error:
        raise NotRun(f"tables need Polars ({error})") from error
    sizes = (200_000,) if quick else (1_000_000, 10_000_000)
    with TemporaryDirectory(prefix="nengbao-bench-") as folder:
        rows = [row for size in sizes for row in _independent(Path(folder), size, 1 if quick else 3)]
        return [*rows, *_people(Path(folder), 50_000 if quick else 300_000)]


def _independent(folder: Path, size: int, rounds: int) -> Iterator[Row]:
    """The table settled and the finished table copied, in turn."""
    source, settled, copy = folder / "in.parquet", folder / "out.parquet", folder / "copy.parquet"
    write_bills(source, size, person=False)
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(_measured(_BATCH + _PEAK, "batch", str(source), str(settled)))
        theirs.append(_measured(_COPY.format(rows=_GROUP_ROWS) + _PEAK, str(settled), str(copy)))
    ratio = Spread.of([mine.seconds / other.seconds for mine, other in zip(ours, theirs, strict=True)])
    question = f"a table of {size:,} rows, Parquet to Parquet"
    told = (_told(ours), _told(theirs), ratio)
    yield Row.at_most(question, "time against reading and writing alone", told, GOAL if size >= 10**7 else None)
    yield _memory(question, ours, theirs, MOST_MIB)


def _people(folder: Path, size: int) -> Iterator[Row]:
    source, settled = folder / "people.parquet", folder / "people-out.parquet"
    write_bills(source, size, person=True)
    ours = [_measured(_BATCH + _PEAK, "batch", str(source), str(settled))]
    question = f"a table of {size:,} rows with `person`"
    yield Row(question, "sorted, each year settled in order, and put back", f"{_told(ours)}, {size / ours[0].seconds:,.0f} rows/s")
    yield _memory(question, ours, [], MOST_MIB_PERSON)


def _memory(question: str, ours: Sequence[Run], theirs: Sequence[Run], most: int) -> Row:
    peak = max(each.mib for each in ours)
    other = f"{max(each.mib for each in theirs):.0f} MiB" if theirs else ""
    return Row(question, "peak memory", f"{peak:.0f} MiB", other, goal=f"< {most} MiB", ok=peak < most)


def _told(runs: Sequence[Run]) -> str:
    return f"{Spread.of([each.seconds for each in runs]).median:.2f} s"


def _measured(code: str, *command: str) -> Run:
    begun = time.monotonic()
    process = subprocess.run([sys.executable, "-c", code, *command], stdout=subprocess.PIPE, check=False)  # noqa: S603 - ourselves
    seconds = time.monotonic() - begun
    if process.returncode:
        raise RuntimeError(f"exit status {process.returncode}: {' '.join(command)}")
    return Run(seconds, int(process.stdout.split()[-1]) / _MIB)


def write_bills(path: Path, rows: int, *, person: bool) -> None:
    """A table of bills of Bozhou in 2023, the same for the same number of rows."""
    import numpy as np
    import polars as pl
    from polars.io.plugins import register_io_source

    random = np.random.default_rng(1)

    def block(size: int) -> Any:
        total = np.minimum(np.exp(random.normal(13.2, 1.1, size)).astype(np.int64), 9_000_000_000)
        money = {"total": total, "self_funded": (total * random.random(size) * 0.3).astype(np.int64)}
        frame = pl.DataFrame(
            {
                "place": pl.repeat("anhui-bozhou", size, eager=True),
                "on": pl.Series(np.datetime64("2023-01-01") + random.integers(0, 365, size)).cast(pl.Date),
                "category": pl.Series(CATEGORIES).gather(random.integers(0, len(CATEGORIES), size)),
                "facility": pl.Series(FACILITIES).gather(random.integers(0, len(FACILITIES), size)),
                **{name: (pl.Series(fen).cast(pl.Decimal(16, 2)) / 100).cast(pl.Decimal(14, 2)) for name, fen in money.items()},
                "registered": random.random(size) < 0.8,  # noqa: PLR2004 - most are
            }
        )
        return frame.with_columns(person=pl.Series(random.integers(0, max(1, rows // 4), size))) if person else frame

    def blocks(wanted: list[str] | None, *_: object) -> Iterator[Any]:
        for begun in range(0, rows, _BLOCK):
            frame = block(min(_BLOCK, rows - begun))
            yield frame.select(wanted) if wanted else frame

    source = register_io_source(blocks, schema=block(1).schema, is_pure=False)
    source.sink_parquet(path, row_group_size=_GROUP_ROWS, compression="zstd")


@click.command()
@click.option("--rows", default=100_000_000, show_default=True)
@click.option("--folder", type=click.Path(path_type=Path, exists=True), help="Where there is room; the system's own unless given.")
def main(rows: int, folder: Path | None) -> None:
    """Independent rows of one size."""
    with TemporaryDirectory(prefix="nengbao-bench-", dir=folder) as scratch:
        show(list(_independent(Path(scratch), rows, 1)))


if __name__ == "__main__":
    main()
