"""What a change of rules does, for the people who keep the rules: figures first, then sample households, as text, Markdown and JSON."""

from collections.abc import Iterator, Sequence
from typing import Any

from bot.speech.policies import figure_json
from bot.speech.voice import Voice
from engine import FATES, FIGURE_KINDS, Diff, Edition, FigureChange, FigureKind, Note, SampleBill, Side, Used, firmness, own_cost, yuan

#: How a pack writes a number of each unit.
_WRITTEN = {"yuan": "{} yuan", "percent": "{}%", "points": "{} points", "factor": "x{}"}

Names = tuple[str, str]


def diff_lines(voice: Voice, answer: Diff, names: Names) -> list[str]:
    """Figures and households as lines under headings; `names` is what the two packs were asked for by."""
    lines = [*_heads(voice, answer, names), "", *_nothing(voice, answer)]
    for kind in FIGURE_KINDS:
        figures = answer.of_kind(kind)
        if figures:
            lines += [_figures_head(voice, kind, figures), *(f"  {_figure_line(voice, figure)}" for figure in figures)]
    lines += [*_other(voice, answer), "", voice.say("diff.households", count=len(answer.households))]
    for fate in FATES:
        households = [household for household in answer.households if household.fate == fate]
        if households:
            lines += [voice.say(f"diff.{fate}.head", count=len(households)), *(f"  {_household(voice, each)}" for each in households)]
    return [*lines, "", *_totals(voice, answer)]


def diff_table(voice: Voice, answer: Diff, names: Names) -> list[str]:
    """The same as Markdown, with a table for each kind of figure and one for the households."""
    lines = [*(f"- {line}" for line in _heads(voice, answer, names)), "", *_nothing(voice, answer)]
    for kind in FIGURE_KINDS:
        figures = answer.of_kind(kind)
        if figures:
            lines += [
                _figures_head(voice, kind, figures),
                "",
                *_table(_figure_heads(voice), (_figure_cells(voice, figure) for figure in figures)),
                "",
            ]
    lines += [*_other(voice, answer), "", voice.say("diff.households", count=len(answer.households)), ""]
    heads = [voice.say(f"diff.column.{name}") for name in ("difference", "household", "hospital", "before", "after")]
    return [*lines, *_table(heads, (_household_cells(voice, each) for each in answer.households)), "", *_totals(voice, answer)]


def diff_json(voice: Voice, answer: Diff, names: Names) -> dict[str, Any]:
    """The same as JSON; money as decimal strings in yuan.

    `figures` by kind (`reason`: only basis, source or note differ), each with the figure before and after. `other`: parts of the pack that
    differ otherwise. `households`: `fate` (gains, loses, same, open, skipped), `difference` after less before (null: only bounds are
    known, or one side does not answer) with `firm` as in a comparison, and both sides. The households are samples, not statistics.
    """
    return {
        "before": _pack(voice, answer.before, names[0]),
        "after": _pack(voice, answer.after, names[1]),
        "figures": {kind: [_figure_json(voice, figure) for figure in answer.of_kind(kind)] for kind in FIGURE_KINDS},
        "other": list(answer.other),
        "households": [_household_json(voice, household) for household in answer.households],
        "totals": {fate: answer.count(fate) for fate in FATES},
        "notice": voice.say("diff.households", count=len(answer.households)),
        "say": " ".join(_totals(voice, answer)),
    }


def _heads(voice: Voice, answer: Diff, names: Names) -> Iterator[str]:
    for side, edition, name in zip(("before", "after"), (answer.before, answer.after), names, strict=True):
        policy = edition.policy
        yield voice.say(f"diff.{side}", name=name, place=policy.name, edition=policy.edition, title=policy.title)


def _nothing(voice: Voice, answer: Diff) -> Iterator[str]:
    if not answer.figures:
        yield voice.say("diff.no_figures")


def _other(voice: Voice, answer: Diff) -> Iterator[str]:
    if answer.other:
        yield voice.say("diff.other", names=", ".join(answer.other))


def _totals(voice: Voice, answer: Diff) -> Iterator[str]:
    counts = {fate: answer.count(fate) for fate in FATES}
    yield voice.say("diff.totals", gains=counts["gains"], loses=counts["loses"], same=counts["same"])
    if counts["open"] or counts["skipped"]:
        yield voice.say("diff.totals.rest", open=counts["open"], skipped=counts["skipped"])


def _figures_head(voice: Voice, kind: FigureKind, figures: Sequence[FigureChange]) -> str:
    return voice.say(f"diff.figures.{kind}", count=len(figures))


def _figure_heads(voice: Voice) -> list[str]:
    return [voice.say(f"diff.column.{name}") for name in ("figure", "before", "after")]


def _figure_line(voice: Voice, change: FigureChange) -> str:
    name, *sides = _figure_cells(voice, change)
    return f"{name:<50}  {' → '.join(side for side in sides if side)}"


def _figure_cells(voice: Voice, change: FigureChange) -> list[str]:
    """Name (both where a layer was divided anew), then what stood before and what stands after: 12000 yuan (stated, article)."""
    before, after = change.before, change.after
    names = dict.fromkeys(figure.name for figure in (before, after) if figure is not None)
    return [" = ".join(names), *(f"{_number(figure)} ({_why(voice, figure, change)})" if figure else "" for figure in (before, after))]


def _why(voice: Voice, figure: Used, change: FigureChange) -> str:
    """Basis and source of a figure, with its note where that is what changed."""
    noted = change.kind == "reason" and change.before and change.after and change.before.note != change.after.note
    return ", ".join([figure.basis, figure.source, *([voice.noted(figure.note) or "-"] if noted else [])])


def _number(figure: Used) -> str:
    if figure.value == "none":
        return figure.value
    ends = f"{figure.low}–{figure.high}" if figure.low is not None else ""
    number = figure.value or ends
    if not number:
        return "-"
    signed = f"+{number}" if figure.unit == "points" and not number.startswith("-") else number
    return _WRITTEN[figure.unit].format(signed) + (f", {ends} yuan" if figure.value and ends else "")


def _table(heads: Sequence[str], rows: Iterator[list[str]]) -> list[str]:
    cells = ([cell.replace("|", "\\|") for cell in row] for row in rows)
    return [f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *cells)]


def _household(voice: Voice, household: SampleBill) -> str:
    if household.fate == "skipped":
        return voice.say("diff.skipped", name=household.sample.name, words=_reasons(voice, household))
    difference, name, facility, before, after = _household_cells(voice, household)
    return voice.say("diff.household", words=difference, name=name, hospital=facility, before_words=before, after_words=after)


def _household_cells(voice: Voice, household: SampleBill) -> list[str]:
    sample, before, after = household.sample, household.before, household.after
    words = _reasons(voice, household) if household.fate == "skipped" else _difference(voice, household)
    renamed = household.fate != "skipped" and before.category != after.category
    name = voice.worded("name", sample.name) + (_renamed(voice, before, after) if renamed else "")
    return [words, name, voice.say(f"facility.{household.facility}"), _own(voice, before), _own(voice, after)]


def _difference(voice: Voice, household: SampleBill) -> str:
    if household.own is None:
        return voice.say("diff.row.open")
    return voice.say(f"diff.row.{household.fate}.{household.firm}", amount=abs(household.own))


def _renamed(voice: Voice, before: Side, after: Side) -> str:
    return voice.say("diff.renamed", was=voice.say(f"category.{before.category}"), now=voice.say(f"category.{after.category}"))


def _own(voice: Voice, side: Side) -> str:
    if side.estimate is None:
        return "-"
    return voice.say(f"diff.own.{firmness(side.estimate)}", amount=own_cost(side.estimate))


def _reasons(voice: Voice, household: SampleBill) -> str:
    """Why a household is left out, told once when both packs give the same reason."""
    notes = {"before": household.before.note, "after": household.after.note}
    reasons = {side: _reason(voice, note) for side, note in notes.items() if note is not None}
    told = set(reasons.values())
    if len(reasons) > 1 and len(told) == 1:
        return voice.say("diff.only.both", words=told.pop())
    return voice.say("semicolon").join(voice.say(f"diff.only.{side}", words=words) for side, words in reasons.items())


def _reason(voice: Voice, note: Note) -> str:
    """A refusal in the few words that a table has room for."""
    short = f"diff.why.{note.key}"
    return voice.say(short, **note.values) if voice.has(short) else voice.note(note)


def _pack(voice: Voice, edition: Edition, name: str) -> dict[str, Any]:
    return {"name": name, "key": edition.pack.key, "title": voice.worded("title", edition.policy.title)}


def _figure_json(voice: Voice, change: FigureChange) -> dict[str, Any]:
    before, after = (figure and figure_json(voice, figure) for figure in (change.before, change.after))
    return {"before": before, "after": after}


def _household_json(voice: Voice, household: SampleBill) -> dict[str, Any]:
    sample = household.sample
    return {
        "name": voice.worded("name", sample.name),
        "category": sample.category,
        "facility": household.facility,
        "care": sample.care,
        "total": yuan(sample.total),
        "self_funded": yuan(sample.self_funded),
        "fate": household.fate,
        "difference": None if household.own is None else yuan(household.own),
        "firm": None if household.fate == "skipped" else household.firm,
        "before": _side(voice, household.before),
        "after": _side(voice, household.after),
        "say": _household(voice, household),
    }


def _side(voice: Voice, side: Side) -> dict[str, Any]:
    answer = side.estimate
    own = answer.out_of_pocket if answer else None
    amounts: dict[str, str] = {}
    if answer is not None and own is not None:
        amounts = {"own": yuan(own_cost(answer)), "low": yuan(own.low), "high": yuan(own.high), "firm": firmness(answer)}
    because = None if side.note is None else _reason(voice, side.note)
    return {"category": side.category, "own": None, "low": None, "high": None, "firm": None, "because": because} | amounts
