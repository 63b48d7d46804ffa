"""`nengbao desk`: the keys of coordinators' desks, and throwing a desk away."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.common import DATA_DIR, EXIT_REQUEST, fail, read_settings

if TYPE_CHECKING:
    from bot.desk import Room


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
