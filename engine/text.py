"""Words that a file brings itself, in the languages that are spoken."""

from engine.cell import PackModel


class Text(PackModel):
    """Words a pack brings itself (a place's name, a document, a note), so that a new place needs no code."""

    zh: str
    en: str
