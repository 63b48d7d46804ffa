"""Whatever a form for a list holds, it is a list or a sentence that says why not."""

import asyncio
from contextlib import suppress

import pytest
from aiohttp import MultipartReader, StreamReader
from aiohttp.base_protocol import BaseProtocol
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.web.desk.receiving import NO_FORM, read_form
from bot.web.errors import ApiError

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


@pytest.mark.filterwarnings("ignore::aiohttp.BadContentDispositionHeader", "ignore::aiohttp.BadContentDispositionParam")
@settings(max_examples=300)
@given(st.lists(PIECES, max_size=25), st.binary(max_size=200), st.sampled_from(["edge", "", '"', "edge; charset=x", "\u00e9dge", "e" * 80]))
@example([HEAD, b'file"; filename="a.csv"\r\n\r\n', b"a,b\r\n1,2\r\n--edge--\r\n"], b"", "edge")
@example([HEAD, b'file"; filename="a.csv"\r\nContent-Transfer-Encoding: base64\r\n\r\n', b"%%%\r\n--edge--\r\n"], b"", "edge")
def test_a_form_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], rest: bytes, boundary: str) -> None:
    """Broken parts, other encodings, parts within parts, boundaries that are none: nothing else ever comes of it."""
    folder, fields = tmp_path_factory.mktemp("form"), dict[str, str]()

    async def read() -> None:
        stream = StreamReader(BaseProtocol(asyncio.get_running_loop()), 2**16, loop=asyncio.get_running_loop())
        stream.feed_data(b"".join(pieces) + rest)
        stream.feed_eof()
        reader = MultipartReader({"Content-Type": f"multipart/form-data; boundary={boundary}"}, stream)
        file = await read_form(reader, folder, fields, lambda: None)
        assert file is None or (file.parent, file.suffix in (".csv", ".xlsx", ".other")) == (folder, True)

    with suppress(ApiError, *NO_FORM):
        asyncio.run(read())
    assert all(isinstance(value, str) for value in fields.values())
