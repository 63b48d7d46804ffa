"""`serve` and `talk`: the conversation through its doors."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.common import DATA_DIR, EXIT_REQUEST, fail, knowledge_of, opened_store, read_settings
from bot.langs import LANGS

if TYPE_CHECKING:
    from bot.assistant import Assistant
    from bot.knowledge import Knowledge
    from bot.settings import Settings
    from bot.web.answering import Answering
    from bot.web.serve import Door


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 takes a free one.")
@click.option("--share-port", is_flag=True, help="Let more servers of this machine listen on the port; the system deals out who calls.")
@DATA_DIR
def serve(host: str, port: int, share_port: bool, data_dir: Path | None) -> None:
    """Web chat and API on one address, Telegram when NENGBAO_TELEGRAM_TOKEN is set, and WeChat when NENGBAO_WECHAT_TOKEN is set."""
    from bot.logs import configure_logs
    from bot.web.serve import Address, StartError
    from bot.web.serve import serve as run

    configure_logs()
    settings = read_settings(data_dir)
    with _assistant(settings) as assistant:
        try:
            run(
                assistant,
                settings,
                Address(host, port, share_port),
                lambda address: click.echo(_STARTED.format(address)),
                lambda: _doors(assistant, settings),
                _answering(assistant, settings),
            )
        except StartError as error:
            fail(f"打不开 {error}：{_cause(error)}。换一个端口试试，比如 --port 8081。")


@click.command()
@click.option("--place", help="Where the person is insured, e.g. anhui-bozhou.")
@click.option("--lang", default="zh_CN", show_default=True, type=click.Choice(LANGS), help="Language.")
@click.option("--conversation", help="Go on with an earlier talk.")
@DATA_DIR
def talk(place: str | None, lang: str, conversation: str | None, data_dir: Path | None) -> None:
    """The same conversation in a terminal; reads plain lines from a pipe."""
    from bot.assistant import UnknownConversationError
    from bot.logs import configure_logs
    from bot.store import StoreError
    from bot.terminal import talk as run

    configure_logs()
    with _assistant(read_settings(data_dir)) as assistant:
        _check_place(assistant.knowledge, place)
        try:
            run(assistant, lang, place, conversation)
        except UnknownConversationError:
            fail(f"找不到这段谈话：{conversation}。去掉 --conversation 重新开始。", EXIT_REQUEST)
        except StoreError as error:
            fail(f"存不下来：{error}")
        except OSError as error:
            fail(f"读写不了：{error.strerror}")


_STARTED = "能报 nengbao：{} （Ctrl-C 结束）"


_TELEGRAM = {
    "ready": "Telegram：连上了 @{name}。",
    "waiting": "Telegram：另一台服务器正管着，这一台先等着，那台停了就接上。",
    "bad_token": "Telegram：口令不对，请看看 NENGBAO_TELEGRAM_TOKEN。网页照常用，过一会儿再试。",
    "unreachable": "Telegram：连不上。网页照常用，过一会儿再试。",
    "taken": "Telegram：别处也在收这个机器人的消息，请先停掉那一个。网页照常用，过一会儿再试。",
    "webhook_refused": "Telegram：不接受 NENGBAO_TELEGRAM_WEBHOOK 这个地址。网页照常用，过一会儿再试。",
}


def _doors(assistant: "Assistant", settings: "Settings") -> "list[Door]":
    if settings.telegram_token is None:
        return []
    from bot.telegram import Telegram

    return [Telegram(assistant, settings, lambda what, name: click.echo(_TELEGRAM[what].format(name=name), err=what != "ready"))]


def _answering(assistant: "Assistant", settings: "Settings") -> "list[Answering]":
    if settings.wechat_token is None:
        return []
    if settings.wechat_aes_key is not None and settings.wechat_appid is None:
        fail("微信：有 NENGBAO_WECHAT_AES_KEY，还要有 NENGBAO_WECHAT_APPID。", EXIT_REQUEST)
    from bot.wechat import KeyFormatError, Wechat

    try:
        return [Wechat(assistant, settings)]
    except KeyFormatError:
        fail("微信：NENGBAO_WECHAT_AES_KEY 不对，要照公众号后台的 EncodingAESKey 抄，一共 43 个字母和数字。", EXIT_REQUEST)


@contextmanager
def _assistant(settings: "Settings") -> Iterator["Assistant"]:
    from bot.assistant import Assistant
    from bot.at_desk import Desks
    from bot.desk import Room

    knowledge = knowledge_of(settings)
    with opened_store(settings) as store:
        yield Assistant(knowledge, store, retention_days=settings.retention_days, desks=Desks(Room(settings.data_dir)))


def _check_place(knowledge: "Knowledge", place: str | None) -> None:
    if place is not None and place not in knowledge.shelf.places:
        fail(f"没有 {place} 的规定，现有：{'、'.join(sorted(knowledge.shelf.places))}。", EXIT_REQUEST)


def _cause(error: BaseException) -> str:
    cause = error.__cause__
    return cause.strerror or str(cause) if isinstance(cause, OSError) else str(cause)
