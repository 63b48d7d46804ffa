"""A voice: what it finds in its catalogue, and what it does where nothing stands there."""

import pytest

from bot import resources
from bot.speech import Voice


@pytest.fixture(scope="module", params=["zh_CN", "en"])
def voice(request: pytest.FixtureRequest) -> Voice:
    """The voice of each language."""
    return Voice(resources.LOCALES, request.param)


def test_a_word_may_be_spelled_like_its_key(voice: Voice) -> None:
    """English says "yes" for the key `yes`; that is a word and not a gap in the catalogue."""
    assert voice.has("yes")
    assert voice.worded("value", True) == voice.say("yes")


def test_a_key_without_words_is_refused(voice: Voice) -> None:
    """A key nobody wrote a sentence for is an error, never spoken as it stands."""
    assert not voice.has("no.such.key")
    with pytest.raises(KeyError, match=r"no\.such\.key"):
        voice.say("no.such.key")
