"""Reads what people write: amounts, hospitals, categories, days, wishes. One function, no guessing.

`Vocabulary.read(path, places)` once, then `understand(text, vocabulary, expecting)` for each message.
"""

from bot.understanding.desk import understand_at_desk
from bot.understanding.reading import understand
from bot.understanding.vocabulary import Vocabulary

__all__ = ["Vocabulary", "understand", "understand_at_desk"]
