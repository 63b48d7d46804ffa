"""No reader of what comes from outside fails by anything but its own error: mutations of what it can read, and what once broke one."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.parsers import SENT, TARGETS, Target

pytestmark = pytest.mark.xdist_group("parsers")

#: Where one feeding costs much, fewer.
_EXAMPLES = {"talk": 12, "question": 30, "frame": 40, "pack": 25, "pack_values": 40}
_CASE = '{"place": "anhui-bozhou", "category": "ordinary", "facility": "county", "total": %s}'

#: Digits that are no number, where a sheet refers to something; and a part whose name is said to be UTF-8 and is none.
NO_NUMBERS = (("²", "0", "0"), ("2", "²", "0"), ("2", "0", "²"), ("2", "9" * 5_000, "0"))
NO_NAME = bytearray(TARGETS["xlsx"].seeds[0])
NO_NAME[NO_NAME.index(b"PK\1\2") + 9] |= 8
NO_NAME[NO_NAME.index(b"PK\1\2") + 46] = 0xFF

#: What was found by `make fuzz`, and by looking where it could not.
BROKEN: list[tuple[str, bytes]] = [
    *((name, b'{"type": "turn", "message_id": 1e1000000000000000000}') for name in ("turn", "question", "frame")),
    *(
        ("question", (_CASE % total).encode())
        for total in ("1e999999", "1e999999999999", "-1e999999999999", "1e-999999999999", '"1e999999"')
    ),
    *(("pack", text) for text in (b"[" * 200_000, b"[" * 500 + b"]" * 500, b"- " * 200_000, b"{" * 400 + b"x", b"a" * (2 << 20))),
    *(
        ("update", json.dumps({"update_id": 1, "message": SENT | wrong}).encode())
        for wrong in ({"text": 5}, {"entities": 1}, {"text": [], "photo": 1})
    ),
]


@st.composite
def _fed(draw: st.DrawFn, target: Target) -> bytes:
    """A seed in which some places hold something else."""
    data = draw(st.sampled_from(target.seeds))
    for _ in range(draw(st.integers(0, 5))):
        at, cut = draw(st.integers(0, len(data))), draw(st.integers(0, 12))
        data = data[:at] + draw(st.one_of(st.sampled_from(target.words or (b"",)), st.binary(max_size=6))) + data[at + cut :]
    return data


@pytest.mark.parametrize("name", TARGETS)
def test_no_reader_fails_by_an_error_that_is_not_its_own(name: str) -> None:
    """Whatever its seeds are changed to, a reader reads it or turns it away, and what it read holds."""
    target = TARGETS[name]

    @settings(max_examples=_EXAMPLES.get(name, 100))
    @given(_fed(target))
    def feed(data: bytes) -> None:
        target.feed(data)

    feed()


@pytest.mark.parametrize(("name", "data"), BROKEN, ids=lambda value: "" if isinstance(value, bytes) else value)
def test_what_once_broke_a_reader_is_turned_away(name: str, data: bytes) -> None:
    """Exponents that no number here can have, files of brackets alone, updates that are none: each ends in the reader's own error."""
    TARGETS[name].feed(data)
