"""`nengbao store`: look after the file in which talks are kept."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from bot.cli.common import (
    DATA_DIR,
    EXIT_REQUEST,
    PRINT_OPTIONS,
    check_driver,
    fail,
    options,
    postgres_address,
    read_settings,
    store_path,
    voice_of,
)
from bot.cli.ending import ended_like_ctrl_c, ignore_ctrl_c

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.speech import Voice
    from bot.store.upkeep import Checked, UpkeepError

LANG = PRINT_OPTIONS[1]
#: What the words of the command itself are the reason of; everything else is not.
_WRONG_REQUESTS = frozenset({"exists", "same_file", "not_a_file", "no_backup"})


@click.group()
def store() -> None:
    """Look after the file in which talks are kept: check it, copy it, bring a copy back. Never shows what talks hold."""


@store.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@DATA_DIR
@options(PRINT_OPTIONS)
def check(file: Path | None, data_dir: Path | None, form: str, lang: str) -> None:
    """Read the whole store, or a copy of it in FILE, and tell what is wrong with it; a server may be using it. Exit status 1: broken."""
    voice, settings = voice_of(lang), read_settings(data_dir)
    address = None if file else postgres_address(settings)
    checked = _check_file(voice, file or store_path(settings)) if address is None else _check_postgres(voice, address)
    if form == "json":
        click.echo(json.dumps(_as_json(voice, checked), ensure_ascii=False, indent=2))
    else:
        for line in _lines(voice, checked):
            click.echo(line)
    sys.exit(1 if checked.problems else 0)


@store.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace FILE when it is there.")
@DATA_DIR
@LANG
def backup(file: Path, force: bool, data_dir: Path | None, lang: str) -> None:
    """Copy the store to FILE as it is at this moment; a server may be using it. The copy is checked before it is called done."""
    from bot.store.upkeep import backup as run

    voice, path = voice_of(lang), _file_of(read_settings(data_dir), lang)
    with _ending(voice, file), _bar(voice, "store.backup.stage") as tick:
        checked = run(path, file, tick, force=force)
    click.echo(f"{voice.say('store.backup.done')} {file}")
    click.echo(_counted(voice, checked))


@store.command()
@click.argument("file", type=click.Path(path_type=Path))
@DATA_DIR
@LANG
def restore(file: Path, data_dir: Path | None, lang: str) -> None:
    """Put the copy in FILE in the place of the store, once no server is using it; what was there is kept under another name."""
    from bot.store.upkeep import restore as run

    voice, path = voice_of(lang), _file_of(read_settings(data_dir), lang)
    with _ending(voice, file), _bar(voice, "store.restore.stage") as tick:
        checked, kept = run(file, path, tick, ignore_ctrl_c)
    click.echo(f"{voice.say('store.restore.done')} {path}")
    click.echo(_counted(voice, checked))
    if kept is not None:
        click.echo(f"{voice.say('store.restore.kept')} {kept}")


def _check_file(voice: "Voice", path: Path) -> "Checked":
    from bot.store.upkeep import check as run

    with _ending(voice, path):
        return run(path)


def _check_postgres(voice: "Voice", address: str) -> "Checked":
    check_driver()
    from bot.store import StoreError
    from bot.store.postgres import check as run
    from bot.store.postgres import where

    try:
        with _ending(voice, where(address)):
            return run(address)
    except StoreError as error:
        fail(f"{voice.say('store.error.unreadable')} {error}")


def _file_of(settings: "Settings", lang: str) -> Path:
    """The file of the store; PostgreSQL has tools of its own for copies, which know more than we do."""
    if postgres_address(settings) is not None:
        fail(voice_of(lang).say("store.error.postgres"), EXIT_REQUEST)
    return store_path(settings)


@contextmanager
def _ending(voice: "Voice", path: Path | str) -> Iterator[None]:
    """What cannot be done ends the command with a line, and so does Ctrl-C; both leave everything as it was."""
    from bot.store.upkeep import UpkeepError

    try:
        with ended_like_ctrl_c():
            yield
    except UpkeepError as error:
        _refuse(voice, error, path)
    except OSError as error:
        fail(f"{voice.say('store.error.system')} {error.filename or path}: {error.strerror}")
    except KeyboardInterrupt:
        ignore_ctrl_c()
        fail(voice.say("store.interrupted"))


def _refuse(voice: "Voice", error: "UpkeepError", path: Path | str) -> NoReturn:
    lines = [f"{voice.say(f'store.error.{error.code}')} {path}"]
    if error.checked is not None:
        lines += _problems(voice, error.checked)
    fail("\n".join(lines), EXIT_REQUEST if error.code in _WRONG_REQUESTS else 1)


@contextmanager
def _bar(voice: "Voice", key: str) -> Iterator[Callable[[int, int], None]]:
    """How far the copy is, on a terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    with click.progressbar(length=1, label=voice.say(key), file=sys.stderr, width=24) as bar:

        def tick(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield tick


def _as_json(voice: "Voice", checked: "Checked") -> dict[str, object]:
    problems = [{"code": code, "count": count, "say": _said(voice, code, count)} for code, count in checked.problems.items()]
    return {"status": "broken" if problems else "ok", "counts": checked.counts, "problems": problems}


def _lines(voice: "Voice", checked: "Checked") -> list[str]:
    counted = [_counted(voice, checked)] if checked.counts else []
    if not checked.problems:
        return [voice.say("store.check.ok"), *counted]
    return [voice.say("store.check.broken"), *_problems(voice, checked), *counted, voice.say("store.check.advice")]


def _problems(voice: "Voice", checked: "Checked") -> list[str]:
    return [f"{code}: {_said(voice, code, count)}" for code, count in checked.problems.items()]


def _said(voice: "Voice", code: str, count: int) -> str:
    return voice.say(f"store.problem.{code}", count=count)


def _counted(voice: "Voice", checked: "Checked") -> str:
    return voice.say("store.counts", **checked.counts)
