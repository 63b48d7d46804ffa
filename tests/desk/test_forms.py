"""Whatever a form for a list holds, it is a list or a sentence that says why not."""

from contextlib import suppress

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.knowledge import Knowledge
from bot.lists import ListError
from bot.web.desk.forms import list_of, read_parts

HEAD = b'--edge\r\nContent-Disposition: form-data; name="'
PIECES = st.sampled_from(
    [
        *(b"--edge", b"--edge--", b"\r\n", b"\r\n\r\n", b'"', b";", b"=", b"name", b"filename*=utf-8''%ff%", b'filename="a.csv"', b"file"),
        *(
            b"Content-Disposition: form-data; ",
            b"Content-Transfer-Encoding: base64",
            b"Content-Type: multipart/mixed; boundary=x",
            b"pasted",
        ),
        *(b"Content-Transfer-Encoding: quoted-printable", b"charset=nothing", b"\x00", b"\xff\xfe", "名单".encode(), b"a\tb\n1\t2"),
    ]
)


@settings(max_examples=300)
@given(st.lists(PIECES, max_size=25), st.binary(max_size=200), st.sampled_from(["edge", "", '"', "edge; charset=x", "\u00e9dge", "e" * 80]))
@example([HEAD, b'file"; filename="a.csv"\r\n\r\n', b"a,b\r\n1,2\r\n--edge--\r\n"], b"", "edge")
@example([HEAD, b'file"; filename="a.csv"\r\nContent-Transfer-Encoding: base64\r\n\r\n', b"%%%\r\n--edge--\r\n"], b"", "edge")
def test_a_form_is_read_or_refused(knowledge: Knowledge, pieces: list[bytes], rest: bytes, boundary: str) -> None:
    """Broken parts, other encodings, parts within parts, boundaries that are none: nothing else ever comes of it."""
    with suppress(ListError):
        parts = read_parts(f"multipart/form-data; boundary={boundary}", b"".join(pieces) + rest)
        sent = list_of(knowledge.voice("zh_CN"), parts, "三月", None)
        assert sent.data
        assert sent.ending in (".csv", ".xlsx")
