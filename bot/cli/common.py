"""What every command shares: options, settings and packs, printing, and how a wrong request ends."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from bot.langs import LANGS

if TYPE_CHECKING:
    from bot.knowledge import Knowledge
    from bot.settings import Settings
    from bot.speech import Voice
    from bot.store import Store
    from engine import Shelf

A = TypeVar("A")


EXIT_REQUEST = 2
#: A case is small; what is larger is another file.
_MOST_JSON = 256 * 1024
_NO_CATALOGUE = "缺少语言文件 {}，请运行 make install。"


PRINT_OPTIONS = (
    click.option("--format", "form", default="text", show_default=True, type=click.Choice(["text", "json"]), help="How to print it."),
    click.option("--lang", default="zh_CN", show_default=True, type=click.Choice(LANGS), help="Language."),
)


#: Where the store is, for every command that opens it.
DATA_DIR = click.option("--data-dir", type=click.Path(path_type=Path), help="Folder for the store; NENGBAO_DATA_DIR otherwise.")


TOTAL = click.option("--total", help="The bill in yuan.")


#: The facts of a case and how its answer is printed; shared by every command that asks about a bill.
CASE_OPTIONS = (
    click.option("--place", help="Where the person is insured."),
    click.option("--category", help="The person's category."),
    click.option("--facility", help="The hospital's level."),
    TOTAL,
    click.option("--self-funded", help="Out of catalogue, in yuan; absent = unknown."),
    click.option("--first-share", help="First share of class-B items, in yuan."),
    click.option("--on", help="Day of discharge, e.g. 2024-03-05."),
    click.option("--care", help="Kind of care; inpatient unless given."),
    click.option("--age", type=int, help="Age in years."),
    click.option("--registered/--not-registered", default=None, help="Whether the stay was registered (备案)."),
    click.option("--emergency/--no-emergency", default=None, help="Whether it was an emergency."),
    click.option("--insured/--uninsured", default=None, help="Whether the person is insured."),
    click.option("--so-far", "own", metavar="YUAN", help="What the person paid earlier this year, in yuan."),
    click.option("--stays", type=int, help="How many stays of this year came before; beside --so-far."),
    click.option("--expired-ok", is_flag=True, default=None, help="Use rules past their verified day."),
    click.option(
        "--json", "source", type=click.File("r", encoding="utf-8-sig"), help="A whole case as JSON, from a file or - for standard input."
    ),
    *PRINT_OPTIONS,
)


def options(options: Sequence[Callable[..., Any]]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command these options, in this order."""

    def give(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            command = option(command)
        return command

    return give


def case_of(source: Any, facts: dict[str, Any]) -> dict[str, Any]:
    """The case of the options, laid on that of the file when there is one."""
    said = {name: value for name, value in facts.items() if value is not None}
    so_far = {name: said.pop(name) for name in ("own", "stays") if name in said}
    return (_json_case(source) if source else {}) | said | ({"so_far": so_far} if so_far else {})


def answered(lang: str, question: Callable[[], dict[str, Any]], settle: Callable[[dict[str, Any], "Shelf", date], A]) -> "tuple[Voice, A]":
    """The engine's answer to a question, with the voice to tell it; a wrong field ends the command."""
    from bot.china import china_today

    asked = question()
    shelf, voice = shelf_of(read_settings(None)), voice_of(lang)
    with right_fields(voice):
        return voice, settle(asked, shelf, china_today())


@contextmanager
def right_fields(voice: "Voice") -> Iterator[None]:
    """A wrong field within ends the command, with a line for each."""
    from bot.speech import fault_words
    from engine import CaseError

    try:
        yield
    except CaseError as error:
        fail("\n".join(fault_words(voice, fault) for fault in error.faults), EXIT_REQUEST)


def show_answer(form: str, as_json: Callable[[], dict[str, Any]], as_lines: Callable[[], list[str]]) -> None:
    click.echo(json.dumps(as_json(), ensure_ascii=False, indent=2) if form == "json" else "\n".join(as_lines()))


def _json_case(source: Any) -> dict[str, Any]:
    try:
        text = source.read(_MOST_JSON + 1)
        if len(text) > _MOST_JSON:
            fail(f"这个 JSON 太大了，最多 {_MOST_JSON:,} 个字。", EXIT_REQUEST)
        case = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError, InvalidOperation):
        fail("这不是 JSON，请检查格式。", EXIT_REQUEST)
    if not isinstance(case, dict):
        fail('JSON 里要是一个对象，例如 {"place": "anhui-bozhou", …}。', EXIT_REQUEST)
    return case


def read_settings(data_dir: Path | None) -> "Settings":
    from pydantic import ValidationError

    from bot.settings import Settings

    try:
        return Settings(data_dir=data_dir) if data_dir else Settings()
    except ValidationError as error:
        # Only the names: a value may be a secret.
        names = "、".join(f"NENGBAO_{str(detail['loc'][0]).upper()}" for detail in error.errors())
        fail(f"设置的值不能用：{names}。请看 README 里的说明改一改。")


def knowledge_of(settings: "Settings") -> "Knowledge":
    """Everything a talk needs. A command that only settles takes `shelf_of` and `voice_of`, and starts in two thirds of the time."""
    from bot.knowledge import read_knowledge
    from bot.speech import MissingCatalogueError

    with _sound_packs():
        try:
            return read_knowledge(settings.policy_folders())
        except MissingCatalogueError as error:
            fail(_NO_CATALOGUE.format(error))


def shelf_of(settings: "Settings") -> "Shelf":
    """The packs alone, for a command that understands no talk."""
    from bot import resources
    from engine import read_shelf

    with _sound_packs():
        return read_shelf([resources.POLICIES, *settings.policy_folders()])


@contextmanager
def _sound_packs() -> Iterator[None]:
    """A mistake in a pack within ends the command, with a line for each."""
    from engine import PackError

    try:
        yield
    except PackError as error:
        fail(f"规则文件有错，没有启动：\n{error}" if len(error.problems) > 1 else f"规则文件有错，没有启动：{error}")


def voice_of(lang: str) -> "Voice":
    """A voice alone, for a command that has to work without any rules."""
    from bot import resources
    from bot.speech import MissingCatalogueError, Voice

    try:
        return Voice(resources.LOCALES, lang)
    except MissingCatalogueError as error:
        fail(_NO_CATALOGUE.format(error))


def fail(line: str, status: int = 1) -> NoReturn:
    click.echo(line, err=True)
    sys.exit(status)


@contextmanager
def opened_store(settings: "Settings") -> Iterator["Store"]:
    """The store of the settings; one that cannot be opened ends the command."""
    from bot.store import SqliteStore, StoreError

    address = postgres_address(settings)
    try:
        store = SqliteStore(store_path(settings)) if address is None else _postgres(address)
    except StoreError as error:
        fail(_NOT_OPENED.get(error.trouble or "", _CANNOT_WRITE).format(error))
    try:
        yield store
    finally:
        store.close()


def _postgres(address: str) -> "Store":
    check_driver()
    from bot.store.postgres import PostgresStore

    return PostgresStore(address)


def check_driver() -> None:
    """A command that needs PostgreSQL ends where what speaks to it is not installed."""
    from importlib.util import find_spec

    if find_spec("psycopg") is None:
        fail("用 PostgreSQL 要先装好：pip install 'nengbao[postgres]'。")


#: Why the store of talks cannot be opened, by the key of bot.store.trouble, and what to do about it.
_CANNOT_WRITE = "打不开数据文件 {}。请检查文件夹能不能写，或用 --data-dir 换一个。"
_NOT_OPENED = {
    "damaged": "数据文件坏了，没有打开：{}。先用 nengbao store check 看看，再用 nengbao store restore 把备份恢复回来。",
    "full": "磁盘满了，打不开数据文件 {}。请腾出一些地方再试。",
    "read_only": "数据文件只能读、不能写：{}。请检查磁盘和文件的权限，或用 --data-dir 换一个。",
    "unreachable": "连不上 PostgreSQL：{}。请看看它开着没有，地址、用户和口令对不对。",
    "busy": "别的程序占着数据，打不开：{}。等一会儿再试。",
    "fsync_off": "{} 关掉了 fsync，断电会丢掉已经答过的话。请打开它再启动。",
    "not_utf8": "{} 的编码不是 UTF8，存不了中文。请换一个 UTF8 的数据库。",
    "restoring": "正在恢复备份，先别打开：{}。等它做完再试。",
}


def postgres_address(settings: "Settings") -> str | None:
    """The address of the store when it is in PostgreSQL."""
    address = settings.store.get_secret_value() if settings.store else ""
    return address if address.startswith(("postgresql://", "postgres://")) else None


def store_path(settings: "Settings") -> Path:
    """The file of the store; a setting that names none ends the command."""
    if settings.store is None:
        return settings.data_dir / "nengbao.sqlite3"
    address = settings.store.get_secret_value()
    if not address.startswith("sqlite:///"):
        fail("NENGBAO_STORE 要写成 sqlite:///… 或 postgresql://…。")
    return Path(address.removeprefix("sqlite:///"))


def known_place(voice: "Voice", knowledge: "Knowledge", place: Any) -> str:
    """The place for all rows of a table. Ends the command when there are no rules for it."""
    from bot.speech import fault_words
    from engine import Fault

    if place not in knowledge.shelf.places:
        known = ", ".join(sorted(knowledge.shelf.places))
        fail(fault_words(voice, Fault("--place", "unknown_place", {"known": known})), EXIT_REQUEST)
    return str(place)
