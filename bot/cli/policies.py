"""`nengbao policies`: the rule packs, listed, shown, checked, compared."""

import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.common import EXIT_REQUEST, fail, read_settings, shelf_of, show_answer, voice_of
from bot.langs import LANGS

if TYPE_CHECKING:
    from engine import Edition, Shelf


@click.group(invoke_without_command=True)
@click.pass_context
def policies(context: click.Context) -> None:
    """The rule packs."""
    if context.invoked_subcommand is None:
        context.invoke(list_policies)


@policies.command("list")
def list_policies() -> None:
    """All editions: key, name, days covered."""
    for edition in shelf_of(read_settings(None)).editions():
        horizon = edition.policy.horizon
        name = f"{edition.policy.name.zh} {edition.policy.title.zh}"
        click.echo(f"{edition.pack.key}\t{name}\t{horizon.valid_from} – {horizon.verified_until}")


@policies.command()
@click.argument("key", metavar="PLACE/EDITION")
@click.option("--format", "form", default="text", show_default=True, type=click.Choice(["text", "json"]), help="How to print it.")
def show(key: str, form: str) -> None:
    """One edition: every figure with its basis, source and note; the readings that an overlay can choose; the documents."""
    shelf = shelf_of(read_settings(None))
    edition = shelf.find(key)
    if edition is None:
        known = "、".join(edition.pack.key for edition in shelf.editions())
        fail(f"没有 {key} 这一版规定，现有：{known}。", EXIT_REQUEST)
    if form == "json":
        from bot.speech import policy_json

        click.echo(json.dumps(policy_json(voice_of(LANGS[0]), edition), ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(_figure_lines(edition)))


@policies.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
def check(paths: tuple[Path, ...]) -> None:
    """Check packs (files or folders; those in use when none is named) and print every mistake and slip as file:line:column."""
    from bot import resources
    from engine import Edition, PackError, Problem, Shelf, lint, read_edition, read_shelf

    folders = [path for path in paths if path.is_dir()] if paths else [resources.POLICIES, *read_settings(None).policy_folders()]
    files = [path for path in paths if not path.is_dir()]
    number = len(files) + sum(len(list(folder.glob("**/*.yaml"))) for folder in folders)
    if not number:
        fail("没有找到规则文件（.yaml）。", EXIT_REQUEST)
    problems: list[Problem] = []
    found: list[object] = []
    # Overlays of a folder may be for packs of ours.
    reading: list[Callable[[], object]] = [partial(read_edition, file) for file in files]
    if folders:
        reading.append(lambda: read_shelf([resources.POLICIES, *folders]))
    for read in reading:
        try:
            result = read()
        except PackError as error:
            problems += error.problems
        else:
            found += result.editions() if isinstance(result, Shelf) else [result]
    problems += lint([each for each in found if isinstance(each, Edition)])
    for problem in problems:
        click.echo(str(problem), err=True)
    if problems:
        sys.exit(1)
    click.echo(f"{number} 个规则文件都没有问题。")


@policies.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
def cases(paths: tuple[Path, ...]) -> None:
    """Settle hand-worked cases (files of rows) and print every row that comes to something else as file:line:column."""
    from bot.china import china_today
    from engine import PackError, Problem, check_cases

    shelf, today = shelf_of(read_settings(None)), china_today()
    number = 0
    problems: list[Problem] = []
    for path in paths:
        try:
            rows, differences = check_cases(path, shelf, today)
        except PackError as error:
            rows, differences = 0, error.problems
        number += rows
        problems += differences
    for problem in problems:
        click.echo(str(problem), err=True)
    if problems:
        sys.exit(1)
    click.echo(f"{number} 个算例都对得上。")


@policies.command()
@click.option(
    "--format", "form", default="text", show_default=True, type=click.Choice(["text", "json", "markdown"]), help="How to print it."
)
@click.option("--lang", default="zh_CN", show_default=True, type=click.Choice(LANGS), help="Language.")
def coverage(form: str, lang: str) -> None:
    """What the founding documents state, clause by clause, and what answers to it."""
    from bot import resources
    from bot.speech import coverage_json, coverage_lines, coverage_table
    from engine import PackError, read_ledgers

    shelf, voice = shelf_of(read_settings(None)), voice_of(lang)
    try:
        ledgers = read_ledgers(resources.SOURCES, shelf)
    except PackError as error:
        fail(str(error))
    lines = coverage_table if form == "markdown" else coverage_lines
    show_answer(form, partial(coverage_json, voice, ledgers), partial(lines, voice, ledgers))


@policies.command()
@click.argument("first", metavar="BEFORE")
@click.argument("second", metavar="AFTER")
@click.option(
    "--format", "form", default="text", show_default=True, type=click.Choice(["text", "json", "markdown"]), help="How to print it."
)
@click.option("--lang", default="zh_CN", show_default=True, type=click.Choice(LANGS), help="Language.")
def diff(first: str, second: str, form: str, lang: str) -> None:
    """Figures that differ between two packs of one place, and which sample households gain and lose how much.

    BEFORE and AFTER are each PLACE/EDITION of a held pack or the path of a pack file.
    """
    from bot import resources
    from bot.china import china_today
    from bot.speech import diff_json, diff_lines, diff_table
    from engine import PackError, read_samples
    from engine import diff as hold_against

    shelf, voice = shelf_of(read_settings(None)), voice_of(lang)
    try:
        before, after = (_pack(name, shelf) for name in (first, second))
        samples = read_samples(resources.SAMPLES)
    except PackError as error:
        fail(str(error))
    if before.policy.place != after.policy.place:
        fail(f"{first} 是 {before.policy.place} 的，{second} 是 {after.policy.place} 的。只能比同一个地方的两份规则。", EXIT_REQUEST)
    answer = hold_against(before, after, samples, shelf, china_today())
    lines = diff_table if form == "markdown" else diff_lines
    names = (first, second)
    show_answer(form, partial(diff_json, voice, answer, names), partial(lines, voice, answer, names))


def _pack(name: str, shelf: "Shelf") -> "Edition":
    """The pack that a name means: a held one by its key, or else a file. Raises PackError for a file with mistakes."""
    from engine import read_draft

    held = shelf.find(name)
    if held is not None:
        return held
    if not Path(name).is_file():
        known = "、".join(edition.pack.key for edition in shelf.editions())
        fail(f"没有 {name} 这一版规则，也没有这个文件。现有：{known}。", EXIT_REQUEST)
    return read_draft(Path(name))


def _figure_lines(edition: "Edition") -> Iterator[str]:
    from engine import all_figures

    policy = edition.policy
    yield f"{edition.pack.key}  {policy.name.zh} {policy.title.zh}  {policy.horizon.valid_from} – {policy.horizon.verified_until}"
    for figure in all_figures(policy):
        value = f"{figure.low}–{figure.high}" if figure.basis == "range" else figure.value or "-"
        note = f"  # {figure.note.zh}" if figure.note else ""
        yield f"{figure.name:<58} {value:>14} {figure.unit:<8} {figure.basis:<10} {figure.source}{note}"
    for name, choice in policy.choices.items():
        others = "；".join(f"{key}：{other.says.zh}" for key, other in choice.others.items())
        yield f"choose {name}  {choice.says.zh}？{choice.taken.zh}。可以改成 {others}"
    for key, source in policy.sources.items():
        yield f"[{key}] {source.title} {source.number or ''} {source.day or ''} {source.url or ''}".rstrip()
