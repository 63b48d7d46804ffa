"""The households of a coordinator's desk in words: the one that was noted, those of a day, and some of them side by side.

A phone shows no columns: side by side is a line for each thing that is compared, with all households in it.
"""

from collections.abc import Callable, Sequence
from functools import partial

from bot.conversation.households import Visited
from bot.speech.compare_words import concerns, layer_words, own_words
from bot.speech.people_words import own_together
from bot.speech.voice import Voice
from engine import Estimate, firmness, own_cost


def household_noted_lines(voice: Voice, visited: Visited) -> list[str]:
    """What stands at the desk of the household that was left."""
    return [voice.say("chat.desk.noted", household=_household(voice, visited), words=_own(voice, visited.estimate))]


def household_back_lines(voice: Voice, visited: Visited) -> list[str]:
    """Which household the talk has gone back to."""
    return [voice.say("chat.desk.back", household=_household(voice, visited))]


def household_slip_lines(voice: Voice, visited: Visited) -> list[str]:
    """Whose slip comes with these words."""
    return [voice.say("chat.desk.slip", household=_household(voice, visited))]


def households_lines(voice: Voice, visited: Sequence[Visited]) -> list[str]:
    """A line each household with what it pays, then the sum of those that can be computed."""
    settled = [each.estimate for each in visited if each.estimate is not None]
    lines = [voice.say("chat.desk.list.title", count=len(visited)), *(_line(voice, each) for each in visited)]
    if len(settled) > 1:
        firm, own = own_together(settled)
        words = _up_to(voice, voice.say(f"compare.own.{firm}", amount=own), own, sum(map(_most, settled)))
        lines.append(voice.say("chat.desk.list.together", count=len(settled), words=words))
    lines += [voice.say("settlement_decides")] if settled else []
    return [*lines, voice.say("chat.desk.before")]


def households_compared_lines(voice: Voice, visited: Sequence[Visited]) -> list[str]:
    """Which households, then a line for each thing that is compared: category, hospital, total, each layer, own cost."""
    settled = [(each.number, each.estimate) for each in visited if each.estimate is not None]

    def row(name: str, words: Callable[[Estimate], str]) -> str:
        cells = (voice.say("chat.desk.compare.cell", number=number, words=words(answer)) for number, answer in settled)
        return voice.say("chat.desk.compare.row", name=name, words=voice.say("semicolon").join(cells))

    layers = dict.fromkeys(layer.key for _, answer in settled for layer in answer.layers if concerns(layer))
    return [
        voice.say("chat.desk.compare.title", words=voice.say("semicolon").join(_name(voice, each) for each in visited)),
        *(voice.say("chat.desk.list.not_now", household=_name(voice, each)) for each in visited if each.estimate is None),
        row(voice.say("slot.category"), lambda answer: voice.say(f"category.{answer.case.category}")),
        row(voice.say("slot.facility"), lambda answer: voice.say(f"facility.{answer.case.facility}")),
        row(voice.say("slot.total"), lambda answer: voice.say("paper.amount", amount=answer.case.total)),
        *(row(voice.say(f"layer.{key}"), partial(_layer, voice, key)) for key in layers),
        row(voice.say("desk.column.out_of_pocket"), partial(_compared, voice)),
        voice.say("settlement_decides"),
    ]


def _layer(voice: Voice, key: str, answer: Estimate) -> str:
    return layer_words(voice, next((layer for layer in answer.layers if layer.key == key), None))


def _compared(voice: Voice, answer: Estimate) -> str:
    return _up_to(voice, voice.say(f"chat.desk.compare.{firmness(answer)}", amount=own_cost(answer)), own_cost(answer), _most(answer))


def _line(voice: Voice, visited: Visited) -> str:
    key = "chat.desk.list.not_now" if visited.estimate is None else "chat.desk.list.one"
    return voice.say(key, household=_household(voice, visited), words=_own(voice, visited.estimate))


def _household(voice: Voice, visited: Visited) -> str:
    """第 3 户，老张家（低保）: the category where it is known."""
    name = _name(voice, visited)
    known = visited.category is not None and voice.has(f"category.{visited.category}")
    return voice.say("chat.desk.household.as", name=name, words=voice.say(f"category.{visited.category}")) if known else name


def _name(voice: Voice, visited: Visited) -> str:
    if visited.number is None:
        return visited.label or voice.say("chat.desk.household.this")
    key = "chat.desk.household.called" if visited.label else "chat.desk.household"
    return voice.say(key, number=visited.number, label=visited.label)


def _own(voice: Voice, answer: Estimate | None) -> str:
    return _up_to(voice, own_words(voice, answer), own_cost(answer), _most(answer)) if answer is not None else ""


def _most(answer: Estimate) -> int:
    return max(answer.out_of_pocket.high if answer.out_of_pocket is not None else 0, own_cost(answer))


def _up_to(voice: Voice, words: str, own: int, most: int) -> str:
    """What one pays, with what it may come to where more is possible: where nobody told what is self-funded, it is far more."""
    return voice.say("chat.desk.up_to", words=words, most_amount=most) if most > own else words
