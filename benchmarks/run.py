"""All benchmarks, one after another: `python -m benchmarks.run [--quick] [--write]`.

Each script gives rows through `run(quick)`; one that cannot run here is listed with the reason. `--write` puts the table, with the machine
and the versions, into RESULTS.md. Exit status 1 when a script failed, 130 after Ctrl-C; goals that are not met change nothing of it.
"""

import os
import platform
import sys
import time
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from benchmarks.rows import NotRun, Row, markdown, show

#: In this order: what is measured in nanoseconds first, while the process is small. `tables` comes from Parquet to Parquet.
SCRIPTS = ("one_case", "understanding", "million", "tables", "http_estimate", "turns", "commits", "idle", "storm", "desk", "import_time")
RESULTS = Path(__file__).with_name("RESULTS.md")
LIBRARIES = ("pydantic", "msgspec", "aiohttp", "uvloop", "numpy", "polars", "duckdb", "ibis-framework", "pyarrow", "OpenFisca-Core")

#: Scripts that broke, by name, with what they said.
Failures = dict[str, str]


@click.command()
@click.option("--quick", is_flag=True, help="Fewer repeats: shows that all of it runs, measures little.")
@click.option("--write", is_flag=True, help="Write benchmarks/RESULTS.md.")
@click.argument("scripts", nargs=-1, type=click.Choice(SCRIPTS))
def main(quick: bool, write: bool, scripts: tuple[str, ...]) -> None:
    """Run all benchmarks, or the named ones."""
    begun = time.monotonic()
    rows: list[Row] = []
    failures: Failures = {}
    try:
        for place, name in enumerate(scripts or SCRIPTS, start=1):
            rows += _script(name, f"[{place}/{len(scripts or SCRIPTS)}]", failures, quick=quick)
    except KeyboardInterrupt:
        click.echo("\nstopped; nothing was written")
        sys.exit(130)
    seconds = time.monotonic() - begun
    missed = sum(row.ok is False for row in rows)
    click.echo(f"{len(rows)} rows in {seconds:.0f} s; goals met: {sum(row.ok is True for row in rows)}, missed: {missed}")
    if write:
        RESULTS.write_text(_report(rows, seconds, quick=quick), encoding="utf-8")
        click.echo(f"written: {RESULTS}")
    for name, said in failures.items():
        click.echo(f"failed: {name}: {said}", err=True)
    sys.exit(1 if failures else 0)


def _script(name: str, place: str, failures: Failures, *, quick: bool) -> list[Row]:
    """The rows of one script, with a line before and after."""
    click.echo(f"{place} {name} …")
    begun = time.monotonic()
    rows = _rows(name, failures, quick=quick)
    show(rows)
    click.echo(f"{place} {name}: {time.monotonic() - begun:.0f} s")
    return rows


def _rows(name: str, failures: Failures, *, quick: bool) -> list[Row]:
    try:
        rows: list[Row] = import_module(f"benchmarks.{name}").run(quick)
    except (NotRun, ImportError) as reason:
        return [Row.not_run(name, str(reason))]
    except Exception as error:  # one script's fault must not take the others' figures along; it is told, and the exit status says it
        failures[name] = f"{type(error).__name__}: {error}"
        return [Row.not_run(name, failures[name])]
    return rows


def _report(rows: list[Row], seconds: float, *, quick: bool) -> str:
    """RESULTS.md."""
    machine = f"{_cpu()}, {os.cpu_count()} cores, {_memory()}, {platform.system()} {platform.release()}"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    libraries = ", ".join(f"{name} {_version(name)}" for name in LIBRARIES)
    lines = [
        "# Benchmarks",
        "",
        f"Written by `python -m benchmarks.run --write`{' with --quick: too few repeats to lean on' if quick else ''}, not by hand.",
        "",
        f"- Day: {datetime.now(UTC).date().isoformat()}; the whole run took {seconds:.0f} s",
        f"- Machine: {machine}",
        f"- {python}; {libraries}",
        f"- Goals met: {sum(row.ok is True for row in rows)}, missed: {sum(row.ok is False for row in rows)}",
        "",
        "Amounts are medians, with the 10th and 90th percentile over the rounds in brackets. A ratio is formed within each round, ours by",
        "theirs unless the goal says otherwise. What each row starts from and includes stands at the head of its script.",
        "",
        markdown(rows),
        "",
    ]
    return "\n".join(lines)


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _memory() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


if __name__ == "__main__":
    main()
