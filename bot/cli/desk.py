"""`nengbao desk`: the keys of coordinators' desks, and throwing a desk away."""

import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from bot.cli.common import DATA_DIR, EXIT_REQUEST, fail, knowledge_of, known_place, read_settings

if TYPE_CHECKING:
    from bot.desk import Book, Room


@click.group()
def desk() -> None:
    """The desks of village coordinators. What a desk holds stays on this machine, in a file of its own."""


@desk.group()
def key() -> None:
    """The keys that open a desk."""


@key.command()
@click.argument("name")
@click.option("--who", default="", help="Whose key it is, for the list.")
@DATA_DIR
def add(name: str, who: str, data_dir: Path | None) -> None:
    """Make a key for the desk NAME (a village, an office), which is opened when there is none of that name. The key is shown once."""
    from bot.desk import Keys

    name = name.strip()
    if not name or not name.isprintable():
        fail("桌子要有个名字，比如村名。", EXIT_REQUEST)
    with _room(data_dir) as room:
        made = Keys(room).add(name, who.strip())
    click.echo(made)
    click.echo("钥匙只显示这一次，请交给本人收好。丢了就收回，再发一把新的。", err=True)


@key.command("list")
@DATA_DIR
def list_keys(data_dir: Path | None) -> None:
    """Every key by its number: desk, whose it is, days on which it was made, last used and taken back. The key itself is not kept."""
    from bot.desk import Keys

    with _room(data_dir) as room:
        keys = Keys(room).all()
    for each in keys:
        days = (f"{each.made} 发", f"{each.used} 用过" if each.used else "没用过", f"{each.revoked} 收回" if each.revoked else "")
        click.echo("\t".join((str(each.number), each.desk, each.who, *days)).rstrip())
    if not keys:
        click.echo("还没有发过钥匙。用 nengbao desk key add 村名 发一把。", err=True)


@key.command()
@click.argument("number", type=int)
@DATA_DIR
def revoke(number: int, data_dir: Path | None) -> None:
    """Take the key NUMBER of the list back. It opens nothing from then on; what the desk holds stays."""
    from bot.desk import Keys

    with _room(data_dir) as room:
        done = Keys(room).revoke(number)
    if not done:
        fail(f"没有 {number} 号钥匙，或者已经收回了。用 nengbao desk key list 看看。", EXIT_REQUEST)
    click.echo(f"{number} 号钥匙收回了。")


@desk.command()
@click.argument("name")
@click.argument("source", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--place", help="Where everybody is insured, for a list without that column.")
@click.option("--register", "office", type=click.Choice(["civil", "rural"]), help="It is the monthly register of this office.")
@click.option("--day", help="The day the register holds for, as 2026-11-01.")
@DATA_DIR
def bring(name: str, source: Path, place: str | None, office: str | None, day: str | None, data_dir: Path | None) -> None:
    """Bring a list to the desk NAME: bills to be settled, or the register of an office. FILE is .csv or .xlsx.

    For lists too large to send, such as those of a whole city. Its columns and what is wrong with rows: as on the desk's page.
    """
    from bot.cli.ending import ended_like_ctrl_c, own_words_only

    with _room(data_dir) as room, own_words_only(), ended_like_ctrl_c():
        from bot.desk import Book, Keys

        found = Keys(room).named(name, "命令行")
        if found is None:
            fail(f"没有“{name}”这张桌子。用 nengbao desk key list 看看。", EXIT_REQUEST)
        if office is not None and not _is_day(day):
            fail("台账要写明是哪一天的，比如 --day 2026-11-01。", EXIT_REQUEST)
        try:
            _bring(Book(room, found), source, place, office, day or "")
        except KeyboardInterrupt:
            fail("已停下，名单没有放进去。")


def _bring(book: "Book", source: Path, place: str | None, office: Any, day: str) -> None:
    """Take a list in, and tell what came of it."""
    from bot.cli.progress import Progress
    from bot.desk import Imports, Rosters
    from bot.lists import ENDINGS, Brought, bring
    from bot.lists.reading import names_of

    if source.suffix.lower() not in ENDINGS:
        fail("名单要是 .csv 或 .xlsx 文件。", EXIT_REQUEST)
    knowledge = knowledge_of(read_settings(None))
    voice = knowledge.voice(None)
    place = place and known_place(voice, knowledge, names_of(knowledge).value("place", place))
    kind: Literal["roster", "register"] = "register" if office else "roster"
    brought = Brought(Imports(book).begin(kind, source.name), kind, source.name, _copied(book, source), None, place, office, day)
    bring(book, brought, knowledge, Progress(voice).stage)
    done = Imports(book).one(brought.number)
    if done is None or done.state != "done":
        fail(done.said if done else "名单没有放进去。", EXIT_REQUEST)
    roster = Rosters(book).roster(done.made or 0) if kind == "roster" else None
    for line in roster.lines if roster else (f"{source.name} 放进去了。",):
        click.echo(line)


def _copied(book: "Book", source: Path) -> Path:
    """The list in a folder of its own, as what is sent to the page has one."""
    folder = book.work() / secrets.token_hex(8)
    try:
        folder.mkdir(mode=0o700)
        return Path(shutil.copy(source, folder / f"in{source.suffix.lower()}"))
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        fail(f"读不了 {source}：{error.strerror}。请检查文件在不在、能不能读。", EXIT_REQUEST)


def _is_day(text: str | None) -> bool:
    try:
        return date.fromisoformat(text or "").isoformat() == text
    except ValueError:
        return False


@desk.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@DATA_DIR
def backup(folder: Path, data_dir: Path | None) -> None:
    """Copy all desks and their keys into FOLDER, also while the server runs.

    They are brought back by putting them into `desks/` in the data folder while it does not.
    """
    from bot.cli.ending import ended_like_ctrl_c

    with _room(data_dir) as room, ended_like_ctrl_c():
        files = len(list(room.folder.glob("*.sqlite3")))
        if not files:
            fail("还没有桌子，没有什么可备份。", EXIT_REQUEST)
        try:
            with click.progressbar(length=files, label="备份", file=sys.stderr, width=24) as bar:
                done = room.backup(folder, bar.update)
        except KeyboardInterrupt:
            fail("已停下。已经备份好的文件在那里，别的没有动。")
    click.echo(f"备份好了：{done} 个文件，在 {folder}。")


@desk.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@DATA_DIR
def delete(name: str, yes: bool, data_dir: Path | None) -> None:
    """Throw the desk NAME away: everything it holds, with the trail of who saw what, and take its keys back."""
    from bot.desk import Keys

    if not yes:
        click.confirm(f"“{name}”这张桌子里的名单和记录都会删掉，找不回来。真的要删吗？", abort=True)
    with _room(data_dir) as room:
        number = Keys(room).close_desk(name)
    if number is None:
        fail(f"没有“{name}”这张桌子。用 nengbao desk key list 看看。", EXIT_REQUEST)
    click.echo(f"“{name}”删掉了，它的钥匙也都收回了。")


@contextmanager
def _room(data_dir: Path | None) -> "Iterator[Room]":
    from bot.desk import Room, RoomError

    try:
        yield Room(read_settings(data_dir).data_dir)
    except RoomError as error:
        fail(f"打不开桌子的数据：{error}。请检查文件夹能不能写。")
