"""The rule as a small tax-benefit system of our own on OpenFisca-Core: one entity, dated parameters, formulas vectorised with numpy.

Figures: FACTS.md A2 to A4. What is exact and what is fair about it:

- OpenFisca keeps whole numbers in 32 bits and others in float32, which holds no large amount to the fen. Variables are whole fen here (so
  totals up to 21 million yuan) and formulas reckon in 64 bits. Its `round` and `MarginalRateTaxScale.calc` work in floats and are not used.
- A parameter indexed with an array, `parameters.basic.rate[facility]`, as the documentation teaches it, takes a Python step for each row
  in OpenFisca-Core 46. A tuned system reads each parameter once for each member and lets numpy index, many times as fast. Both can be made.
- One simulation settles any number of bills, each a person with a bill of one year. OpenFisca is imported only when a system is made.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from benchmarks.rows import NotRun
from benchmarks.rules.bills import CATEGORIES, FACILITIES

YEAR = "2022"
RESULTS = ("basic", "critical_illness", "medical_aid", "own")

Lookup = Callable[[Any, Any], Any]

#: Fen and percent. Where no aid is paid, or no figure is known, the rate is nought.
PARAMETERS = {
    "basic": {
        "deductible": {"township": 200_00, "county": 500_00, "city": 700_00, "province": 1_000_00, "outside_province": 0},
        "outside": {"share": 20, "floor": 2_000_00, "ceiling": 10_000_00},
        "rate": {"township": 85, "county": 80, "city": 75, "province": 70, "outside_province": 60},
        "fewer_unregistered": {"township": 0, "county": 0, "city": 0, "province": 5, "outside_province": 10},
        "factor_unregistered": {"township": 1, "county": 1, "city": 1, "province": 2, "outside_province": 1},
        "guarantee": {"township": 45, "county": 45, "city": 45, "province": 45, "outside_province": 40},
        "referral_required": {"township": 0, "county": 0, "city": 0, "province": 1, "outside_province": 1},
        "cap": 200_000_00,
    },
    "illness": {
        "tilted": dict.fromkeys(CATEGORIES, 0) | {"extreme_poverty": 1, "subsistence_allowance": 1, "back_in_poverty": 1},
        "deductible": 12_000_00,
        "points": 5,
        "cap": 200_000_00,
        "start": {"tier_1": 0, "tier_2": 50_000_00, "tier_3": 100_000_00, "tier_4": 200_000_00},
        "rate": {"tier_1": 60, "tier_2": 65, "tier_3": 75, "tier_4": 80},
    },
    "aid": {
        "deductible": dict.fromkeys(CATEGORIES, 0) | {"back_in_poverty": 1_500_00, "monitored": 3_000_00},
        "rate": dict.fromkeys(CATEGORIES, 0) | {"extreme_poverty": 80, "subsistence_allowance": 75, "back_in_poverty": 70, "monitored": 60},
    },
}


class System:
    """The system, made once; `settle_many` takes a table, `settle` one bill."""

    def __init__(self, *, tuned: bool = True) -> None:
        """`tuned` lets numpy look figures up. Raises NotRun when OpenFisca-Core is not installed."""
        try:
            from openfisca_core.simulation_builder import SimulationBuilder
        except ImportError as error:
            raise NotRun("OpenFisca-Core is not installed: pip install openfisca-core") from error
        self.rules = _rules(_by_numpy if tuned else _as_documented)
        self._builder = SimulationBuilder

    def settle(self, category: str, facility: str, registered: bool, total: int, self_funded: int) -> tuple[int, ...]:
        """The three payouts and own cost of one bill: a simulation of one person."""
        import numpy as np

        bill = {
            "category": np.array([category]),
            "facility": np.array([facility]),
            "registered": np.array([registered]),
            "total": np.array([total]),
            "self_funded": np.array([self_funded]),
        }
        return tuple(int(amounts[0]) for amounts in self.settle_many(bill))

    def settle_many(self, bills: Mapping[str, Any]) -> tuple[Any, ...]:
        """The same for a numpy array of each fact; categories and facilities as text."""
        simulation = self._builder().build_default_simulation(self.rules, count=len(bills["total"]))
        for name, values in bills.items():
            simulation.set_input(name, YEAR, values)
        return tuple(simulation.calculate(name, YEAR) for name in RESULTS)


def _rules(by: "Lookup") -> Any:
    """The tax-benefit system."""
    from openfisca_core.entities import build_entity
    from openfisca_core.parameters import ParameterNode
    from openfisca_core.taxbenefitsystems import TaxBenefitSystem

    person = build_entity(key="person", plural="persons", label="A person with one bill in the year", is_person=True)
    system = TaxBenefitSystem([person])
    system.parameters = ParameterNode("", data=_dated(PARAMETERS))
    system.add_variables(*_facts(person), *(_variable(person, *each) for each in _Formulas(by).all()))
    return system


def _dated(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Plain numbers as parameters in force from 2022 on."""
    return {
        name: _dated(value) if isinstance(value, Mapping) else {"values": {"2022-01-01": {"value": value}}} for name, value in tree.items()
    }


def _facts(person: Any) -> Iterator[type]:
    """What a bill is told with."""
    from openfisca_core.indexed_enums import Enum

    for name, keys, unsaid in (("category", CATEGORIES, "ordinary"), ("facility", FACILITIES, "county")):
        members = Enum(name, [(key, key) for key in keys])
        yield _variable(person, name, Enum, possible_values=members, default_value=members[unsaid])
    yield _variable(person, "registered", bool)
    yield _variable(person, "total", int)
    yield _variable(person, "self_funded", int)


def _variable(person: Any, name: str, kind: Any, formula: Callable[..., Any] | None = None, **more: Any) -> type:
    """A variable class; OpenFisca reads no attribute that is inherited."""
    from openfisca_core.periods import DateUnit
    from openfisca_core.variables import Variable

    worked_out = {} if formula is None else {"formula": formula}
    return type(name, (Variable,), {"value_type": kind, "entity": person, "definition_period": DateUnit.YEAR, **worked_out, **more})


class _Formulas:
    """What is worked out. `by` gives the parameter for each key of an array."""

    def __init__(self, by: Lookup) -> None:
        self.by = by

    def all(self) -> list[tuple[str, type, Callable[..., Any]]]:
        """Each with its name and type."""
        return [
            ("referred", bool, self.referred),
            ("eligible", int, _eligible),
            ("basic", int, self.basic),
            ("unpaid_after_basic", int, _unpaid_after_basic),
            ("critical_illness", int, self.critical_illness),
            ("medical_aid", int, self.medical_aid),
            ("own", int, _own),
        ]

    def referred(self, person: Any, period: Any, parameters: Any) -> Any:
        required = self.by(parameters(period).basic.referral_required, person("facility", period))
        return person("registered", period) | (required == 0)

    def basic(self, person: Any, period: Any, parameters: Any) -> Any:
        import numpy as np

        rules, facility, referred = parameters(period).basic, person("facility", period), person("referred", period)
        total, eligible = _fen(person, "total", period), _fen(person, "eligible", period)
        # Deductibles in hundredths of a fen, in which a fifth of the total is whole.
        outside = np.clip(total * rules.outside.share, rules.outside.floor * 100, rules.outside.ceiling * 100)
        fixed = self.by(rules.deductible, facility) * np.where(referred, 1, self.by(rules.factor_unregistered, facility)) * 100
        deductible = np.where(facility == facility.possible_values.outside_province, outside, fixed)
        rate = self.by(rules.rate, facility) - np.where(referred, 0, self.by(rules.fewer_unregistered, facility))
        normal = (eligible * 100 - deductible) * rate
        guarantee = (total * 100 - deductible) * self.by(rules.guarantee, facility)
        owed = np.maximum(np.maximum(normal, guarantee), 0)
        return np.minimum((owed + 5_000) // 10_000, rules.cap)

    def critical_illness(self, person: Any, period: Any, parameters: Any) -> Any:
        import numpy as np

        rules = parameters(period).illness
        tilted = self.by(rules.tilted, person("category", period)) == 1
        above = _fen(person, "unpaid_after_basic", period) - np.where(tilted, rules.deductible // 2, rules.deductible)
        points = np.where(tilted, rules.points, 0)
        starts = [rules.start[tier] for tier in rules.start]
        owed = np.zeros_like(above)
        for tier, start, end in zip(rules.rate, starts, [*starts[1:], None], strict=True):
            owed += np.clip(above - start, 0, None if end is None else end - start) * (rules.rate[tier] + points)
        paid = (owed + 50) // 100
        return np.where(tilted, paid, np.minimum(paid, rules.cap))

    def medical_aid(self, person: Any, period: Any, parameters: Any) -> Any:
        import numpy as np

        rules, category = parameters(period).aid, person("category", period)
        unpaid = _fen(person, "unpaid_after_basic", period) - person("critical_illness", period)
        above = np.maximum(unpaid - self.by(rules.deductible, category), 0)
        return np.where(person("referred", period), (above * self.by(rules.rate, category) + 50) // 100, 0)


def _eligible(person: Any, period: Any) -> Any:
    return person("total", period) - person("self_funded", period)


def _unpaid_after_basic(person: Any, period: Any) -> Any:
    import numpy as np

    return np.maximum(person("eligible", period) - person("basic", period), 0)


def _own(person: Any, period: Any) -> Any:
    paid = person("basic", period) + person("critical_illness", period) + person("medical_aid", period)
    return person("total", period) - paid


def _fen(person: Any, name: str, period: Any) -> Any:
    """An amount in 64 bits."""
    return person(name, period).astype("int64")


def _by_numpy(node: Any, keys: Any) -> Any:
    import numpy as np

    return np.array([node[member.name] for member in keys.possible_values], dtype=np.int64)[keys]


def _as_documented(node: Any, keys: Any) -> Any:
    return node[keys]
