"""The `nengbao` command. Exit status 0 done, 2 the request is wrong, 1 anything else; imports stay lazy."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

if TYPE_CHECKING:
    from bot.assistant import Assistant, Knowledge
    from bot.settings import Settings
    from bot.speech import Voice
    from bot.web.serve import Door
    from engine import Edition, Found, Shelf

A = TypeVar("A")

EXIT_REQUEST = 2
#: A count with more digits than this is no count of people.
_MOST_DIGITS = 9

_PRINT_OPTIONS = (
    click.option("--format", "form", default="text", show_default=True, type=click.Choice(["text", "json"]), help="How to print it."),
    click.option("--lang", default="zh_CN", show_default=True, type=click.Choice(["zh_CN", "en"]), help="Language."),
)
_TOTAL = click.option("--total", help="The bill in yuan.")
#: The facts of a case and how its answer is printed; shared by every command that asks about a bill.
_CASE_OPTIONS = (
    click.option("--place", help="Where the person is insured."),
    click.option("--category", help="The person's category."),
    click.option("--facility", help="The hospital's level."),
    _TOTAL,
    click.option("--self-funded", help="Out of catalogue, in yuan; absent = unknown."),
    click.option("--first-share", help="First share of class-B items, in yuan."),
    click.option("--on", help="Day of discharge, e.g. 2024-03-05."),
    click.option("--care", help="Kind of care; inpatient unless given."),
    click.option("--age", type=int, help="Age in years."),
    click.option("--registered/--not-registered", default=None, help="Whether the stay was registered (备案)."),
    click.option("--emergency/--no-emergency", default=None, help="Whether it was an emergency."),
    click.option("--insured/--uninsured", default=None, help="Whether the person is insured."),
    click.option("--so-far", "own", metavar="YUAN", help="What the person paid earlier this year, in yuan."),
    click.option("--stays", type=int, help="How many stays of this year came before; beside --so-far."),
    click.option("--expired-ok", is_flag=True, default=None, help="Use rules past their verified day."),
    click.option(
        "--json", "source", type=click.File("r", encoding="utf-8-sig"), help="A whole case as JSON, from a file or - for standard input."
    ),
    *_PRINT_OPTIONS,
)


def _options(options: Sequence[Callable[..., Any]]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command these options, in this order."""

    def give(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            command = option(command)
        return command

    return give


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(package_name="nengbao")
def main() -> None:
    """能报多少: what resident medical insurance pays, told in a conversation."""


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 takes a free one.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder for the store; NENGBAO_DATA_DIR otherwise.")
def serve(host: str, port: int, data_dir: Path | None) -> None:
    """Web chat and API on one address, and Telegram when NENGBAO_TELEGRAM_TOKEN is set."""
    from bot.logs import configure_logs
    from bot.web.serve import StartError
    from bot.web.serve import serve as run

    configure_logs()
    settings = _settings(data_dir)
    with _assistant(settings) as assistant:
        try:
            run(assistant, settings, host, port, lambda address: click.echo(_STARTED.format(address)), lambda: _doors(assistant, settings))
        except StartError as error:
            _fail(f"打不开 {error}：{_cause(error)}。换一个端口试试，比如 --port 8081。")


@main.command()
@click.option("--place", help="Where the person is insured, e.g. anhui-bozhou.")
@click.option("--lang", default="zh_CN", show_default=True, type=click.Choice(["zh_CN", "en"]), help="Language.")
@click.option("--conversation", help="Go on with an earlier talk.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder for the store; NENGBAO_DATA_DIR otherwise.")
def talk(place: str | None, lang: str, conversation: str | None, data_dir: Path | None) -> None:
    """The same conversation in a terminal; reads plain lines from a pipe."""
    from bot.assistant import UnknownConversationError
    from bot.logs import configure_logs
    from bot.store import StoreError
    from bot.terminal import talk as run

    configure_logs()
    with _assistant(_settings(data_dir)) as assistant:
        _check_place(assistant.knowledge, place)
        try:
            run(assistant, lang, place, conversation)
        except UnknownConversationError:
            _fail(f"找不到这段谈话：{conversation}。去掉 --conversation 重新开始。", EXIT_REQUEST)
        except StoreError as error:
            _fail(f"存不下来：{error}")
        except OSError as error:
            _fail(f"读写不了：{error.strerror}")


@main.command()
@_options(_CASE_OPTIONS)
def estimate(source: Any, form: str, lang: str, **facts: Any) -> None:
    """Estimate one bill. Options are facts of the case; with --json they replace those of the file."""
    from bot.speech import estimate_json, estimate_lines
    from engine import estimate as settle
    from engine import read_case

    voice, answer = _answered(lang, partial(_case, source, facts), lambda case, shelf, today: settle(read_case(case), shelf, today))
    _print(form, partial(estimate_json, voice, answer), partial(estimate_lines, voice, answer))


@main.command()
@_options(_CASE_OPTIONS)
def compare(source: Any, form: str, lang: str, **facts: Any) -> None:
    """The same bill at every level of hospital, and what being registered (备案) is worth."""
    from bot.speech import compare_json, compare_lines
    from engine import compare as settle
    from engine import read_compared

    question = partial(_case, source, facts)
    voice, answer = _answered(lang, question, lambda case, shelf, today: settle(read_compared(case, shelf), shelf, today))
    _print(form, partial(compare_json, voice, answer), partial(compare_lines, voice, answer))


@main.command()
@click.option("--from", "before", required=True, help="The earlier edition, e.g. 2017.")
@click.option("--to", "after", required=True, help="The later edition, e.g. 2022.")
@_options(_CASE_OPTIONS)
def changed(before: str, after: str, source: Any, form: str, lang: str, **facts: Any) -> None:
    """The same bill under two editions of the rules, layer by layer; the day of the case plays no part."""
    from bot.speech import changed_json, changed_lines
    from engine import changed as settle
    from engine import read_changing

    def question() -> dict[str, Any]:
        return {"case": _case(source, facts), "from": before, "to": after}

    voice, answer = _answered(lang, question, lambda raw, shelf, today: settle(read_changing(raw), shelf, today))
    _print(form, partial(changed_json, voice, answer), partial(changed_lines, voice, answer))


@main.command()
@_options(_CASE_OPTIONS)
def year(source: Any, form: str, lang: str, **facts: Any) -> None:
    """The year so far: each settlement, and how far it is to the next threshold. Without --facility and --total the earlier ones alone."""
    from bot.speech import year_ledger_json, year_lines
    from engine import read_year, year_ledger

    question = partial(_case, source, facts)
    voice, answer = _answered(lang, question, lambda case, shelf, today: year_ledger(read_year(case, shelf), shelf, today))
    _print(form, partial(year_ledger_json, voice, answer), partial(year_lines, voice, answer))


@main.command()
@click.option("--least", required=True, help="The least it may cost, in yuan.")
@click.option("--most", help="The most it may cost, in yuan; the same unless given.")
@_options([option for option in _CASE_OPTIONS if option is not _TOTAL])
def before(least: str, most: str | None, source: Any, form: str, lang: str, **facts: Any) -> None:
    """Before an admission: what is likely to be paid, how much money to have at hand, and what to arrange."""
    from bot.speech import admission_json, admission_lines
    from engine import plan_admission, read_planned

    def question() -> dict[str, Any]:
        return {"case": _case(source, facts), "least": least} | ({} if most is None else {"most": most})

    voice, answer = _answered(lang, question, lambda raw, shelf, today: plan_admission(read_planned(raw), shelf, today))
    _print(form, partial(admission_json, voice, answer), partial(admission_lines, voice, answer))


@main.command("check-bill")
@click.option("--paid", "paid", multiple=True, required=True, metavar="LAYER=YUAN", help="What a layer paid by the sheet; repeat.")
@click.option("--own", "person", metavar="YUAN", help="What the person paid by the sheet.")
@click.option("--hospital-borne", metavar="YUAN", help="What the hospital bore by the sheet.")
@_options(_CASE_OPTIONS)
def check_bill(
    paid: tuple[str, ...], person: str | None, hospital_borne: str | None, source: Any, form: str, lang: str, **facts: Any
) -> None:
    """A real settlement sheet beside the rules, layer by layer, and what may explain a difference."""
    from bot.speech import check_bill_json, check_bill_lines
    from engine import check_bill as settle
    from engine import read_sheet

    def question() -> dict[str, Any]:
        said = {"own": person, "hospital_borne": hospital_borne}
        lines = {layer: amount for layer, _, amount in (each.partition("=") for each in paid)}
        return {"case": _case(source, facts), "paid": lines} | {name: value for name, value in said.items() if value is not None}

    voice, answer = _answered(lang, question, lambda raw, shelf, today: settle(read_sheet(raw), shelf, today))
    _print(form, partial(check_bill_json, voice, answer), partial(check_bill_lines, voice, answer))


@main.command()
@click.option("--place", required=True, help="Where the household is insured.")
@click.option("--year", type=int, help="Year of insurance; the newest that is held unless given.")
@click.option("--member", "members", multiple=True, required=True, metavar="CATEGORY[:COUNT]", help="Who; repeat for other categories.")
@_options(_PRINT_OPTIONS)
def premium(place: str, year: int | None, members: tuple[str, ...], form: str, lang: str) -> None:
    """What a household pays for a year of insurance, and what the government pays for it (资助参保)."""
    from bot.speech import premium_json, premium_lines
    from engine import premium as charge
    from engine import read_household

    household = {"place": place, "year": year, "members": [_member(text) for text in members]}
    voice, answer = _answered(lang, lambda: household, lambda raw, shelf, today: charge(read_household(raw), shelf, today))
    _print(form, partial(premium_json, voice, answer), partial(premium_lines, voice, answer))


@main.command()
@click.option("--place", required=True, help="Where the person is insured.")
@click.option("--category", help="The person's category.")
@_options(_PRINT_OPTIONS)
def guidance(place: str, category: str | None, form: str, lang: str) -> None:
    """What to know, arrange and bring before going to hospital."""
    from bot.speech import guidance_json, guidance_lines
    from engine import guide

    voice, answer = _answered(lang, dict, lambda _, shelf, today: guide(place, category, shelf, today))
    _print(form, partial(guidance_json, voice, answer), partial(guidance_lines, voice, answer))


@main.command()
@click.option("--place", required=True, help="Where the person is insured.")
@click.option("--on", help="A day, e.g. 2024-03-05: by the rules of that day; the newest ones unless given.")
@click.option("--yes", multiple=True, metavar="CATEGORY", help="A category that applies; repeat for others.")
@click.option("--no", multiple=True, metavar="CATEGORY", help="A category that does not apply; repeat for others.")
@click.option("--unsure", multiple=True, metavar="CATEGORY", help="A category nobody at home is sure of; repeat for others.")
@click.option("--expired-ok", is_flag=True, help="Use rules past their verified day.")
@_options(_PRINT_OPTIONS)
def category(
    place: str, on: str | None, yes: tuple[str, ...], no: tuple[str, ...], unsure: tuple[str, ...], expired_ok: bool, form: str, lang: str
) -> None:
    """Which category a person belongs to, and the office that confirms it; asks question by question at a terminal."""
    from bot.assistant import china_today
    from bot.speech import finder_json, finder_lines
    from engine import find, read_finding

    knowledge = _knowledge(_settings(None))
    voice = knowledge.voice(lang)

    def follow(answers: Mapping[str, bool | None]) -> "Found":
        finding = read_finding({"place": place, "on": on, "answers": answers, "expired_ok": expired_ok})
        return find(finding, knowledge.finder, knowledge.shelf, china_today())

    with _right_fields(voice):
        at_keyboard = sys.stdin is not None and sys.stdin.isatty() and not (yes or no or unsure)
        found = _asked_one_by_one(voice, follow) if at_keyboard else follow(_said({True: yes, False: no, None: unsure}))
    _print(form, partial(finder_json, voice, found), partial(finder_lines, voice, found))
    if found.question is not None and form == "text":
        click.echo(voice.say("finder.how", name=found.question.category))


@main.group(invoke_without_command=True)
@click.pass_context
def policies(context: click.Context) -> None:
    """The rule packs."""
    if context.invoked_subcommand is None:
        context.invoke(list_policies)


@policies.command("list")
def list_policies() -> None:
    """All editions: key, name, days covered."""
    for edition in _knowledge(_settings(None)).shelf.editions():
        horizon = edition.policy.horizon
        name = f"{edition.policy.name.zh} {edition.policy.title.zh}"
        click.echo(f"{edition.pack.key}\t{name}\t{horizon.valid_from} – {horizon.verified_until}")


@policies.command()
@click.argument("key", metavar="PLACE/EDITION")
@click.option("--format", "form", default="text", show_default=True, type=click.Choice(["text", "json"]), help="How to print it.")
def show(key: str, form: str) -> None:
    """One edition: every figure with its basis, source and note."""
    knowledge = _knowledge(_settings(None))
    edition = knowledge.shelf.find(key)
    if edition is None:
        known = "、".join(edition.pack.key for edition in knowledge.shelf.editions())
        _fail(f"没有 {key} 这一版规定，现有：{known}。", EXIT_REQUEST)
    if form == "json":
        from bot.speech import policy_json

        click.echo(json.dumps(policy_json(knowledge.voice(None), edition), ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(_figure_lines(edition)))


@policies.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
def check(paths: tuple[Path, ...]) -> None:
    """Check packs (files or folders; those in use when none is named) and print every mistake and slip as file:line:column."""
    from bot import resources
    from engine import Edition, PackError, Problem, Shelf, lint, read_edition, read_shelf

    folders = [path for path in paths if path.is_dir()] if paths else [resources.POLICIES, *_settings(None).policy_folders()]
    files = [path for path in paths if not path.is_dir()]
    number = len(files) + sum(len(list(folder.glob("**/*.yaml"))) for folder in folders)
    if not number:
        _fail("没有找到规则文件（.yaml）。", EXIT_REQUEST)
    problems: list[Problem] = []
    found: list[object] = []
    # Overlays of a folder may be for packs of ours.
    reading: list[Callable[[], object]] = [partial(read_edition, file) for file in files]
    if folders:
        reading.append(lambda: read_shelf([resources.POLICIES, *folders]))
    for read in reading:
        try:
            result = read()
        except PackError as error:
            problems += error.problems
        else:
            found += result.editions() if isinstance(result, Shelf) else [result]
    problems += lint([each for each in found if isinstance(each, Edition)])
    for problem in problems:
        click.echo(str(problem), err=True)
    if problems:
        sys.exit(1)
    click.echo(f"{number} 个规则文件都没有问题。")


@policies.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
def cases(paths: tuple[Path, ...]) -> None:
    """Settle hand-worked cases (files of rows) and print every row that comes to something else as file:line:column."""
    from bot.assistant import china_today
    from engine import PackError, Problem, check_cases

    shelf, today = _knowledge(_settings(None)).shelf, china_today()
    number = 0
    problems: list[Problem] = []
    for path in paths:
        try:
            rows, differences = check_cases(path, shelf, today)
        except PackError as error:
            rows, differences = 0, error.problems
        number += rows
        problems += differences
    for problem in problems:
        click.echo(str(problem), err=True)
    if problems:
        sys.exit(1)
    click.echo(f"{number} 个算例都对得上。")


@policies.command()
@click.option(
    "--format", "form", default="text", show_default=True, type=click.Choice(["text", "json", "markdown"]), help="How to print it."
)
@click.option("--lang", default="zh_CN", show_default=True, type=click.Choice(["zh_CN", "en"]), help="Language.")
def coverage(form: str, lang: str) -> None:
    """What the founding documents state, clause by clause, and what answers to it."""
    from bot import resources
    from bot.speech import coverage_json, coverage_lines, coverage_table
    from engine import PackError, read_ledgers

    knowledge = _knowledge(_settings(None))
    try:
        ledgers = read_ledgers(resources.SOURCES, knowledge.shelf)
    except PackError as error:
        _fail(str(error))
    lines = coverage_table if form == "markdown" else coverage_lines
    voice = knowledge.voice(lang)
    _print(form, partial(coverage_json, voice, ledgers), partial(lines, voice, ledgers))


@policies.command()
@click.argument("first", metavar="BEFORE")
@click.argument("second", metavar="AFTER")
@click.option(
    "--format", "form", default="text", show_default=True, type=click.Choice(["text", "json", "markdown"]), help="How to print it."
)
@click.option("--lang", default="zh_CN", show_default=True, type=click.Choice(["zh_CN", "en"]), help="Language.")
def diff(first: str, second: str, form: str, lang: str) -> None:
    """Figures that differ between two packs of one place, and which sample households gain and lose how much.

    BEFORE and AFTER are each PLACE/EDITION of a held pack or the path of a pack file.
    """
    from bot import resources
    from bot.assistant import china_today
    from bot.speech import diff_json, diff_lines, diff_table
    from engine import PackError, read_samples
    from engine import diff as hold_against

    knowledge = _knowledge(_settings(None))
    try:
        before, after = (_pack(name, knowledge.shelf) for name in (first, second))
        samples = read_samples(resources.SAMPLES)
    except PackError as error:
        _fail(str(error))
    if before.policy.place != after.policy.place:
        _fail(f"{first} 是 {before.policy.place} 的，{second} 是 {after.policy.place} 的。只能比同一个地方的两份规则。", EXIT_REQUEST)
    answer = hold_against(before, after, samples, knowledge.shelf, china_today())
    lines = diff_table if form == "markdown" else diff_lines
    voice, names = knowledge.voice(lang), (first, second)
    _print(form, partial(diff_json, voice, answer, names), partial(lines, voice, answer, names))


_STARTED = "能报 nengbao：{} （Ctrl-C 结束）"
_TELEGRAM = {
    "ready": "Telegram：连上了 @{name}。",
    "bad_token": "Telegram：口令不对，请看看 NENGBAO_TELEGRAM_TOKEN。网页照常用，过一会儿再试。",
    "unreachable": "Telegram：连不上。网页照常用，过一会儿再试。",
    "taken": "Telegram：别处也在收这个机器人的消息，请先停掉那一个。网页照常用，过一会儿再试。",
    "webhook_refused": "Telegram：不接受 NENGBAO_TELEGRAM_WEBHOOK 这个地址。网页照常用，过一会儿再试。",
}


def _doors(assistant: "Assistant", settings: "Settings") -> "list[Door]":
    if settings.telegram_token is None:
        return []
    from bot.telegram import Telegram

    return [Telegram(assistant, settings, lambda what, name: click.echo(_TELEGRAM[what].format(name=name), err=what != "ready"))]


def _pack(name: str, shelf: "Shelf") -> "Edition":
    """The pack that a name means: a held one by its key, or else a file. Raises PackError for a file with mistakes."""
    from engine import read_draft

    held = shelf.find(name)
    if held is not None:
        return held
    if not Path(name).is_file():
        known = "、".join(edition.pack.key for edition in shelf.editions())
        _fail(f"没有 {name} 这一版规则，也没有这个文件。现有：{known}。", EXIT_REQUEST)
    return read_draft(Path(name))


def _figure_lines(edition: "Edition") -> Iterator[str]:
    from engine import all_figures

    policy = edition.policy
    yield f"{edition.pack.key}  {policy.name.zh} {policy.title.zh}  {policy.horizon.valid_from} – {policy.horizon.verified_until}"
    for figure in all_figures(policy):
        value = f"{figure.low}–{figure.high}" if figure.basis == "range" else figure.value or "-"
        note = f"  # {figure.note}" if figure.note else ""
        yield f"{figure.name:<58} {value:>14} {figure.unit:<8} {figure.basis:<10} {figure.source}{note}"
    for key, source in policy.sources.items():
        yield f"[{key}] {source.title} {source.number or ''} {source.day or ''} {source.url or ''}".rstrip()


def _member(text: str) -> dict[str, Any]:
    """CATEGORY or CATEGORY:COUNT as the API takes it; a count that is no number is left for the engine to refuse."""
    category, separator, count = text.partition(":")
    whole = count.isascii() and count.isdigit() and len(count) <= _MOST_DIGITS
    return {"category": category} | ({"count": int(count) if whole else count} if separator else {})


def _case(source: Any, facts: dict[str, Any]) -> dict[str, Any]:
    """The case of the options, laid on that of the file when there is one."""
    said = {name: value for name, value in facts.items() if value is not None}
    so_far = {name: said.pop(name) for name in ("own", "stays") if name in said}
    return (_json_case(source) if source else {}) | said | ({"so_far": so_far} if so_far else {})


def _answered(lang: str, question: Callable[[], dict[str, Any]], settle: Callable[[dict[str, Any], "Shelf", date], A]) -> "tuple[Voice, A]":
    """The engine's answer to a question, with the voice to tell it; a wrong field ends the command."""
    from bot.assistant import china_today

    asked = question()
    knowledge = _knowledge(_settings(None))
    voice = knowledge.voice(lang)
    with _right_fields(voice):
        return voice, settle(asked, knowledge.shelf, china_today())


@contextmanager
def _right_fields(voice: "Voice") -> Iterator[None]:
    """A wrong field within ends the command, with a line for each."""
    from bot.speech import fault_words
    from engine import CaseError

    try:
        yield
    except CaseError as error:
        _fail("\n".join(fault_words(voice, fault) for fault in error.faults), EXIT_REQUEST)


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


def _print(form: str, as_json: Callable[[], dict[str, Any]], as_lines: Callable[[], list[str]]) -> None:
    click.echo(json.dumps(as_json(), ensure_ascii=False, indent=2) if form == "json" else "\n".join(as_lines()))


def _json_case(source: Any) -> dict[str, Any]:
    try:
        case = json.load(source, parse_float=Decimal)
    except (ValueError, RecursionError):
        _fail("这不是 JSON，请检查格式。", EXIT_REQUEST)
    if not isinstance(case, dict):
        _fail('JSON 里要是一个对象，例如 {"place": "anhui-bozhou", …}。', EXIT_REQUEST)
    return case


def _settings(data_dir: Path | None) -> "Settings":
    from pydantic import ValidationError

    from bot.settings import Settings

    try:
        return Settings(data_dir=data_dir) if data_dir else Settings()
    except ValidationError as error:
        # Only the names: a value may be a secret.
        names = "、".join(f"NENGBAO_{str(detail['loc'][0]).upper()}" for detail in error.errors())
        _fail(f"设置的值不能用：{names}。请看 README 里的说明改一改。")


def _knowledge(settings: "Settings") -> "Knowledge":
    from bot.assistant import read_knowledge
    from bot.speech import MissingCatalogueError
    from engine import PackError

    try:
        return read_knowledge(settings.policy_folders())
    except PackError as error:
        _fail(f"规则文件有错，没有启动：\n{error}" if len(error.problems) > 1 else f"规则文件有错，没有启动：{error}")
    except MissingCatalogueError as error:
        _fail(f"缺少语言文件 {error}，请运行 make install。")


@contextmanager
def _assistant(settings: "Settings") -> Iterator["Assistant"]:
    from bot.assistant import Assistant
    from bot.store import SqliteStore, StoreError

    knowledge = _knowledge(settings)
    try:
        store = SqliteStore(_store_path(settings))
    except StoreError as error:
        _fail(f"打不开数据文件 {error}。请检查文件夹能不能写，或用 --data-dir 换一个。")
    try:
        yield Assistant(knowledge, store, retention_days=settings.retention_days)
    finally:
        store.close()


def _store_path(settings: "Settings") -> Path:
    if settings.store is None:
        return settings.data_dir / "nengbao.sqlite3"
    if not settings.store.startswith("sqlite:///"):
        _fail("NENGBAO_STORE 现在只支持 sqlite:///…")
    return Path(settings.store.removeprefix("sqlite:///"))


def _check_place(knowledge: "Knowledge", place: str | None) -> None:
    if place is not None and place not in knowledge.shelf.places:
        _fail(f"没有 {place} 的规定，现有：{'、'.join(sorted(knowledge.shelf.places))}。", EXIT_REQUEST)


def _cause(error: BaseException) -> str:
    cause = error.__cause__
    return cause.strerror or str(cause) if isinstance(cause, OSError) else str(cause)


def _fail(line: str, status: int = 1) -> NoReturn:
    click.echo(line, err=True)
    sys.exit(status)


if __name__ == "__main__":
    main()
