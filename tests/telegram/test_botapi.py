"""The stand-in for Telegram answers the real python-telegram-bot as Telegram does."""

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from telegram import Bot, BotCommand, InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter
from telegram.ext import AIORateLimiter, ExtBot

from tests.telegram.botapi import UNSUPPORTED, BotApi


@pytest.fixture(autouse=True)
def _new_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the library's two ways to tell a pause, the one it does not warn about."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


@pytest.fixture
def api() -> Iterator[BotApi]:
    """The stand-in, with the chats 7 and 8 open."""
    with BotApi() as running:
        running.meet(7)
        running.meet(8)
        yield running


@pytest.fixture
async def bot(api: BotApi) -> AsyncIterator[Bot]:
    """The library's bot on it."""
    async with Bot(api.token, base_url=f"{api.address}/bot") as opened:
        yield opened


class Hook:
    """A webhook of a test: answers with the statuses given, then 200, and keeps what it was sent."""

    def __init__(self, *statuses: int, pause: float = 0) -> None:
        self.statuses = list(statuses)
        self.pause = pause
        self.updates: list[dict[str, Any]] = []
        self.secrets: set[str | None] = set()
        self.busy: list[int] = []
        self.together: set[tuple[int, ...]] = set()

    async def answer(self, request: web.BaseRequest) -> web.Response:
        update = await request.json()
        self.updates.append(update)
        self.secrets.add(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        chat = update["message"]["chat"]["id"]
        self.busy.append(chat)
        self.together.add(tuple(sorted(self.busy)))
        await asyncio.sleep(self.pause)
        self.busy.remove(chat)
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)


@asynccontextmanager
async def served(hook: Hook) -> AsyncIterator[str]:
    """The hook's address while it listens."""
    application = web.Application()
    application.router.add_post("/hook", hook.answer)
    async with TestServer(application) as server:
        yield str(server.make_url("/hook"))


def keyboard(data: str = "yes") -> InlineKeyboardMarkup:
    """One button."""
    return InlineKeyboardMarkup([[InlineKeyboardButton("是", callback_data=data)]])


def png(width: int = 2, height: int = 2) -> bytes:
    """A black picture."""
    body = zlib.compress((b"\0" * (width + 1)) * height)
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), (b"IDAT", body), (b"IEND", b"")]
    chunks = [struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


async def test_an_offset_forgets_everything_below_it(api: BotApi, bot: Bot) -> None:
    """Updates come again until an offset passes them; a long poll wakes for a new one."""
    first, second = api.write(7, "/start x"), api.write(7, "123")
    assert second == first + 1
    assert [each.update_id for each in await bot.get_updates()] == [first, second]
    assert [each.update_id for each in await bot.get_updates(limit=1)] == [first]
    assert api.acknowledged == set()
    assert [each.update_id for each in await bot.get_updates(offset=second)] == [second]
    assert api.acknowledged == {first}
    poll = asyncio.create_task(bot.get_updates(offset=second + 1, timeout=5))
    await api.until(lambda: second in api.acknowledged)
    third = api.write(8, "你好")
    assert [each.update_id for each in await poll] == [third]


async def test_only_one_poll_at_a_time_and_none_beside_a_webhook(api: BotApi, bot: Bot) -> None:
    """The older poll ends with 409; so does any poll while a webhook is set."""
    async with Bot(api.token, base_url=f"{api.address}/bot") as other:
        older = asyncio.create_task(bot.get_updates(timeout=5))
        await api.until(lambda: api.made("getUpdates"))
        newer = asyncio.create_task(other.get_updates(timeout=5))
        with pytest.raises(Conflict, match="terminated by other"):
            await older
        await other.set_webhook("https://nengbao.example/hook")
        with pytest.raises(Conflict, match="webhook is active"):
            await newer


async def test_allowed_updates_keeps_the_rest_away(api: BotApi, bot: Bot) -> None:
    """Updates of other kinds are not made once the bot has said what it wants."""
    await bot.get_updates(allowed_updates=["message"])
    assert api.edit(7, 1, "不") == 0
    kept = api.write(7, "是")
    assert [each.update_id for each in await bot.get_updates()] == [kept]


async def test_a_webhook_is_tried_until_it_accepts(api: BotApi, bot: Bot) -> None:
    """An update comes with the secret header, again after a 500, and the next of its chat only then."""
    hook = Hook(500, 503)
    async with served(hook) as url:
        await bot.set_webhook(url, secret_token="s3cret", allowed_updates=["message"])
        first, second = api.write(7, "1"), api.write(7, "2")
        await api.until(lambda: api.acknowledged == {first, second})
        assert [each["update_id"] for each in hook.updates] == [first, first, first, second]
        assert hook.secrets == {"s3cret"}
        assert "503" in str((await bot.get_webhook_info()).last_error_message)
        await bot.delete_webhook()
    assert api.pending == []
    assert not (await bot.get_webhook_info()).url


async def test_a_webhook_gets_several_chats_at_once_but_one_update_of_each(api: BotApi, bot: Bot) -> None:
    """Three chats with two updates each: at most two at once, never two of one chat."""
    hook = Hook(pause=0.05)
    async with served(hook) as url:
        await bot.set_webhook(url, max_connections=2)
        made = {api.write(chat, text) for text in "ab" for chat in (7, 8, 9)}
        await api.until(lambda: api.acknowledged == made)
    assert max(len(each) for each in hook.together) == 2
    assert all(len(set(each)) == len(each) for each in hook.together)


async def test_faults_answer_instead_of_working(api: BotApi, bot: Bot) -> None:
    """A 429 carries its pause, a 502 is a network error, and both leave the chat as it was."""
    api.fault("sendMessage", 429, retry_after=3, chat=7)
    api.fault("sendMessage", 502, times=1)
    with pytest.raises(RetryAfter) as error:
        await bot.send_message(7, "一")
    assert error.value.retry_after == timedelta(seconds=3)
    with pytest.raises(NetworkError, match="Bad Gateway"):
        await bot.send_message(7, "二")
    assert api.shown(7) == []
    await bot.send_message(7, "三")
    assert [each.text for each in api.shown(7)] == ["三"]
    assert [each.status for each in api.made("sendMessage")] == [429, 502, 200]


async def test_the_rate_limiter_waits_a_429_out(api: BotApi) -> None:
    """The library's own limiter sends once more after retry_after."""
    async with ExtBot(api.token, base_url=f"{api.address}/bot", rate_limiter=AIORateLimiter(max_retries=1)) as bot:
        api.fault("sendMessage", 429, retry_after=1)
        await bot.send_message(7, "一")
    first, second = api.made("sendMessage")
    assert second.at - first.at > 1


async def test_a_dropped_connection_says_nothing_of_what_was_done(api: BotApi, bot: Bot) -> None:
    """The bot sees the same error whether the message was sent or not."""
    api.drop("sendMessage")
    api.drop("sendMessage", done=True)
    for text in ("没有", "有"):
        with pytest.raises(NetworkError):
            await bot.send_message(7, text)
    assert [each.text for each in api.shown(7)] == ["有"]
    api.down()
    with pytest.raises(NetworkError):
        await bot.send_message(7, "断")
    api.up()
    await bot.send_message(7, "通")
    assert [each.text for each in api.shown(7)] == ["有", "通"]


async def test_closed_chats_are_refused(api: BotApi, bot: Bot) -> None:
    """Blocking gives an update and 403, a deleted chat 400, a wrong token 401."""
    update = Update.de_json(api.update(api.block(7)), bot)
    assert update.my_chat_member is not None
    assert update.my_chat_member.new_chat_member.status == "kicked"
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(7, "在吗")
    api.unblock(7)
    await bot.send_message(7, "在吗")
    api.delete_chat(8)
    with pytest.raises(BadRequest, match=r"(?i)chat not found"):
        await bot.send_message(8, "在吗")
    stranger = Bot("4242:other", base_url=f"{api.address}/bot")
    with pytest.raises(InvalidToken):
        await stranger.get_me()
    await stranger.request.shutdown()


@pytest.mark.parametrize(
    ("text", "more", "reason"),
    [
        ("😀" * 2049, {}, "message is too long"),
        (" \n", {}, "message text is empty"),
        ("一", {"reply_markup": keyboard("能" * 22)}, "button_data_invalid"),
        ("<b>一", {"parse_mode": "HTML"}, "can't parse entities"),
        ("一 < 二", {"parse_mode": "HTML"}, "can't parse entities"),
        ("*一", {"parse_mode": "Markdown"}, "can't parse entities"),
        ("一.", {"parse_mode": "MarkdownV2"}, "can't parse entities"),
    ],
)
async def test_what_telegram_refuses(api: BotApi, bot: Bot, text: str, more: dict[str, Any], reason: str) -> None:
    """Length in UTF-16 units, data in bytes, and markup that closes."""
    with pytest.raises(BadRequest, match=f"(?i){reason}"):
        await bot.send_message(7, text, **more)
    assert api.shown(7) == []


async def test_texts_keep_their_limits_and_marks(api: BotApi, bot: Bot) -> None:
    """The longest text passes, digits stay text, and markup becomes entities."""
    await bot.send_message(7, "😀" * 2048, reply_markup=keyboard("x" * 64))
    await bot.send_message(7, "123")
    await bot.send_message(7, "😀<b>一 &lt; <i>二</i></b>", parse_mode="HTML")
    await bot.send_message(7, r"*一\.* [二](https://a.cn/x)", parse_mode="MarkdownV2")
    long, digits, marked, linked = api.shown(7)
    assert long.keyboard == [[{"text": "是", "callback_data": "x" * 64}]]
    assert (digits.text, marked.text, linked.text) == ("123", "😀一 < 二", "一. 二")
    assert [(each["type"], each["offset"], each["length"]) for each in marked.entities] == [("bold", 2, 5), ("italic", 6, 1)]
    assert [each["type"] for each in linked.entities] == ["bold", "text_link"]


async def test_pictures(api: BotApi, bot: Bot) -> None:
    """A PNG arrives byte for byte; other bytes and a long caption are refused."""
    await bot.send_photo(7, png(), caption="图", reply_markup=keyboard())
    with pytest.raises(BadRequest):
        await bot.send_photo(7, b"GIF89a")
    with pytest.raises(BadRequest, match=r"(?i)caption is too long"):
        await bot.send_photo(7, png(), caption="图" * 1025)
    [shown] = api.shown(7)
    assert (shown.photo, shown.text) == (png(), "图")
    await bot.edit_message_caption(7, shown.message_id, caption="新图")
    assert [(each.text, each.keyboard, each.edited) for each in api.shown(7)] == [("新图", [], True)]


async def test_edits(api: BotApi, bot: Bot) -> None:
    """An edit replaces text and keyboard; the same again, a message that is gone, and a person's are refused."""
    sent = await bot.send_message(7, "一", reply_markup=keyboard())
    await sent.edit_text("二", reply_markup=keyboard())
    with pytest.raises(BadRequest, match="not modified"):
        await sent.edit_text("二", reply_markup=keyboard())
    await sent.edit_reply_markup(None)
    assert [(each.text, each.keyboard) for each in api.shown(7)] == [("二", [])]
    theirs = api.update(api.write(7, "三"))["message"]["message_id"]
    with pytest.raises(BadRequest, match="can't be edited"):
        await bot.edit_message_text("四", 7, theirs)
    await sent.delete()
    with pytest.raises(BadRequest, match="to edit not found"):
        await sent.edit_text("五")
    assert api.shown(7) == []


async def test_presses(api: BotApi, bot: Bot) -> None:
    """A press names the newest message with a keyboard; one on a lost message is inaccessible; an old query is refused."""
    sent = await bot.send_message(7, "一", reply_markup=keyboard())
    await bot.send_message(7, "二")
    api.press(7, "yes")
    api.press(7, "yes", message_id=999)
    found, lost = [each.callback_query for each in await bot.get_updates()]
    assert found is not None
    assert lost is not None
    assert (found.message, found.data) == (sent, "yes")
    assert lost.message is not None
    assert not lost.message.is_accessible
    await found.answer()
    api.expire_queries()
    with pytest.raises(BadRequest, match=r"(?i)query is too old"):
        await lost.answer()


async def test_every_kind_of_message_is_one_the_library_reads(api: BotApi, bot: Bot) -> None:
    """Stickers and the rest parse; a group message can mention the bot and reply to it."""
    for fields in UNSUPPORTED.values():
        api.send(7, **fields)
    api.write(-5, "/cost@nengbao_test_bot 能报多少", kind="group", mention=True, reply_to_bot=True)
    messages = [each.message for each in await bot.get_updates()]
    for name, message in zip(UNSUPPORTED, messages, strict=False):
        assert getattr(message, name), name
    group = messages[-1]
    assert group is not None
    assert group.chat.type == "group"
    assert [group.parse_entity(each) for each in group.entities] == ["@nengbao_test_bot", "/cost@nengbao_test_bot"]
    assert group.reply_to_message is not None
    assert group.reply_to_message.from_user == bot.bot


async def test_the_profile(api: BotApi, bot: Bot) -> None:
    """Commands and descriptions are kept by language, two letters each."""
    await bot.set_my_commands([BotCommand("start", "开始")])
    await bot.set_my_commands([BotCommand("start", "Begin")], language_code="en")
    await bot.set_my_description("能报多少", language_code="zh")
    await bot.set_chat_menu_button()
    assert {language: each[0]["description"] for language, each in api.commands.items()} == {"": "开始", "en": "Begin"}
    assert await bot.get_my_commands(language_code="en") == (BotCommand("start", "Begin"),)
    assert api.descriptions == {"zh": "能报多少"}
    with pytest.raises(BadRequest, match="language code"):
        await bot.set_my_commands([BotCommand("start", "x")], language_code="zh-hans")
