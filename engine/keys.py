"""The closed lists of keys that every pack, case and client shares (the contract's glossary). Words for them live in locales/."""

from typing import Literal, get_args

Category = Literal[
    "extreme_poverty",
    "subsistence_allowance",
    "back_in_poverty",
    "monitored",
    "lifted_out",
    "registered_poor",
    "child_in_difficulty",
    "low_income_margin",
    "poor_through_illness",
    "ordinary",
]
Facility = Literal[
    "township",
    "county",
    "city",
    "city_secondary",
    "city_tertiary",
    "province",
    "province_secondary",
    "province_tertiary",
    "outside_province",
    "grade_1",
    "grade_2",
    "grade_3",
]
Care = Literal["inpatient", "outpatient", "chronic_outpatient", "major_disease_inpatient", "major_disease_outpatient"]
LayerKey = Literal[
    "basic",
    "critical_illness",
    "supplementary",
    "medical_aid",
    "subsidy",
    "guarantee_351",
    "chronic_180",
    "re_aid",
    "uninsured_subsidy",
]
Basis = Literal["stated", "derived", "about", "regional", "unverified", "range", "unknown", "confirmed"]

Age = Literal["child", "adult"]

CATEGORIES: tuple[str, ...] = get_args(Category)
FACILITIES: tuple[str, ...] = get_args(Facility)
CARES: tuple[str, ...] = get_args(Care)
AGES: tuple[str, ...] = get_args(Age)
LAYERS: tuple[str, ...] = get_args(LayerKey)
BASES: tuple[str, ...] = get_args(Basis)

#: A figure with one of these is shown as it stands; any other is named as still to be confirmed.
FIRM: frozenset[str] = frozenset({"stated", "derived", "about", "confirmed"})
