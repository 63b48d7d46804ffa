"""The questions about a bill, a year, a household: one command each, printed as text or as the JSON that HTTP gives."""

import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.common import (
    CASE_OPTIONS,
    EXIT_REQUEST,
    PRINT_OPTIONS,
    TOTAL,
    answered,
    case_of,
    fail,
    knowledge_of,
    options,
    read_settings,
    right_fields,
    show_answer,
)

if TYPE_CHECKING:
    from bot.paper import Form
    from bot.speech import Voice
    from engine import Estimate, Found

#: A count with more digits than this is no count of people.
_MOST_DIGITS = 9
#: More than any message may have; the rest of an endless input is not read.
_MOST_READ = 100_000


@click.command()
@options(CASE_OPTIONS)
@click.option("--pdf", type=click.Path(path_type=Path), help="Write the sheet of paper (明白纸) there as well.")
@click.option("--slip", is_flag=True, help="With --pdf: the narrow slip of a pocket printer.")
def estimate(source: Any, form: str, lang: str, pdf: Path | None, slip: bool, **facts: Any) -> None:
    """Estimate one bill. Options are facts of the case; with --json they replace those of the file."""
    from bot.speech import estimate_json, estimate_lines
    from engine import estimate as settle
    from engine import read_case

    voice, answer = answered(lang, partial(case_of, source, facts), lambda case, shelf, today: settle(read_case(case), shelf, today))
    if slip and pdf is None:
        fail(voice.say("paper.slip_alone"), EXIT_REQUEST)
    if pdf is not None:
        _print(voice, answer, pdf, "slip" if slip else "a4")
    show_answer(form, partial(estimate_json, voice, answer), partial(estimate_lines, voice, answer))


def _print(voice: "Voice", answer: "Estimate", path: Path, form: "Form") -> None:
    """Write the sheet of an estimate; what keeps it from being written ends the command."""
    from bot.china import china_today
    from bot.files import write_whole
    from bot.paper import PrintMissingError, sheet_pdf

    try:
        write_whole(path, sheet_pdf(voice, answer, form=form, made=china_today()))
    except PrintMissingError as error:
        fail(voice.say(f"paper.{error.code}", name=error.name))
    except OSError as error:
        fail(voice.say("paper.unwritable", name=str(path), cause=error.strerror or str(error)))


@click.command()
@options(CASE_OPTIONS)
def compare(source: Any, form: str, lang: str, **facts: Any) -> None:
    """The same bill at every level of hospital, and what being registered (备案) is worth."""
    from bot.speech import compare_json, compare_lines
    from engine import compare as settle
    from engine import read_compared

    question = partial(case_of, source, facts)
    voice, answer = answered(lang, question, lambda case, shelf, today: settle(read_compared(case, shelf), shelf, today))
    show_answer(form, partial(compare_json, voice, answer), partial(compare_lines, voice, answer))


@click.command()
@click.option("--from", "before", required=True, help="The earlier edition, e.g. 2017.")
@click.option("--to", "after", required=True, help="The later edition, e.g. 2022.")
@options(CASE_OPTIONS)
def changed(before: str, after: str, source: Any, form: str, lang: str, **facts: Any) -> None:
    """The same bill under two editions of the rules, layer by layer; the day of the case plays no part."""
    from bot.speech import changed_json, changed_lines
    from engine import changed as settle
    from engine import read_changing

    def question() -> dict[str, Any]:
        return {"case": case_of(source, facts), "from": before, "to": after}

    voice, answer = answered(lang, question, lambda raw, shelf, today: settle(read_changing(raw), shelf, today))
    show_answer(form, partial(changed_json, voice, answer), partial(changed_lines, voice, answer))


@click.command()
@options(CASE_OPTIONS)
def year(source: Any, form: str, lang: str, **facts: Any) -> None:
    """The year so far: each settlement, and how far it is to the next threshold. Without --facility and --total the earlier ones alone."""
    from bot.speech import year_ledger_json, year_lines
    from engine import read_year, year_ledger

    question = partial(case_of, source, facts)
    voice, answer = answered(lang, question, lambda case, shelf, today: year_ledger(read_year(case, shelf), shelf, today))
    show_answer(form, partial(year_ledger_json, voice, answer), partial(year_lines, voice, answer))


@click.command()
@click.option("--least", required=True, help="The least it may cost, in yuan.")
@click.option("--most", help="The most it may cost, in yuan; the same unless given.")
@options([option for option in CASE_OPTIONS if option is not TOTAL])
def before(least: str, most: str | None, source: Any, form: str, lang: str, **facts: Any) -> None:
    """Before an admission: what is likely to be paid, how much money to have at hand, and what to arrange."""
    from bot.speech import admission_json, admission_lines
    from engine import plan_admission, read_planned

    def question() -> dict[str, Any]:
        return {"case": case_of(source, facts), "least": least} | ({} if most is None else {"most": most})

    voice, answer = answered(lang, question, lambda raw, shelf, today: plan_admission(read_planned(raw), shelf, today))
    show_answer(form, partial(admission_json, voice, answer), partial(admission_lines, voice, answer))


@click.command("check-bill")
@click.option("--paid", "paid", multiple=True, metavar="LAYER=YUAN", help="What a layer paid by the sheet; repeat.")
@click.option("--own", "person", metavar="YUAN", help="What the person paid by the sheet.")
@click.option("--hospital-borne", metavar="YUAN", help="What the hospital bore by the sheet.")
@options(CASE_OPTIONS)
def check_bill(
    paid: tuple[str, ...], person: str | None, hospital_borne: str | None, source: Any, form: str, lang: str, **facts: Any
) -> None:
    """A real settlement sheet beside the rules, layer by layer, and what may explain a difference."""
    from bot.speech import check_bill_json, check_bill_lines
    from engine import check_bill as settle
    from engine import read_sheet

    def question() -> dict[str, Any]:
        said = {"own": person, "hospital_borne": hospital_borne}
        return {"case": case_of(source, facts)} | {name: value for name, value in said.items() if value is not None}

    voice, answer = answered(lang, question, lambda raw, shelf, today: settle(read_sheet(raw | {"paid": _payouts(paid)}), shelf, today))
    show_answer(form, partial(check_bill_json, voice, answer), partial(check_bill_lines, voice, answer))


@click.command()
@click.option("--place", required=True, help="Where the household is insured.")
@click.option("--year", type=int, help="Year of insurance; the newest that is held unless given.")
@click.option("--member", "members", multiple=True, required=True, metavar="CATEGORY[:COUNT]", help="Who; repeat for other categories.")
@options(PRINT_OPTIONS)
def premium(place: str, year: int | None, members: tuple[str, ...], form: str, lang: str) -> None:
    """What a household pays for a year of insurance, and what the government pays for it (资助参保)."""
    from bot.speech import premium_json, premium_lines
    from engine import premium as charge
    from engine import read_household

    household = {"place": place, "year": year, "members": [_member(text) for text in members]}
    voice, answer = answered(lang, lambda: household, lambda raw, shelf, today: charge(read_household(raw), shelf, today))
    show_answer(form, partial(premium_json, voice, answer), partial(premium_lines, voice, answer))


@click.command()
@click.option("--place", required=True, help="Where the person is insured.")
@click.option("--category", help="The person's category.")
@options(PRINT_OPTIONS)
def guidance(place: str, category: str | None, form: str, lang: str) -> None:
    """What to know, arrange and bring before going to hospital."""
    from bot.speech import guidance_json, guidance_lines
    from engine import guide

    voice, answer = answered(lang, dict, lambda _, shelf, today: guide(place, category, shelf, today))
    show_answer(form, partial(guidance_json, voice, answer), partial(guidance_lines, voice, answer))


@click.command()
@click.option("--place", required=True, help="Where the person is insured.")
@click.option("--on", help="A day, e.g. 2024-03-05: by the rules of that day; the newest ones unless given.")
@click.option("--yes", multiple=True, metavar="CATEGORY", help="A category that applies; repeat for others.")
@click.option("--no", multiple=True, metavar="CATEGORY", help="A category that does not apply; repeat for others.")
@click.option("--unsure", multiple=True, metavar="CATEGORY", help="A category nobody at home is sure of; repeat for others.")
@click.option("--expired-ok", is_flag=True, help="Use rules past their verified day.")
@options(PRINT_OPTIONS)
def category(
    place: str, on: str | None, yes: tuple[str, ...], no: tuple[str, ...], unsure: tuple[str, ...], expired_ok: bool, form: str, lang: str
) -> None:
    """Which category a person belongs to, and the office that confirms it; asks question by question at a terminal."""
    from bot.china import china_today
    from bot.speech import finder_json, finder_lines
    from engine import find, read_finding

    knowledge = knowledge_of(read_settings(None))
    voice = knowledge.voice(lang)

    def follow(answers: Mapping[str, bool | None]) -> "Found":
        finding = read_finding({"place": place, "on": on, "answers": answers, "expired_ok": expired_ok})
        return find(finding, knowledge.finder, knowledge.shelf, china_today())

    with right_fields(voice):
        at_keyboard = sys.stdin is not None and sys.stdin.isatty() and not (yes or no or unsure)
        found = _asked_one_by_one(voice, follow) if at_keyboard else follow(_said({True: yes, False: no, None: unsure}))
    show_answer(form, partial(finder_json, voice, found), partial(finder_lines, voice, found))
    if found.question is not None and form == "text":
        click.echo(voice.say("finder.how", name=found.question.category))


@click.command()
@click.option("--place", help="Where the person is known to be insured.")
@click.argument("text", nargs=-1, required=True)
@options(PRINT_OPTIONS)
def understand(place: str | None, text: tuple[str, ...], form: str, lang: str) -> None:
    """What a message says: facts of a case, what is unclear about them, what it asks for. TEXT may be - for standard input."""
    from bot.one_message import read_said, understood
    from bot.speech import understood_json, understood_lines

    knowledge = knowledge_of(read_settings(None))
    voice = knowledge.voice(lang)
    with right_fields(voice):
        message = understood(read_said({"text": _text(text), "place": place}), knowledge)
    show_answer(form, partial(understood_json, voice, message), partial(understood_lines, voice, message))


def _text(words: tuple[str, ...]) -> str:
    """The words of the command line as one message, or what stands on standard input."""
    if words != ("-",):
        return " ".join(words)
    if sys.stdin is None:
        return ""
    try:
        with click.open_file("-", encoding="utf-8-sig") as given:
            text: str = given.read(_MOST_READ)
    except UnicodeDecodeError:
        fail("读不出字，请用 UTF-8 编码。", EXIT_REQUEST)
    return text.rstrip("\n")


def _member(text: str) -> dict[str, Any]:
    """CATEGORY or CATEGORY:COUNT as the API takes it; a count that is no number is left for the engine to refuse."""
    category, separator, count = text.partition(":")
    whole = count.isascii() and count.isdigit() and len(count) <= _MOST_DIGITS
    return {"category": category} | ({"count": int(count) if whole else count} if separator else {})


def _payouts(paid: Iterable[str]) -> dict[str, str]:
    """The amounts of LAYER=YUAN by layer. Raises CaseError for a layer that is given two amounts."""
    from engine import CaseError, Fault

    amounts: dict[str, str] = {}
    for layer, _, amount in (each.partition("=") for each in paid):
        if amounts.setdefault(layer, amount) != amount:
            raise CaseError([Fault(f"paid.{layer}", "said_twice")])
    return amounts


def _said(given: Mapping[bool | None, tuple[str, ...]]) -> dict[str, bool | None]:
    """The answers of the options by category. Raises CaseError for a category that is answered in two ways."""
    from engine import CaseError, Fault

    answers: dict[str, bool | None] = {}
    for answer, categories in given.items():
        for key in categories:
            if answers.setdefault(key, answer) is not answer:
                raise CaseError([Fault(f"answers.{key}", "said_twice")])
    return answers


def _asked_one_by_one(voice: "Voice", follow: "Callable[[Mapping[str, bool | None]], Found]") -> "Found":
    """Ask at the keyboard until the questions end; leaving (Ctrl-C, Ctrl-D) ends the command.

    What is asked goes to standard error, so that only the result is printed.
    """
    answers: dict[str, bool | None] = {}
    try:
        found = follow(answers)
        if found.question is not None:
            click.echo(voice.say("finder.hint"), err=True)
        while found.question is not None:
            click.echo(voice.worded("asks", found.question.asks), err=True)
            answers[found.question.category] = _one_of_three(voice)
            found = follow(answers)
    except (KeyboardInterrupt, EOFError):
        click.echo(err=True)
        sys.exit(0)
    return found


def _one_of_three(voice: "Voice") -> bool | None:
    """Yes, no or 不知道, by its number or its word; anything else is asked again. Raises EOFError when the keyboard is closed."""
    meant: list[tuple[str, bool | None]] = [(voice.say("yes"), True), (voice.say("no"), False), (voice.say("finder.dont_know"), None)]
    numbered = {str(number): label for number, (label, _) in enumerate(meant, start=1)}
    click.echo("  ".join(voice.say("terminal.choice", number=number, label=label) for number, label in numbered.items()), err=True)
    while True:
        click.echo("> ", nl=False, err=True)
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        said = numbered.get(line.strip(), line.strip())
        for label, answer in meant:
            if said == label:
                return answer
        click.echo(voice.say("finder.again"), err=True)
