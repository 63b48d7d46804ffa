"""The ids by which conversations are known outside: signed, so that what we never gave away is refused before the store is asked.

An id is all that somebody needs to go on with a talk. It holds the conversation's own key and a short keyed hash of it.
"""

import hmac
from base64 import urlsafe_b64encode
from hashlib import blake2b

_BYTES = 12


class Ids:
    """Ids made and read with one secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def id_of(self, key: str) -> str:
        """The id of a conversation by its key."""
        return f"{key}.{self._seal(key)}"

    def key_of(self, conversation: str) -> str | None:
        """The key of a conversation by its id; None for an id that we never gave away."""
        key, _, seal = conversation.rpartition(".")
        return key if hmac.compare_digest(seal.encode(), self._seal(key).encode()) else None

    def _seal(self, key: str) -> str:
        return urlsafe_b64encode(blake2b(key.encode(), key=self._secret, digest_size=_BYTES).digest()).decode()
