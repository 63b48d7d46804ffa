"""The rules of a pack in plain words: what each layer goes by, clause by clause, and each figure by itself.

A *rule* is a sentence, with basis and source where it has its own: {"name", "say", "basis", "firm", "source", "note"}. A *clause* is a
title over figures: {"name", "say", "figures": [name], "note"}. Names are those of `policies show` without the key a figure varies by.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.speech.estimate_words import change_words, number_words
from bot.speech.voice import Voice
from engine import Policy, Text, Used, all_figures, fen
from engine.cell import When
from engine.figures import Figure
from engine.keys import Basis
from engine.mechanisms.advice import Advice
from engine.mechanisms.bands import Bands, Exclusion
from engine.mechanisms.ceiling import Ceiling
from engine.mechanisms.exists import Exists
from engine.mechanisms.top_up import TopUp
from engine.policy import ByCase, Layer, Simple

_LISTS = ("care", "category", "facility")
_FLAGS = ("registered", "insured", "later")


class RuleWords:
    """The words for one edition's rules."""

    def __init__(self, voice: Voice, policy: Policy) -> None:
        self._voice, self._policy = voice, policy
        self._bounded = {name.partition(".up_to")[0] for figure in all_figures(policy) if ".up_to" in (name := figure.name)}

    def general(self) -> list[dict[str, Any]]:
        """What holds for all layers: being registered, who is a child, which stays count as earlier ones, the part paid first."""
        say, policy = self._voice.say, self._policy
        rules = [self._rule("referral", self._referral(), policy.referral)]
        for key, group in policy.ages.items():
            rules.append(self._rule(f"ages.{key}", say(f"rules.age.{key}", years=group.up_to), group))
        if policy.later_stays is not None:
            rules.append(self._rule("later_stays", say("rules.later_stays", when=self.when(policy.later_stays))))
        rules.append(self._rule("first_share", say(f"rules.first_share.{policy.first_share}")))
        for now, was in policy.formerly.items():
            rules.append(self._rule(f"formerly.{now}", say("rules.formerly", category=now, was=say(f"category.{was}"))))
        return rules

    def sections(self) -> list[dict[str, Any]]:
        """What the hospital bears, each layer in the order in which they pay, the document's own aims, the premium."""
        say = self._voice.say
        layers = [(key, say(f"layer.{key}"), self._layer(key, layer)) for key, layer in self._policy.layers.items()]
        others = [("checks", say("rules.checks"), self._checks()), ("premium", say("rules.premium"), self._premium())]
        found = [("hospital_bears", say("rules.hospital_bears"), self._hospital_bears()), *layers, *others]
        return [{"key": key, "label": label, "variants": variants} for key, label, variants in found if variants]

    def figure(self, figure: Used) -> dict[str, str]:
        """One figure in words: for whom or where, how much, how firm."""
        return {"label": self._label(figure), "say": self._amount(figure), "firm": self.firm(figure.basis)}

    def firm(self, basis: str) -> str:
        """A basis in words."""
        return self._voice.say(f"basis.{basis}")

    def when(self, when: When) -> str:
        """A condition in words; empty for one that always holds."""
        say = self._voice.say
        lists = [self._listed(name, getattr(when, name)) for name in _LISTS if getattr(when, name) is not None]
        ages = [self._voice.listed(self._key("age", age) for age in when.age)] if when.age else []
        given = ((name, getattr(when, name)) for name in _FLAGS)
        flags = [say(f"rules.when.{name}_{str(value).lower()}") for name, value in given if value is not None]
        return say("comma").join([*lists, *ages, *flags])

    # sections

    def _layer(self, key: str, layer: Layer) -> list[dict[str, Any]]:
        if not isinstance(layer, ByCase):
            return [self._variant(key, layer, f"{key}")]
        variants = [self._variant(key, case, f"{key}.cases.{number}") for number, case in enumerate(layer.cases)]
        shared = [case.cap_account or case.account for case in layer.cases if isinstance(case, Bands)]
        for variant, case in zip(variants, layer.cases, strict=True):
            if isinstance(case, Bands) and shared.count(case.cap_account or case.account) > 1:
                variant["says"].append(self._voice.say("rules.cap_together"))
        return [variants[0] | {"notes": [*self._notes(layer.note), *variants[0]["notes"]]}, *variants[1:]]

    def _variant(self, key: str, layer: Simple, stem: str) -> dict[str, Any]:
        says, clauses = _TELL[type(layer)](self, layer, stem)
        whom = self.when(layer.applies_to)
        excluded = [self._excluded(key, each) for each in getattr(layer, "excluded", ())]
        for_whom = self._voice.say("rules.for", when=whom) if whom else self._voice.say("rules.for_everybody")
        return {"for": for_whom, "says": says, "rules": excluded, "clauses": clauses, "notes": self._notes(layer.note)}

    def _bands(self, layer: Bands, stem: str) -> tuple[list[str], list[dict[str, Any]]]:
        say = self._voice.say
        says = [say(f"rules.base.{layer.base}"), say(f"rules.over.{layer.over}")]
        if layer.needs:
            says.append(say("rules.needs", layers=layer.needs))
        if len(layer.tiers) > 1:
            says.append(say(f"rules.tiers_from.{layer.tiers_from}"))
        if layer.over == "year" and layer.applies_to.category:
            says.append(say(f"rules.before_joining.{layer.before_joining}"))
        return says, [*self._thresholds(layer, stem), *self._limits(layer, stem), *self._adjustments(layer, stem)]

    def _thresholds(self, layer: Bands, stem: str) -> Iterator[dict[str, Any]]:
        yield self._clause(f"{stem}.deductible", self._voice.say("rules.deductible"), {"": layer.deductible})
        for number, tier in enumerate(layer.tiers):
            key = "rules.tier" if len(layer.tiers) > 1 else "rules.tier.only"
            parts = ({"up_to": tier.up_to} if tier.up_to else {}) | {"rate": tier.rate}
            yield self._clause(f"{stem}.tiers.{number}", self._voice.say(key, number=number + 1), parts)

    def _limits(self, layer: Bands, stem: str) -> Iterator[dict[str, Any]]:
        say = self._voice.say
        if layer.at_least is not None:
            only = self.when(layer.at_least.when)
            title = say("rules.at_least") + (say("mark", mark=only) if only else "")
            yield self._clause(f"{stem}.at_least", title, {"share_above_deductible": layer.at_least.share_above_deductible})
        yield self._clause(f"{stem}.cap", say("rules.cap"), {"": layer.cap})

    def _adjustments(self, layer: Bands, stem: str) -> Iterator[dict[str, Any]]:
        for number, change in enumerate(layer.adjustments):
            parts = {name: figure for name in ("deductible", "rate", "cap") if (figure := getattr(change, name)) is not None}
            title = self._voice.say("rules.adjustment", when=self.when(change.when))
            yield self._clause(f"{stem}.adjustments.{number}", title, parts, change.note)

    def _ceiling(self, layer: Ceiling, stem: str) -> tuple[list[str], list[dict[str, Any]]]:
        say = self._voice.say
        says = [say("rules.ceiling"), say(f"rules.of_several.{layer.of_several}")]
        if layer.applies_to.category:
            says.append(say(f"rules.before_joining.{layer.before_joining}"))
        return says, [self._clause(f"{stem}.at_most", say("figure.at_most"), {"": layer.at_most})]

    def _top_up(self, layer: TopUp, stem: str) -> tuple[list[str], list[dict[str, Any]]]:
        say = self._voice.say
        return [say(f"rules.top_up.{layer.of}")], [self._clause(f"{stem}.to", say("figure.to"), {"": layer.to})]

    def _exists(self, layer: Exists, stem: str) -> tuple[list[str], list[dict[str, Any]]]:
        say = self._voice.say
        absorbed = [say("rules.absorbed_by", layer=layer.absorbed_by)] if layer.absorbed_by else []
        return [say("rules.exists"), *absorbed], [self._clause(f"{stem}.amount", say("figure.amount"), {"": layer.amount})]

    def _advice(self, layer: Advice, stem: str) -> tuple[list[str], list[dict[str, Any]]]:
        clauses = [self._clause(f"{stem}.{name}", self._voice.say(f"figure.{name}"), {"": figure}) for name, figure in layer.parts()]
        return [self._voice.say("rules.advice")], clauses

    def _hospital_bears(self) -> list[dict[str, Any]]:
        say, borne, found = self._voice.say, self._policy.hospital_bears, []
        if borne.out_of_catalogue is not None:
            rule = borne.out_of_catalogue
            clause = self._clause(
                "hospital_bears.out_of_catalogue.share_of_total", say("figure.share_of_total"), {"": rule.share_of_total}, rule.note
            )
            found.append(self._plain(rule.applies_to, [say("rules.out_of_catalogue"), say(f"rules.out_of_catalogue.{rule.of}")], [clause]))
        if borne.above_fixed_price is not None:
            price = borne.above_fixed_price
            words = say("rules.above_fixed_price") + say(f"rules.above_fixed_price.{price.covers}")
            found.append(self._plain(price.applies_to, rules=[self._rule("hospital_bears.above_fixed_price", words, price)]))
        return found

    def _checks(self) -> list[dict[str, Any]]:
        clauses = []
        for number, check in enumerate(self._policy.checks):
            title = self._voice.say("rules.check", layer=check.layer, facilities=check.facility)
            clauses.append(self._clause(f"checks.{number}.share", title, {"": check.share}))
        return [self._plain(When(), clauses=clauses)] if clauses else []

    def _premium(self) -> list[dict[str, Any]]:
        say, premium = self._voice.say, self._policy.premium
        if premium is None:
            return []
        clauses = [self._clause("premium.personal", say("rules.premium.personal"), dict(premium.personal))]
        if premium.share is not None:
            clauses.append(self._clause("premium.share", say("rules.premium.share"), {"": premium.share}))
        return [self._plain(When(), clauses=clauses) | {"notes": self._notes(premium.note)}]

    # parts

    def _notes(self, note: Text | None) -> list[str]:
        words = self._voice.noted(note)
        return [words] if words else []

    def _plain(
        self,
        when: When,
        says: list[str] | None = None,
        clauses: list[dict[str, Any]] | None = None,
        rules: list[dict[str, Any]] | None = None,
    ) -> dict[str, Any]:
        whom = self.when(when)
        for_whom = self._voice.say("rules.for", when=whom) if whom else ""
        return {"for": for_whom, "says": says or [], "rules": rules or [], "clauses": clauses or [], "notes": []}

    def _rule(self, name: str, words: str, grounds: Any = None) -> dict[str, Any]:
        basis: Basis | None = grounds and grounds.basis
        firm = self.firm(basis) if basis else None
        return {
            "name": name,
            "say": words,
            "basis": basis,
            "firm": firm,
            "source": grounds and grounds.source,
            "note": self._voice.noted(grounds.note) if grounds else None,
        }

    def _clause(self, name: str, words: str, parts: Mapping[str, Figure[Any]], note: Text | None = None) -> dict[str, Any]:
        stems = [(f"{name}.{part}" if part else name, figure) for part, figure in parts.items()]
        names = [f"{stem}.{key}".rstrip(".") for stem, figure in stems for key in figure.values]
        return {"name": name, "say": words, "figures": names, "note": self._voice.noted(note)}

    def _excluded(self, key: str, exclusion: Exclusion) -> dict[str, Any]:
        return self._rule(f"{key}.excluded", self._voice.say("rules.excluded", when=self.when(exclusion.when)), exclusion)

    def _referral(self) -> str:
        say, referral = self._voice.say, self._policy.referral
        if not referral.required_at:
            return say("rules.referral.nowhere")
        exempt = say(f"rules.referral.emergency_{str(referral.emergency_exempt).lower()}")
        return say("rules.referral", facilities=referral.required_at) + exempt

    def _label(self, figure: Used) -> str:
        """Which part of its clause a figure is, where there are several, and the keys it is for: 报销比例，县级医院."""
        steps = figure.name.split(".")
        keys = [words for step in steps if (words := self._keyed(step))]
        part = next((step for step in ("up_to", "rate") if self._shares_its_clause(figure.name, step)), None)
        part = "cap" if "adjustments" in steps and figure.unit == "yuan" and figure.value != "none" else part
        lead = [self._voice.say(f"figure.{part}")] if part else []
        if steps[:2] == ["premium", "personal"]:
            lead = [self._voice.say("rules.premium.year", year=steps[2])]
        return self._voice.say("comma").join([*lead, *keys])

    def _shares_its_clause(self, name: str, part: str) -> bool:
        """Whether a figure is this part of a band that has an upper edge as well."""
        band, found, _ = name.partition(f".{part}")
        return bool(found) and band in self._bounded

    def _keyed(self, step: str) -> str | None:
        """The words of a key that a figure varies by; None for any other step of its name."""
        policy = self._policy
        known = {"category": policy.categories, "facility": policy.facilities, "care": policy.care, "age": ("child", "adult")}
        family = next((name for name, keys in known.items() if step in keys), None)
        return self._key(family, step) if family else None

    def _key(self, family: str, key: str) -> str:
        return self._voice.say(f"rules.when.{key}" if family == "age" else f"{family}.{key}")

    def _listed(self, family: str, keys: tuple[str, ...]) -> str:
        return self._voice.listed(self._key(family, key) for key in keys)

    def _amount(self, figure: Used) -> str:
        say = self._voice.say
        if figure.value == "none":
            return say("figure.no_cap")
        if figure.unit == "percent" and figure.basis != "range" and figure.low is not None and figure.high is not None:
            return say("rules.share_between", share=figure.value, low_amount=fen(figure.low), high_amount=fen(figure.high))
        return change_words(self._voice, figure) or number_words(self._voice, figure).strip()


#: What tells each mechanism.
_TELL: Mapping[type, Any] = {
    Bands: RuleWords._bands,
    Ceiling: RuleWords._ceiling,
    TopUp: RuleWords._top_up,
    Exists: RuleWords._exists,
    Advice: RuleWords._advice,
}
