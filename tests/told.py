"""What a text gives away."""

import re
from collections.abc import Iterable


def told(words: Iterable[str], text: str) -> list[str]:
    """The words that stand in a text. Figures count as whole numbers: clocks and the ids of requests have all digits in time."""
    return [word for word in words if re.search(f"(?<![0-9a-f.]){word}(?![0-9a-f])" if word.isdecimal() else re.escape(word), text)]
