"""What a message wants: a command, a side question, a correction, an estimate."""

import re

from bot.understanding.vocabulary import Commands

_NOISE = re.compile(r"[\s,，。;!:.…、~“”\"'()\x00\x7f]+")
#: A command in a longer sentence is not a command; nothing longer than this is looked at.
_LONGEST = 24
#: Among other words that carry no fact these are meant as well; deleting is only ever said by itself.
_ALSO_A_PIECE = frozenset({"back", "restart"})


def command(text: str, commands: Commands) -> str | None:
    """The command that the message is, with a please and a 一下 around it at most."""
    words = _NOISE.sub("", text).lower().rstrip("?") or ("?" if "?" in text else "")
    if not words or len(words) > _LONGEST:
        return None
    wish = _peeled(words, commands)
    return wish or _said_in_pieces(text, commands)


def _said_in_pieces(text: str, commands: Commands) -> str | None:
    """The command that all pieces are (从头再来 重新算), or the last (不算了，从头来一遍) or first (上一步，我要重选) one."""
    pieces = [piece for piece in _NOISE.split(text.lower().rstrip("?")) if piece]
    wishes = [_peeled(piece, commands) for piece in pieces] if len(pieces) > 1 else []
    if len(set(wishes)) == 1:
        return wishes[0]
    return next((wish for wish in (wishes[:1] + wishes[-1:]) if wish in _ALSO_A_PIECE), None)


def _peeled(words: str, commands: Commands) -> str | None:
    """Looks the words up, then again with one polite word less in front or behind, until none is left."""
    while words not in commands.exact:
        shorter = _without_one(words, commands)
        if shorter == words or not shorter:
            return None
        words = shorter
    return commands.exact[words]


def _without_one(words: str, commands: Commands) -> str:
    if words.endswith(commands.after):
        return words.removesuffix(next(polite for polite in commands.after if words.endswith(polite)))
    if words.startswith(commands.before):
        return words.removeprefix(next(polite for polite in commands.before if words.startswith(polite)))
    return words


def side_intent(text: str, commands: Commands) -> str:
    """The intent that a message without facts shows by its words."""
    if not commands.any_contained.search(text):
        return "unknown"
    return next((intent for intent, pattern in commands.contains.items() if pattern.search(text)), "unknown")
