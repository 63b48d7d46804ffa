"""Signatures, sealed messages and XML, with wechatpy as the judge of what WeChat means by them."""

import base64
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidAppIdException
from wechatpy.utils import check_signature

from bot.wechat.crypto import KeyFormatError, Seal, SealError, is_signed, signature
from bot.wechat.envelope import EnvelopeError, read_fields, sealed_answer, text_answer
from bot.wechat.meaning import read
from tests.wechat.official import APPID, KEY, PERSON, TOKEN, letter, signed

SEAL = Seal(KEY, APPID)
ORACLE = WeChatCrypto(TOKEN, KEY, APPID)
WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=300)


def test_signatures_are_those_of_wechat() -> None:
    """Our signature is accepted by wechatpy, and its by us."""
    check_signature(TOKEN, signature(TOKEN, "1409304348", "xyz"), "1409304348", "xyz")
    assert is_signed(signed(TOKEN, "1", "2"), TOKEN, "1", "2")
    assert not is_signed("", TOKEN, "1", "2")
    assert not is_signed("é" * 40, TOKEN, "1", "2")


@given(WORDS)
def test_wechatpy_opens_what_we_seal(words: str) -> None:
    """A sealed answer is signed and opened by wechatpy as the very words, whatever their length."""
    sealed = SEAL.close(words)
    answer = sealed_answer(sealed, signature(TOKEN, "1409304348", "xyz", sealed), "1409304348", "xyz")
    fields = read_fields(answer.encode())
    assert ORACLE.decrypt_message(answer, fields["MsgSignature"], fields["TimeStamp"], fields["Nonce"]) == words


@given(WORDS)
def test_we_open_what_wechatpy_seals(words: str) -> None:
    """A message that wechatpy sealed is opened as the very words."""
    fields = read_fields(ORACLE.encrypt_message(words, "xyz", "1409304348").encode())
    assert is_signed(fields["MsgSignature"], TOKEN, "1409304348", "xyz", fields["Encrypt"])
    assert SEAL.open(fields["Encrypt"]).decode() == words


def test_a_message_for_another_account_is_not_opened() -> None:
    """The AppID within must be ours; wechatpy is as strict with what we seal for another."""
    other = Seal(KEY, "wx0000000000000000").close("<xml/>")
    with pytest.raises(SealError):
        SEAL.open(other)
    sign = signature(TOKEN, "1", "2", other)
    with pytest.raises(InvalidAppIdException):
        ORACLE.decrypt_message(sealed_answer(other, sign, "1", "2"), sign, "1", "2")


@given(st.binary(max_size=200))
def test_junk_is_not_opened(junk: bytes) -> None:
    """Whatever is sent in the place of a sealed message raises SealError and nothing else."""
    for sealed in (base64.b64encode(junk).decode(), junk.decode("latin-1")):
        with pytest.raises(SealError):
            SEAL.open(sealed)


@pytest.mark.parametrize("key", ["", KEY[:-1], f"{KEY}A", f"{KEY[:-1]}é", f"{KEY[:-1]}=", f"{KEY}\n"])
def test_a_key_of_another_length_is_refused(key: str) -> None:
    """A key has 43 letters and digits."""
    with pytest.raises(KeyFormatError):
        Seal(key, APPID)


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=300))
def test_every_text_can_be_answered_with(words: str) -> None:
    """Markup, the end of CDATA and signs that XML cannot write never break an answer, and nothing else of the text is changed."""
    answer = ElementTree.fromstring(text_answer(PERSON, "]]><x/>", 1, f"]]>{words}]]]>"))
    said = answer.findtext("Content") or ""
    kept = "".join(char for char in words if char in "\t\n" or (char >= " " and char not in "\ufffe\uffff" and char != "\r"))
    assert said.replace("\r", "").replace("\n", "") == f"]]>{kept}]]]>".replace("\n", "")
    assert answer.findtext("FromUserName") == "]]><x/>"


LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "ha"}">' for n in range(9))
HOSTILE = {
    "billion laughs": f"<!DOCTYPE xml [{LAUGHS}]><xml><Content>&a8;</Content></xml>",
    "file": '<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]><xml><Content>&x;</Content></xml>',
    "remote": '<!DOCTYPE xml SYSTEM "http://127.0.0.1:9/x.dtd"><xml/>',
    "parameter entity": '<!DOCTYPE xml [<!ENTITY % x SYSTEM "file:///etc/passwd">%x;]><xml/>',
    "undefined entity": "<xml><Content>&x;</Content></xml>",
    "empty": "",
    "json": '{"xml": 1}',
    "unclosed": "<xml><Content>",
    "another root": "<html></html>",
    "a field twice": "<xml><Content>a</Content><Content>b</Content></xml>",
    "two roots": "<xml></xml><xml></xml>",
    "unknown encoding": '<?xml version="1.0" encoding="nonsense"?><xml></xml>',
    "wide encoding": '<?xml version="1.0" encoding="gbk"?><xml></xml>',
    "control character": "<xml><Content>\x00</Content></xml>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_xml_is_no_message(name: str) -> None:
    """Document types, entities and broken XML raise EnvelopeError, and nothing is fetched or unfolded."""
    with pytest.raises(EnvelopeError):
        read_fields(HOSTILE[name].encode())


@given(st.binary(max_size=300))
def test_junk_is_no_message(junk: bytes) -> None:
    """Random bytes, also within a message, raise EnvelopeError or are read; nothing else happens."""
    for body in (junk, b"<xml>" + junk + b"</xml>", letter(MsgType="text", MsgId="1").replace(b"text", junk)):
        try:
            read(read_fields(body))
        except EnvelopeError:
            continue
