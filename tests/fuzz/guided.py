"""The coverage-guided part of `make fuzz`: `python -m tests.fuzz.guided [NAME …] --seconds N`, in the environment that has atheris.

Each reader of parsers.py runs in a process of its own for so long. A crash is written as Python bytes, to become a seed and a test.
"""

import os
import re
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path

import click

_NOTED = re.compile(r"cov: (\d+) ft: (\d+)")
_TOLD = re.compile(r"stat::(\w+):\s+(\d+)")
#: A message has at most 2,000 characters; what is longer than this is longer only.
_LONGEST, _LONGEST_FILE = 4_096, 16_384
_FILES = frozenset({"pack", "csv", "xlsx", "sheet"})
#: No input may take so many seconds or MiB: a text that is read for ever is a crash too.
_SLOWEST, _LARGEST = 20, 3_072


@click.command()
@click.argument("names", nargs=-1)
@click.option("--seconds", default=240, show_default=True, help="How long each reader runs.")
@click.option("--within", is_flag=True, hidden=True, help="This is the process of one reader.")
def main(names: tuple[str, ...], seconds: int, within: bool) -> None:
    """Run the named readers, or all; status 1 when one of them crashed."""
    if within:
        _fuzz(names[0], seconds)
    crashed = [name for name in names or _names() if not _held(name, seconds)]
    sys.exit(1 if crashed else 0)


def _names() -> list[str]:
    from tests.fuzz.parsers import TARGETS

    return list(TARGETS)


def _held(name: str, seconds: int) -> bool:
    """Whether a reader lived through its time; one line about it."""
    command = [sys.executable, "-m", "tests.fuzz.guided", name, "--seconds", str(seconds), "--within"]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    told, noted = dict(_TOLD.findall(done.stderr)), _NOTED.findall(done.stderr)
    covered, features = noted[-1] if noted else ("?", "?")
    click.echo(
        f"{name}: {int(told.get('number_of_executed_units', 0)):,} executions, {covered} edges, {features} features, "
        f"peak {told.get('peak_rss_mb', '?')} MiB, {'no crash' if done.returncode == 0 else f'CRASH (status {done.returncode})'}"
    )
    if done.returncode:
        said = [line for line in f"{done.stdout}\n{done.stderr}".splitlines() if not line.startswith("INFO")]
        click.echo("\n".join(said[-60:]), err=True)
    return done.returncode == 0


def _fuzz(name: str, seconds: int) -> None:
    """Feed one reader until the time is over; ends the process."""
    import atheris

    with atheris.instrument_imports(include=["bot", "engine", "yaml", "openpyxl", "telegram"], enable_loader_override=False):
        from tests.fuzz.parsers import TARGETS

        import_module("bot.tables.xlsx_sheet")  # which is loaded with the first workbook only
    target = TARGETS[name]
    folder = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(target.seeds):
        (corpus / str(number)).write_bytes(seed)
    (folder / "words").write_text("# words\n" + "".join(f'"{_escaped(word)}"\n' for word in target.words or (b"0",)), encoding="ascii")
    os.chdir(folder)
    longest = _LONGEST_FILE if name in _FILES else _LONGEST
    flags = [
        f"-max_total_time={seconds}",
        f"-max_len={longest}",
        f"-timeout={_SLOWEST}",
        f"-rss_limit_mb={_LARGEST}",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *flags, "-dict=words", str(corpus)], target.feed)
    atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    main()
