"""How talks are written into a row, so that a byte that changed on the disk is noticed and nobody is answered by it."""

import zlib

#: Rows without a seal are older than seals; those are JSON.
_SEAL, _OLD = b"\x01", b"{"
_SUM = 4


class BrokenSealError(Exception):
    """Something is not what was kept."""


def sealed(state: bytes) -> bytes:
    """A state with its checksum before it."""
    return _SEAL + zlib.crc32(state).to_bytes(_SUM) + state


def unsealed(kept: bytes) -> bytes:
    """The state again. Raises BrokenSealError."""
    if kept[:1] == _OLD:
        return kept
    state = kept[1 + _SUM :]
    if kept[: 1 + _SUM] != _SEAL + zlib.crc32(state).to_bytes(_SUM):
        raise BrokenSealError
    return state


def packed(reply: bytes) -> bytes:
    """A reply made small; zlib puts a checksum of its own behind it."""
    return zlib.compress(reply, 1)


def unpacked(kept: bytes) -> bytes:
    """The reply again. Raises BrokenSealError."""
    try:
        return zlib.decompress(kept)
    except zlib.error as error:
        raise BrokenSealError from error
