"""Reads a message as the answer to a yes-or-no question about a category: 是的, 没人来登记, 监测户早就取消了, 监测户是啥.

Each clause is cut into the pieces that the section `yes_no` of the vocabulary lists. It is only taken for a yes or a no when its pieces are
known: what is not understood is asked again, because the answer decides about money.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from bot.understanding.claims import Claim
from bot.understanding.scope import CLAUSE
from bot.understanding.vocabulary import Vocabulary

FINDER = "finder"

_CATEGORY, _OTHER = "category", "other"
_YES = frozenset({"affirms", "agrees"})
_DENIAL = frozenset({"denies", "ceased"})
_MARKS = _DENIAL | {"doubts"}
_PLAIN = _YES | {"nods", "beside", "person", "name", "papers"}
_NOD = frozenset({"nods", "beside"})
_MENTION = frozenset({_CATEGORY, "beside", "person", "nods"})
_ABOUT = _YES | {_CATEGORY, "matter", "name", "papers"}
_LETTER = re.compile(r"[^\W_]")
_ASKED = re.compile("(?:[过了](?:没有?|不)|[吗么])[ 啊呀]*$")


class Piece(msgspec.Struct, frozen=True):
    """A word of a clause and what kind of word it is; `other` is none of the lists."""

    kind: str
    text: str
    start: int


class Clause(msgspec.Struct, frozen=True):
    """A clause and what it says: yes, no, nod, perhaps, asks, mistaken, mention, unclear, unread or None (something else)."""

    text: str
    start: int
    pieces: Sequence[Piece]
    says: str | None
    questioned: bool

    def has(self, kind: str) -> bool:
        return any(piece.kind == kind for piece in self.pieces)


class Answer(msgspec.Struct, frozen=True):
    """What a message says to the question. `claims`: those of the message that stand, and the answer. `unsure`: it is not known.

    `intent`: why (it was asked back what is meant) or back (an answer before this message was wrong).
    """

    claims: list[Claim]
    unsure: bool = False
    intent: str | None = None


def read_answer(text: str, claims: list[Claim], vocabulary: Vocabulary) -> Answer:
    """The message read as an answer. A category that is named plainly stands; one beside a denial, a doubt or a question does not."""
    if vocabulary.commands.distress.search(text):
        return Answer(claims)
    facts = [claim for claim in claims if claim.slot != _CATEGORY]
    clauses = list(_clauses(text, facts, vocabulary))
    mistaken = max((index for index, clause in enumerate(clauses) if clause.says == "mistaken"), default=-1)
    since = clauses[mistaken].start if mistaken >= 0 else 0
    named = [claim for claim in claims if claim.slot == _CATEGORY and claim.start >= since and _is_plain(claim, clauses)]
    if named:
        return Answer([*facts, *named])
    if mistaken >= 0 and not any(_answers(clause) for clause in clauses[:mistaken]):
        return Answer(facts, intent="back")
    return _answered(facts, clauses[mistaken + 1 :])


def _answers(clause: Clause) -> bool:
    return clause.says in {"yes", "no", "nod", "perhaps"} or clause.has(_CATEGORY)


def _answered(facts: list[Claim], clauses: Sequence[Clause]) -> Answer:
    said = [clause.says for clause in clauses]
    if "asks" in said:
        return Answer(facts, intent="why")
    if "perhaps" in said:
        return Answer(facts, unsure=True)
    if "unclear" in said:
        return Answer(facts)
    plain = [clause for clause in clauses if clause.says in {"yes", "no"}]
    if "unread" in said and "yes" in said:
        return Answer(facts)
    if "no" in said:
        return Answer(facts if _is_contradictory(plain) else [*facts, _claim("false", plain[-1])])
    if not plain and said and set(said) == {"nod"}:
        plain = list(clauses)
    return Answer([*facts, *(_claim("true", clause) for clause in plain[:1])])


def _is_contradictory(plain: Sequence[Clause]) -> bool:
    """没有，有 and 有，不是; but not 对，没有 and 登记过，后来取消了."""
    last = plain[-1]
    taken_back = last.has("ceased") and not last.has("denies")
    return last.says == "yes" or (not taken_back and any(clause.says == "yes" and clause.has("affirms") for clause in plain))


def _claim(value: str, clause: Clause) -> Claim:
    return Claim(FINDER, (value,), clause.text.strip(), clause.start, clause.start + len(clause.text))


def _clauses(text: str, facts: Sequence[Claim], vocabulary: Vocabulary) -> Iterator[Clause]:
    for match in CLAUSE.finditer(text):
        pieces = list(_pieces(match[0], match.start(), vocabulary))
        if pieces:
            tells = any(match.start() <= fact.start < match.end() for fact in facts)
            says = None if tells else _says(match[0], pieces, vocabulary)
            yield Clause(match[0], match.start(), pieces, says, text.startswith("?", match.end()))


def _pieces(clause: str, start: int, vocabulary: Vocabulary) -> Iterator[Piece]:
    """The known words, the longest at each place, and what stands between them; punctuation is left out."""
    end = 0
    for match, kinds in vocabulary.yes_no.find(clause):
        if _LETTER.search(clause, end, match.start()):
            yield Piece(_OTHER, clause[end : match.start()], start + end)
        yield Piece(kinds[0], match[0], start + match.start())
        end = match.end()
    if _LETTER.search(clause, end):
        yield Piece(_OTHER, clause[end:], start + end)


def _says(clause: str, pieces: Sequence[Piece], vocabulary: Vocabulary) -> str | None:
    kinds = [piece.kind for piece in pieces]
    told = next((kind for kind in ("mistaken", "asks") if kind in kinds), None)
    if told:
        return told
    if vocabulary.sense.unsure.search(clause):
        others = (words for slot, words in vocabulary.unsure_of.items() if slot != _CATEGORY)
        return None if any(words.search(clause) for words in others) else "perhaps"
    if "unclear" in kinds or _ASKED.search(clause):
        return "unclear"
    mark = next((index for index, kind in enumerate(kinds) if kind in _MARKS), None)
    return _without_mark(kinds) if mark is None else _with_mark(pieces, kinds, mark)


def _without_mark(kinds: Sequence[str]) -> str | None:
    """没 and 好像 do not stand in the clause: 是的, 俺妈有, 在名单上; but not 有个儿子."""
    if _MENTION.issuperset(kinds) and _CATEGORY in kinds:
        return "mention"
    if _NOD.issuperset(kinds) and "nods" in kinds:
        return "nod"
    yes = next((index for index, kind in enumerate(kinds) if kind in _YES), None)
    if yes is None or not _PLAIN.issuperset(kinds):
        return None
    after = kinds[yes:]
    return "yes" if "person" not in after or "name" in after else None


def _with_mark(pieces: Sequence[Piece], kinds: Sequence[str], mark: int) -> str:
    """没人来登记 and 好像有: after the mark everything is known; strange words before it need a mark that tells what it is about."""
    strange = _OTHER in kinds[mark:] or (_OTHER in kinds[:mark] and _ABOUT.isdisjoint(kinds[mark:]) and _CATEGORY not in kinds)
    contrasted = kinds[-2] == _CATEGORY and kinds[-1] in _YES if len(kinds) > 1 else False
    if strange or contrasted or _is_denied_twice(pieces):
        return "unread"
    return "perhaps" if "doubts" in kinds else "no"


def _is_denied_twice(pieces: Sequence[Piece]) -> bool:
    """不是没有, 没给取消; but not 没有没有, 没来也没说, 低保没有特困没有."""
    open_denial: Piece | None = None
    for before, piece in zip([None, *pieces], pieces, strict=False):
        if piece.kind == _CATEGORY or piece.text in {"也", "又"}:
            open_denial = None
        elif piece.kind in _DENIAL:
            near = before is open_denial or piece.kind == "ceased"
            if open_denial and near and piece.text != open_denial.text:
                return True
            open_denial = piece
    return False


def _is_plain(claim: Claim, clauses: Sequence[Clause]) -> bool:
    """Whether the category is named as the person's own: not asked back, doubted, denied or only repeated from the question."""
    index = next((index for index, clause in enumerate(clauses) if clause.start <= claim.start < clause.start + len(clause.text)), None)
    if index is None:
        return True
    clause = clauses[index]
    if any(other.says == "no" and other.has("name") and not other.has(_CATEGORY) for other in clauses):
        return False
    if clause.says == "mention":
        following = clauses[index + 1] if index + 1 < len(clauses) else None
        denied = following and following.says == "no" and not following.has(_CATEGORY)
        return not (clause.questioned or denied)
    if clause.says in {"no", "unread"}:
        return _is_affirmed(claim, clause.pieces)
    return clause.says not in {"asks", "perhaps", "unclear"}


def _is_affirmed(claim: Claim, pieces: Sequence[Piece]) -> bool:
    """Beside a denial only 有低保没特困, 不是监测户是低保 and 特困没有低保有 name a category, not 没听谁说是监测户."""
    kinds = [piece.kind for piece in pieces]
    at = next((index for index, piece in enumerate(pieces) if piece.start == claim.start), None)
    if at is None:
        return False
    after = [*kinds[at + 1 :], _CATEGORY]
    if after[0] in _YES and after[1] == _CATEGORY:
        return True
    settled = [kind for kind in kinds[:at] if kind in _DENIAL or kind == _CATEGORY]
    return at > 0 and kinds[at - 1] in _YES and settled[-1:] in ([], [_CATEGORY])
