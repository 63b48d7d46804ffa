"""`nengbao reports`: the figures that people said are not right."""

import asyncio
import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.common import DATA_DIR, opened_store, read_settings

if TYPE_CHECKING:
    from bot.store import Report


@click.group()
def reports() -> None:
    """The figures that people said are not right, with what they wrote; who they are is not kept."""


@reports.command("list")
@DATA_DIR
def list_reports(data_dir: Path | None) -> None:
    """One line each, the oldest first."""
    found = _reports(data_dir)
    for report in found:
        said = f"{report.figure} {report.value}".strip()
        click.echo(f"{report.at[:10]}\t{report.place}/{report.edition}\t{said}\t{' '.join(report.words.split())}")
    if not found:
        click.echo("还没有人说哪个数不对。", err=True)


@reports.command()
@click.option("--format", "form", default="csv", show_default=True, type=click.Choice(["csv", "json"]), help="How to print it.")
@DATA_DIR
def export(form: str, data_dir: Path | None) -> None:
    """All of them on standard output, as CSV for a spreadsheet or as JSON."""
    rows = [asdict(report) for report in _reports(data_dir)]
    if form == "json":
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    from bot.files import no_formula
    from bot.store import Report

    sys.stdout.write("\ufeff")  # without it a spreadsheet takes the Chinese for something else
    writer = csv.DictWriter(sys.stdout, [field.name for field in fields(Report)], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: no_formula(value) for name, value in row.items()} for row in rows)


def _reports(data_dir: Path | None) -> "Sequence[Report]":
    with opened_store(read_settings(data_dir)) as store:
        return asyncio.run(store.reports())
