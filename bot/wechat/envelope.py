"""The XML that WeChat sends and takes. What it sends is read without document types, entities or anything from outside."""

import re
from xml.etree.ElementTree import ParseError

from defusedxml.ElementTree import fromstring

#: A message of WeChat is some hundred bytes; a text has at most 2048.
MOST_BYTES = 64 * 1024
#: What is answered where there is nothing to say.
NOTHING = "success"

#: Characters that XML 1.0 has no way to write.
_UNWRITABLE = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class EnvelopeError(ValueError):
    """Not the XML of a message."""


def read_fields(body: bytes) -> dict[str, str]:
    """The fields of a message by name; what lies deeper is left out. Raises EnvelopeError."""
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, ValueError, LookupError) as error:
        raise EnvelopeError from error
    names = [child.tag for child in root]
    if root.tag != "xml" or len(set(names)) != len(names):
        raise EnvelopeError
    return {child.tag: child.text or "" for child in root}


def text_answer(to: str, sender: str, at: int, words: str) -> str:
    """A passive answer with a text. `at`: seconds since 1970."""
    parts = {"ToUserName": _quoted(to), "FromUserName": _quoted(sender), "CreateTime": str(at), "MsgType": _quoted("text")}
    return _envelope(parts | {"Content": _quoted(words)})


def sealed_answer(sealed: str, signature: str, at: str, nonce: str) -> str:
    """A sealed passive answer."""
    return _envelope({"Encrypt": _quoted(sealed), "MsgSignature": _quoted(signature), "TimeStamp": at, "Nonce": _quoted(nonce)})


def _envelope(fields: dict[str, str]) -> str:
    return f"<xml>{''.join(f'<{name}>{value}</{name}>' for name, value in fields.items())}</xml>"


def _quoted(text: str) -> str:
    """A text as CDATA; one that holds the end of CDATA is cut in two there."""
    return f"<![CDATA[{_UNWRITABLE.sub('', text).replace(']]>', ']]]]><![CDATA[>')}]]>"
