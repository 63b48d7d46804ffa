"""How well a table of labelled sentences is understood: `python -m tests.understanding.score TABLE.yaml…`.

Precision: of the facts that were taken, those that the label has; recall: of the label's facts, those that were taken. A wrong amount is
one that was taken and is not the label's.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click

from bot.conversation.hearing import by_place
from bot.knowledge import Knowledge, read_knowledge
from bot.understanding import understand
from engine.yaml_tree import read_tree

AMOUNTS = ("total", "self_funded", "first_share")


class Score(NamedTuple):
    """Facts taken, facts of the labels, those that agree, and sentences with what is wrong about them."""

    taken: int
    labelled: int
    right: int
    wrong_amounts: int
    doubts: int
    doubts_right: int
    faults: list[str]

    def __str__(self) -> str:
        precision, recall = self.right / max(1, self.taken), self.right / max(1, self.labelled)
        doubts = f"doubts {self.doubts_right} of {self.doubts}"
        return f"precision {precision:.3f}, recall {recall:.3f} ({self.labelled} facts), wrong amounts {self.wrong_amounts}, {doubts}"


def labels(row: dict[str, Any]) -> dict[str, Any]:
    """The facts of a labelled sentence; the tables are read without numbers."""
    slots = row.get("slots", {})
    return slots | {"age": int(slots["age"])} if "age" in slots else slots


def score(rows: list[dict[str, Any]], known: Knowledge) -> Score:
    """What comes of a table, each sentence seen from the place that it is said to come from."""
    taken = labelled = right = wrong = doubts = doubts_right = 0
    faults = []
    for row in rows:
        home = row.get("place")
        heard = understand(row["text"], known.vocabulary, row.get("expecting"), row.get("place"))
        heard = by_place(heard, row.get("place"), known.shelf)
        said, label = {name: slot.value for name, slot in heard.slots.items() if name != "who"}, labels(row)
        if said.get("place") == home and "place" not in label:
            said.pop("place", None)  # the place that is known need not be repeated, and may be
        unclear = {doubt.slot: sorted(doubt.candidates) for doubt in heard.ambiguous}
        told = {slot: sorted(candidates) for slot, candidates in row.get("ambiguous", {}).items()}
        agree = {name for name in said if label.get(name) == said[name]}
        wrong_here = [name for name in said if name in AMOUNTS and name not in agree]
        taken, labelled, right, wrong = taken + len(said), labelled + len(label), right + len(agree), wrong + len(wrong_here)
        doubts, doubts_right = doubts + len(told), doubts_right + sum(unclear.get(slot) == each for slot, each in told.items())
        intent = row.get("intent", heard.intent)
        if said != label or unclear != told or intent != heard.intent:
            parts = [f"{said} {unclear} {heard.intent}", f"{label} {told} {intent}"]
            faults.append(f"{'WRONG AMOUNT ' if wrong_here else ''}{row['text']}\n    heard {parts[0]}\n    label {parts[1]}")
    return Score(taken, labelled, right, wrong, doubts, doubts_right, faults)


def main(names: list[str]) -> Iterator[str]:
    """Each table's score, with its faults."""
    known = read_knowledge()
    for name in names:
        found = score(read_tree(Path(name)).data, known)
        yield from found.faults
        yield f"{name}: {found}"


if __name__ == "__main__":
    for line in main(sys.argv[1:]):
        click.echo(line)
