"""The pack form of one edition of one place's rules, and the reading of a pack file into it."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError, model_validator

from engine.cell import PackModel, When
from engine.errors import PackError, Problem
from engine.figures import Entry, Figure, Used, used
from engine.keys import AGES, Age, Basis, Care, Category, Facility, LayerKey
from engine.mechanisms.advice import Advice
from engine.mechanisms.bands import Bands
from engine.mechanisms.ceiling import Ceiling
from engine.mechanisms.exists import Exists
from engine.mechanisms.hospital import HospitalBears
from engine.mechanisms.top_up import TopUp
from engine.overlay import Patched, lay
from engine.quantities import MoneyText, RateText
from engine.text import Text
from engine.yaml_tree import Location, Tree, read_tree


class Source(PackModel):
    """A document figures come from. `short` is how it is named in passing."""

    title: str
    number: str | None = None
    issuer: str | None = None
    day: date | None = None
    url: str | None = None
    note: Text | None = None
    short: Text | None = None

    @property
    def called(self) -> Text:
        """What it is called in passing; its title when it has no short name."""
        return self.short or Text(zh=f"《{self.title}》", en=self.title)


class Horizon(PackModel):
    """The days a pack answers for. After `verified_until` only with the user's agreement."""

    valid_from: date
    verified_until: date
    earlier_rules: Text
    later_rules: Text


class Referral(PackModel):
    """Where being registered (备案, 转诊) matters, and whether an emergency counts as registered."""

    required_at: tuple[Facility, ...]
    emergency_exempt: bool
    basis: Basis
    source: str
    note: Text | None = None

    def exempts(self, emergency: bool | None) -> bool:
        """Whether a stay counts as registered because it was an emergency."""
        return bool(emergency and self.emergency_exempt)


class Check(PackModel):
    """A share the document itself names as its aim for some facilities: shown beside the computed one, never used to compute."""

    layer: LayerKey
    facility: tuple[Facility, ...]
    share: Figure[RateText]


class Words(PackModel):
    """How people name this place and its hospitals, for understanding sentences."""

    place: tuple[str, ...] = ()
    facility: dict[Facility, tuple[str, ...]] = Field(default_factory=dict)


def _years(raw: Any) -> Any:
    # Scalars of a pack are text until a model says what they are.
    return int(raw) if isinstance(raw, str) and raw.isascii() and raw.isdigit() else raw


Years = Annotated[int, BeforeValidator(_years), Field(ge=0, le=130)]

Simple = Annotated[Bands | TopUp | Ceiling | Exists | Advice, Field(discriminator="pays")]


class ByCase(PackModel):
    """A layer whose rule depends on the case: the first variant that applies decides, and none applying means the layer does not."""

    pays: Literal["by_case"]
    cases: tuple[Simple, ...] = Field(min_length=1)
    note: Text | None = None


Layer = Annotated[Bands | TopUp | Ceiling | Exists | Advice | ByCase, Field(discriminator="pays")]


class AgeGroup(PackModel):
    """People up to and including so many years."""

    up_to: Years
    basis: Basis
    source: str
    note: Text | None = None


class Reading(PackModel):
    """Another reading of an unclear sentence: what of the pack it sets otherwise, by path. A last step `+` adds to a list."""

    says: Text
    set: dict[str, Any]


class Choice(PackModel):
    """An unclear sentence, how it is taken, and the other readings a deployment may choose (see overlay).

    `source` names what the shipped reading rests on, where its figures do not.
    """

    says: Text
    taken: Text
    source: str | None = None
    others: dict[str, Reading] = Field(min_length=1)


class Remark(PackModel):
    """A caution in the pack's own words, for the cases it concerns."""

    when: When = When()
    says: Text


def _one_amount(figure: Figure[MoneyText]) -> Figure[MoneyText]:
    if set(figure.values) != {""} or figure.values[""].value is None:
        raise ValueError("expected one amount for everybody, leave a year out whose premium is not known")
    return figure


_PremiumYear = Annotated[str, Field(pattern=r"^\d{4}$")]
_Amount = Annotated[Figure[MoneyText], AfterValidator(_one_amount)]


class Premium(PackModel):
    """What a person pays a year for being insured, by year, and the share the government pays for some categories (资助参保).

    A category without a share is not subsidised; one whose share is `unknown` is, by an amount that nobody has written down.
    """

    personal: Annotated[dict[_PremiumYear, _Amount], Field(min_length=1)]
    share: Figure[RateText] | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _by_category(self) -> Self:
        if self.share is not None and self.share.by != ("category",):
            raise ValueError("`share` varies by category, write `by: category` with `values`")
        return self


class Guidance(PackModel):
    """One thing to know before going to hospital, in the pack's own words. `when` may name categories and nothing else."""

    when: When = When()
    says: Text
    basis: Basis = "stated"
    source: str
    note: Text | None = None

    @model_validator(mode="after")
    def _by_category(self) -> Self:
        other = sorted(self.when.model_fields_set - {"category"})
        if other:
            raise ValueError(f"`when` of guidance names categories only, found `{other[0]}`")
        return self


class Policy(PackModel):
    """One edition of one place's rules. `layers` stand in the order in which they pay.

    `formerly` names what people of a category were in the edition before, where its name was another. `first_share` says what the part
    of a bill that is paid first (先行自付) is: the patient's, in no layer's base, or eligible cost like any other.
    """

    place: Annotated[str, Field(pattern=r"^[a-z]+(-[a-z]+)*$", max_length=40)]
    edition: Annotated[str, Field(pattern=r"^\d{4}$")]
    name: Text
    title: Text
    horizon: Horizon
    hotline: str
    sources: dict[str, Source]
    words: Words = Words()
    categories: tuple[Category, ...]
    formerly: dict[Category, Category] = Field(default_factory=dict)
    facilities: tuple[Facility, ...]
    care: tuple[Care, ...]
    ages: dict[Age, AgeGroup] = Field(default_factory=dict)
    later_stays: When | None = None
    first_share: Literal["patient", "eligible"] = "patient"
    referral: Referral
    hospital_bears: HospitalBears = HospitalBears()
    remarks: dict[str, Remark] = Field(default_factory=dict)
    choices: dict[str, Choice] = Field(default_factory=dict)
    layers: dict[LayerKey, Layer]
    checks: tuple[Check, ...] = ()
    premium: Premium | None = None
    guidance: dict[Annotated[str, Field(pattern=r"^[a-z]+(_[a-z]+)*$")], Guidance] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pack:
    """A policy with the file it came from, the places of its lines and the hash of its text."""

    policy: Policy
    tree: Tree
    digest: str
    patched: Patched

    def problem(self, location: Location, what: str) -> Problem:
        """A problem at a place of the pack, or of the overlay that changed it."""
        return self.patched.problem(self.tree, location, what)

    @property
    def key(self) -> str:
        """`anhui-bozhou/2022`."""
        return f"{self.policy.place}/{self.policy.edition}"


def read_pack(path: Path, overlays: Sequence[Path] = ()) -> Pack:
    """Read one pack file with the overlays laid on it. Raises PackError with every mistake found, each as file:line:column."""
    tree = read_tree(path)
    patched = lay(tree, [read_tree(overlay) for overlay in overlays])
    try:
        policy = Policy.model_validate(patched.data)
    except ValidationError as error:
        raise pack_error(patched.problem(tree, location, what) for location, what in mistakes(error)) from error
    problems = [patched.problem(tree, location, what) for location, what in _inconsistencies(policy)]
    if problems:
        raise pack_error(problems)
    digest = hashlib.sha256(b"\0".join(file.read_bytes() for file in (path, *overlays))).hexdigest()
    return Pack(policy, tree, digest, patched)


def pack_error(problems: Iterable[Problem]) -> PackError:
    """All problems as one error, in the order of the files."""
    return PackError(sorted(problems, key=lambda problem: (problem.file, problem.line, problem.column)))


def figures_of(policy: Policy) -> Iterator[tuple[Location, Figure[Any]]]:
    """Every figure of a policy with its location in the file, in the file's order."""
    yield from _figures(policy, ())


def all_figures(policy: Policy) -> list[Used]:
    """Every value of every figure of a policy, by full name (`basic.deductible.county`)."""
    found = []
    for location, figure in figures_of(policy):
        stem = ".".join(str(step) for step in (location[1:] if location[0] == "layers" else location))
        found += [used(f"{stem}.{key}".rstrip("."), entry) for key, entry in figure.values.items()]
    return found


def _figures(value: Any, location: Location) -> Iterator[tuple[Location, Figure[Any]]]:
    if isinstance(value, Figure):
        yield location, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _figures(getattr(value, name), (*location, name))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _figures(item, (*location, key))
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _figures(item, (*location, index))


def _inconsistencies(policy: Policy) -> Iterator[tuple[Location, str]]:
    """What each part alone cannot see: unknown sources, keys the policy does not have, a horizon that ends before it begins."""
    horizon = policy.horizon
    if horizon.verified_until < horizon.valid_from:
        yield ("horizon", "verified_until"), f"is before `valid_from` {horizon.valid_from}, expected a later day"
    for category in policy.formerly:
        if category not in policy.categories:
            yield ("formerly", category), _not_in("category", category, policy.categories)
    yield from _unknown_sources(policy, policy, ())
    lists: dict[str, tuple[str, ...]] = {
        "category": policy.categories,
        "facility": policy.facilities,
        "care": policy.care,
        "age": AGES,
    }
    for index, facility in enumerate(policy.referral.required_at):
        if facility not in policy.facilities:
            yield ("referral", "required_at", index), _not_in("facility", facility, policy.facilities)
    yield from _unordered_layers(policy)
    yield from _unfit_shares(policy)
    for location, figure in figures_of(policy):
        for key in figure.values:
            for dimension, part in zip(figure.by, key.split("."), strict=False):
                if part not in lists[dimension]:
                    yield (*location, "values", key), _not_in(dimension, part, lists[dimension])


def _unordered_layers(policy: Policy) -> Iterator[tuple[Location, str]]:
    """A layer needs to know layers before it, and is absorbed by one after it."""
    keys = list(policy.layers)
    for number, (key, layer) in enumerate(policy.layers.items()):
        simple = [(("cases", index), case) for index, case in enumerate(layer.cases)] if isinstance(layer, ByCase) else [((), layer)]
        for place, case in simple:
            for index, needed in enumerate(case.needs if isinstance(case, Bands) else ()):
                if needed not in keys[:number]:
                    yield ("layers", key, *place, "needs", index), _not_in("earlier layer", needed, keys[:number])
            by = case.absorbed_by if isinstance(case, Exists) else None
            if by is not None and by not in keys[number + 1 :]:
                yield ("layers", key, *place, "absorbed_by"), _not_in("later layer", by, keys[number + 1 :])


def _unfit_shares(policy: Policy) -> Iterator[tuple[Location, str]]:
    """Shares of what the hospital bears that nothing can be settled by."""
    rule = policy.hospital_bears.out_of_catalogue
    for key, what in rule.unfit() if rule else ():
        yield ("hospital_bears", "out_of_catalogue", "share_of_total", "values", key), what


def _not_in(what: str, key: str, known: Iterable[str]) -> str:
    return f"unknown {what} `{key}`, expected one of: {', '.join(known)}"


def _unknown_sources(policy: Policy, value: Any, location: Location) -> Iterator[tuple[Location, str]]:
    if isinstance(value, BaseModel):
        source = getattr(value, "source", None)
        if source is not None and source not in policy.sources:
            yield (*location, "source"), _not_in("source", source, policy.sources)
        for name in type(value).model_fields:
            yield from _unknown_sources(policy, getattr(value, name), (*location, name))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _unknown_sources(policy, item, (*location, key))
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _unknown_sources(policy, item, (*location, index))


def mistakes(error: ValidationError) -> Iterator[tuple[Location, str]]:
    """What a file's model found wrong, each with its place in the file."""
    details = error.errors(include_url=False)
    for detail in details:
        place = detail["loc"]
        # A list whose only item is wrong is also called too short; the item's own mistake says it all.
        if detail["type"] == "too_short" and any(other["loc"][: len(place)] == place != other["loc"] for other in details):
            continue
        if detail["type"].startswith("union_tag_"):
            place = (*place, detail["ctx"]["discriminator"].strip("'"))
        yield place, _what(detail["type"], place, detail.get("ctx", {}), detail["msg"], detail["input"])


def _what(kind: str, location: Location, context: dict[str, Any], message: str, found: Any) -> str:
    name = next((step for step in reversed(location) if isinstance(step, str) and step not in _UNNAMED), "")
    if kind in ("missing", "union_tag_not_found"):
        return f"`{name}` is missing here"
    if kind == "extra_forbidden":
        near = get_close_matches(name, _FIELDS, 1)
        return f"unknown key `{name}`" + (f", did you mean `{near[0]}`?" if near and near[0] != name else ", it has no meaning here")
    if kind in ("literal_error", "union_tag_invalid"):
        known, word = context.get("expected") or context.get("expected_tags"), context.get("tag", found)
        return f"`{name}` is not a known word, expected one of: {known}; found `{word}`"
    prefix = f"{name}: " if name else ""
    return prefix + (_misshapen(kind, context, found) or message.removeprefix("Value error, "))


def _misshapen(kind: str, context: dict[str, Any], found: Any) -> str | None:
    """What is wrong with a value of the wrong shape, for the shapes that packs hold."""
    if kind == "tuple_type":
        return (
            f"`{found}` is no list, expected one written like `[{found}]`"
            if isinstance(found, str)
            else "is no list, expected items that begin with `- `"
        )
    if kind == "model_type":
        return f"`{found}` stands alone, expected {_keys_of(context['class_name'])} below it"
    if kind.startswith("date_"):
        return f"`{found}` is no day, expected one written like `2024-12-31`"
    if kind == "string_pattern_mismatch" and context["pattern"] in _PATTERNS:
        return f"`{found}` does not fit, expected {_PATTERNS[context['pattern']]}"
    return None


#: Steps of a location that are no key of the file: how pydantic marks a key, and what a figure is spread to.
_UNNAMED = frozenset({"[key]", "values", ""})

_PATTERNS = {
    r"^[a-z]+(-[a-z]+)*$": "small letters a to z, words joined by `-`",
    r"^[a-z]+(_[a-z]+)*$": "small letters a to z, words joined by `_`",
    r"^\d{4}$": "a year in four digits",
    r"^[a-z][a-z0-9_]*$": "small letters a to z, digits and `_`, a letter first",
}


def _keys_of(name: str) -> str:
    required = (
        key for model in _models(PackModel) if model.__name__ == name for key, field in model.model_fields.items() if field.is_required()
    )
    return " and ".join(f"`{key}`" for key in dict.fromkeys(required)) or "keys"


def _models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for child in model.__subclasses__():
        yield from _models(child)


_FIELDS = sorted({name for model in _models(PackModel) for name in model.model_fields} | set(Entry.model_fields))
