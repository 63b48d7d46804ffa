"""What WeChat signs and seals: SHA-1 over sorted words, AES-256-CBC around message and account (its "safe" mode)."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

#: The key as WeChat's console shows it: base64 of 32 bytes without its last sign.
_WRITTEN_KEY = re.compile(r"[A-Za-z0-9+/]{43}")
#: WeChat pads to 32 bytes, twice the block of AES.
_BLOCK = 32
_SALT, _LENGTH = 16, 4


class KeyFormatError(ValueError):
    """The AES key is not one that WeChat's console makes."""


class SealError(ValueError):
    """A sealed message cannot be opened, or is for another account."""


def signature(*words: str) -> str:
    """The signature of words that both sides know: token, timestamp, nonce, and the sealed message where there is one."""
    # SHA-1 is what WeChat asks for.
    return hashlib.sha1("".join(sorted(words)).encode()).hexdigest()  # noqa: S324


def is_signed(given: str, *words: str) -> bool:
    """Whether that is their signature; takes the same time for every wrong one."""
    return hmac.compare_digest(given.encode(), signature(*words).encode())


class Seal:
    """Seals and opens messages of one account."""

    def __init__(self, written_key: str, account: str) -> None:
        """`account` is the AppID. Raises KeyFormatError."""
        if not _WRITTEN_KEY.fullmatch(written_key):
            raise KeyFormatError
        key = base64.b64decode(f"{written_key}=")
        self._cipher, self._account = Cipher(AES(key), CBC(key[:16])), account.encode()

    def close(self, message: str) -> str:
        """A message sealed, as base64."""
        said = message.encode()
        plain = secrets.token_bytes(_SALT) + len(said).to_bytes(_LENGTH, "big") + said + self._account
        padding = _BLOCK - len(plain) % _BLOCK
        sealing = self._cipher.encryptor()
        return base64.b64encode(sealing.update(plain + bytes([padding]) * padding) + sealing.finalize()).decode()

    def open(self, sealed: str) -> bytes:
        """The message within. Raises SealError."""
        plain = self._opened(sealed)
        padding = plain[-1]
        if not 1 <= padding <= _BLOCK or plain[-padding:] != bytes([padding]) * padding:
            raise SealError
        start = _SALT + _LENGTH
        end = start + int.from_bytes(plain[_SALT:start], "big")
        if len(plain) - padding < end or not hmac.compare_digest(plain[end:-padding], self._account):
            raise SealError
        return plain[start:end]

    def _opened(self, sealed: str) -> bytes:
        try:
            data = base64.b64decode(sealed, validate=True)
            opening = self._cipher.decryptor()
            plain = opening.update(data) + opening.finalize()
        except (binascii.Error, ValueError) as error:
            raise SealError from error
        if len(plain) < _BLOCK:
            raise SealError
        return plain
