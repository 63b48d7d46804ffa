"""What a change of rules does: which figures differ, and what sample households pay under each pack, worked by hand."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from bot import resources
from engine import FATES, FIGURE_KINDS, Diff, Edition, PackError, SampleBill, diff, estimate, read_case, read_draft, read_samples
from engine.compare import last_day
from tests.shelf import POLICIES, SHELF

TODAY = date(2026, 11, 25)
SAMPLES = read_samples(resources.SAMPLES)
KEYS = [edition.pack.key for edition in SHELF.editions()]

Changed = Callable[..., Edition]


def held(key: str) -> Edition:
    """A pack of the project."""
    edition = SHELF.find(key)
    assert edition is not None
    return edition


def held_against(first: Edition, second: Edition) -> Diff:
    """Two packs, with the project's sample households."""
    return diff(first, second, SAMPLES, SHELF, TODAY)


def between(first: str, second: str) -> Diff:
    """Two packs of the project."""
    return held_against(held(first), held(second))


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    """Reads a copy of a pack in which some lines are written otherwise, from a file that stands anywhere."""

    def change(key: str, *lines: tuple[str, str]) -> Edition:
        text = (POLICIES / f"{key}.yaml").read_text(encoding="utf-8")
        for before, after in lines:
            assert text.count(before) == 1, before
            text = text.replace(before, after)
        file = tmp_path / "draft.yaml"
        file.write_text(text, encoding="utf-8")
        return read_draft(file)

    return change


def named(found: Diff, words: str) -> SampleBill:
    """The sample household of that name."""
    return next(household for household in found.households if household.sample.name.zh == words)


def moved(found: Diff) -> dict[str, int | None]:
    """What the households that gain or lose pay more, in fen."""
    return {each.sample.name.zh: each.own for each in found.households if each.fate in ("gains", "loses")}


def figures(found: Diff, kind: str) -> list[str]:
    """The names of the figures that changed in this way."""
    return [(each.after or each.before).name for each in found.figures if each.kind == kind and (each.after or each.before)]


@pytest.mark.parametrize("key", KEYS)
def test_a_pack_against_itself_has_no_figures_and_nobody_gains(key: str) -> None:
    """Every household that is answered pays the same, also one of whom only an upper bound is known."""
    found = between(key, key)
    assert (found.figures, found.other) == ((), ())
    assert {each.fate for each in found.households} <= {"same", "skipped"}
    assert {each.own for each in found.households if each.fate == "same"} == {0}
    assert found.count("same") > 10


def test_a_raised_rate_is_that_figure_and_reaches_those_at_that_hospital(changed: Changed) -> None:
    """Bozhou's city hospitals pay 77% for 75%.

    Of 44,300 above the deductible 2% are 886. Of the monitored's 74,300 it is 1,486, of which critical illness insurance and aid had paid
    60% each: 1,486 × 0.4 × 0.4 = 237.76. Of the allowance's 41,300 it is 826: 11,025 becomes 10,199, 65% above 6,000 leave 7,758.75 and
    7,469.65, aid of 75% leaves 1,939.69 and 1,867.41. The margin's aid nobody can compute.
    """
    found = held_against(held("anhui-bozhou/2022"), changed("anhui-bozhou/2022", ("            city: 75%", "            city: 77%")))
    assert [(each.kind, each.before and each.before.value, each.after and each.after.value) for each in found.figures] == [
        ("changed", "75", "77")
    ]
    assert figures(found, "changed") == ["basic.tiers.0.rate.city"]
    assert list(moved(found).items()) == [
        ("普通居民，50,000 元，其中自费 5,000 元", -88_600),
        ("监测户大病，80,000 元，其中自费 5,000 元", -23_776),
        ("低保户，45,000 元，其中自费 3,000 元", -7_228),
    ]
    assert [each.sample.category for each in found.households if each.fate == "open"] == ["low_income_margin"]


def test_the_other_way_round_those_who_gained_lose(changed: Changed) -> None:
    """The first pack is before and the second after, and who loses most stands last."""
    draft = changed("anhui-bozhou/2022", ("            city: 75%", "            city: 77%"))
    found = held_against(draft, held("anhui-bozhou/2022"))
    assert list(moved(found).values()) == [7_228, 23_776, 88_600]


def test_what_changed_in_bozhou_in_2022() -> None:
    """351 left 3,000 in the county, 5,000 in the city and 10,000 in the province of what was eligible.

    Now aid leaves 低保 25%: of 4,400 in the county, of 7,758.75 in the city, of 18,845 in the province. Monitored in the county: 4,400 less
    60% of 1,400. Lifted out: 4,400. Back in poverty: 7,200 less 65% of 1,200 is 6,420, less 70% of 4,920 is 2,976.
    """
    found = between("anhui-bozhou/2017", "anhui-bozhou/2022")
    assert moved(found) == {
        "低保户大病，150,000 元，办了转诊备案": -528_875,
        "低保户，45,000 元，其中自费 3,000 元": -306_031,
        "低保老人，20,000 元": -190_000,
        "返贫致贫户，35,000 元，其中自费 1,000 元": -2_400,
        "监测户，20,000 元": 56_000,
        "稳定脱贫户，20,000 元": 140_000,
        "监测户大病，80,000 元，其中自费 5,000 元": 276_400,
    }
    assert {each.sample.category for each in found.households if each.fate == "same"} == {"ordinary", "subsistence_allowance"}
    assert set(figures(found, "dropped")) >= {f"guarantee_351.at_most.{level}" for level in ("township", "county", "city", "province")}
    assert {"re_aid.threshold", "medical_aid.deductible.back_in_poverty"} <= set(figures(found, "added"))


def test_people_are_followed_from_one_edition_to_the_next() -> None:
    """The monitored were 建档立卡; 建档立卡 became several and nobody can say which; the margin was no category in 2017."""
    found = between("anhui-bozhou/2017", "anhui-bozhou/2022")
    monitored = named(found, "监测户，20,000 元")
    assert (monitored.before.category, monitored.after.category) == ("registered_poor", "monitored")
    poor = named(found, "建档立卡户，20,000 元")
    assert (poor.fate, poor.after.note and poor.after.note.key, poor.own) == ("skipped", "changed.several", None)
    margin = named(found, "低保边缘户，60,000 元，其中自费 4,000 元")
    assert (margin.fate, margin.before.note and margin.before.note.key) == ("skipped", "changed.no_earlier")


def test_a_level_of_basic_that_became_one_of_several_is_the_same_figure() -> None:
    """Bozhou's basic insurance had two rules in 2017 and has one now, of the same figures: none is told as dropped and added."""
    found = between("anhui-bozhou/2017", "anhui-bozhou/2022")
    assert figures(found, "changed") == []
    assert [name for name in (*figures(found, "added"), *figures(found, "dropped")) if name.startswith("basic")] == ["basic.cases.1.amount"]


def test_what_changed_in_puyang_in_2022() -> None:
    """Township, 3,000: 420 + 1,980 were paid, now 455 + 1,980. City, 50,000: 18,837 was left, now 18,996 less 60% of 2,996.

    Lifted out: filled up to 90% of 20,000 before, now 693 + 15,355 are paid. Uninsured: 50% before, now nothing.
    """
    found = between("henan-puyang/2017", "henan-puyang/2022")
    assert moved(found) | {
        "普通居民小病，3,000 元": -3_500,
        "普通居民，50,000 元，其中自费 5,000 元": -163_860,
        "稳定脱贫户，20,000 元": 195_200,
        "没参保的低保户，20,000 元": 1_000_000,
    } == moved(found)
    changes = {each.after.name: (each.before.value, each.after.value) for each in found.of_kind("changed") if each.before and each.after}
    assert changes == {
        "basic.deductible.township": ("200", "150"),
        "basic.deductible.city_tertiary": ("900", "1200"),
        "basic.deductible.province_tertiary": ("1500", "2000"),
        "basic.deductible.outside_province": ("1500", "2000"),
        "critical_illness.deductible": ("15000", "11000"),
        "critical_illness.tiers.0.up_to": ("50000", "100000"),
        "critical_illness.tiers.0.rate": ("50", "60"),
        "critical_illness.tiers.1.rate": ("60", "70"),
    }
    assert {"critical_illness.tiers.1.up_to", "critical_illness.tiers.2.rate", "supplementary.cap"} <= set(figures(found, "dropped"))


@pytest.mark.parametrize("place", ["anhui-bozhou", "henan-puyang"])
def test_the_newer_edition_may_be_named_first(place: str) -> None:
    """Everything is the other way round: what was added is dropped, who gained loses by as much, and nobody is asked otherwise."""
    forth, back = between(f"{place}/2017", f"{place}/2022"), between(f"{place}/2022", f"{place}/2017")
    assert (back.count("gains"), back.count("loses")) == (forth.count("loses"), forth.count("gains"))
    assert {name: -(own or 0) for name, own in moved(back).items()} == moved(forth)
    assert (set(figures(back, "added")), set(figures(back, "dropped"))) == (set(figures(forth, "dropped")), set(figures(forth, "added")))


def test_people_are_followed_through_the_editions_in_between(changed: Changed) -> None:
    """A draft for 2026 that renames nobody: against 2017 its monitored are found through 2022."""
    draft = changed(
        "anhui-bozhou/2022",
        ('edition: "2022"', 'edition: "2026"'),
        ("valid_from: 2022-01-01", "valid_from: 2026-01-01"),
        ("verified_until: 2025-12-31", "verified_until: 2026-12-31"),
        ("formerly: {back_in_poverty: registered_poor, monitored: registered_poor, lifted_out: registered_poor}", "formerly: {}"),
    )
    found = held_against(held("anhui-bozhou/2017"), draft)
    assert (named(found, "监测户，20,000 元").before.category, named(found, "监测户，20,000 元").own) == ("registered_poor", 56_000)
    assert {each.fate for each in held_against(held("anhui-bozhou/2022"), draft).households} == {"same", "open", "skipped"}


def test_a_figure_that_goes_and_one_that_comes(changed: Changed) -> None:
    """A year's premium is dropped, another one added; a household's bill has nothing to do with either."""
    found = held_against(held("anhui-bozhou/2022"), changed("anhui-bozhou/2022", ('"2024": {value: 380', '"2026": {value: 430')))
    assert [(each.kind, each.before and each.before.name, each.after and each.after.name) for each in found.figures] == [
        ("dropped", "premium.personal.2024", None),
        ("added", None, "premium.personal.2026"),
    ]
    assert {each.fate for each in found.households} == {"same", "skipped"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("county: 500 yuan", "county: {value: 500 yuan, basis: regional}"),
        ("county: 500 yuan", "county: {value: 500 yuan, source: article}"),
        ("county: 500 yuan", "county: {value: 500 yuan, note: {zh: 读过两遍, en: read twice}}"),
    ],
)
def test_another_basis_source_or_note_alone_is_told_as_such(changed: Changed, before: str, after: str) -> None:
    """The number stays, so nobody gains or loses."""
    found = held_against(held("anhui-bozhou/2022"), changed("anhui-bozhou/2022", (before, after)))
    assert [each.kind for each in found.figures] == ["reason"]
    assert (figures(found, "reason"), moved(found)) == (["basic.deductible.county"], {})


def test_a_narrower_range_is_a_change(changed: Changed) -> None:
    """The amount takes the lower end of the cap, which stays; the bill that reaches it may still come to something else."""
    draft = changed(
        "anhui-bozhou/2022",
        (
            "      high: 300000 yuan\n      source: anhui-2019\n      note: {zh: 各市",
            "      high: 250000 yuan\n      source: anhui-2019\n      note: {zh: 各市",
        ),
    )
    found = held_against(held("anhui-bozhou/2022"), draft)
    assert [(each.before and each.before.high, each.after and each.after.high) for each in found.of_kind("changed")] == [
        ("300000", "250000")
    ]
    reached = named(found, "普通居民大病，600,000 元，办了转诊备案")
    assert (reached.fate, reached.own, reached.firm) == ("same", 0, "about")


def test_a_figure_that_becomes_known_leaves_the_difference_open(changed: Changed) -> None:
    """Before, only the most that the margin pays is known, so nobody can say what it gains."""
    draft = changed(
        "anhui-bozhou/2022",
        (
            "        monitored: 3000 yuan\n        low_income_margin: {basis: unknown}",
            "        monitored: 3000 yuan\n        low_income_margin: 6000 yuan",
        ),
        (
            "            monitored: 60%\n            low_income_margin: {basis: unknown}",
            "            monitored: 60%\n            low_income_margin: 50%",
        ),
    )
    found = held_against(held("anhui-bozhou/2022"), draft)
    assert figures(found, "changed") == ["medical_aid.deductible.low_income_margin", "medical_aid.tiers.0.rate.low_income_margin"]
    margin = named(found, "低保边缘户，60,000 元，其中自费 4,000 元")
    assert (margin.fate, margin.own, margin.firm) == ("open", None, "most")
    assert margin.after.estimate is not None
    assert margin.after.estimate.status == "computed"


def test_what_is_no_figure_is_told_by_the_part_it_stands_in(changed: Changed) -> None:
    """Aid is taken from the monitored: no figure changes, and they lose the 60% of what they had above 3,000."""
    draft = changed(
        "anhui-bozhou/2022",
        (
            "back_in_poverty, monitored, low_income_margin, poor_through_illness]\n    excluded",
            "back_in_poverty, low_income_margin, poor_through_illness]\n    excluded",
        ),
    )
    found = held_against(held("anhui-bozhou/2022"), draft)
    assert (found.figures, found.other) == ((), ("layers.medical_aid",))
    assert moved(found) == {"监测户，20,000 元": 84_000, "监测户大病，80,000 元，其中自费 5,000 元": 714_600}


@pytest.mark.parametrize(
    ("before", "after", "part"),
    [
        ("at_most: 10000 yuan}\n    tiers_from", "at_most: 10000 yuan, rounded: true}\n    tiers_from", "layers.basic"),
        ("    title: 国家每年公布的居民医保个人缴费最低标准", "    title: 国家每年公布的最低标准", "sources"),
        ("facilities: [township, county,", "facilities: [county, township,", "facilities"),
    ],
)
def test_no_change_of_a_pack_is_passed_over(changed: Changed, before: str, after: str, part: str) -> None:
    """How a share is rounded, what a source is called and the order of a list are no figures, so their part is named."""
    found = held_against(held("anhui-bozhou/2022"), changed("anhui-bozhou/2022", (before, after)))
    assert (found.figures, found.other) == ((), (part,))


@pytest.mark.parametrize(("first", "second"), [(one, other) for one in KEYS for other in KEYS if one.split("/")[0] == other.split("/")[0]])
def test_every_side_is_the_estimate_of_that_pack(first: str, second: str) -> None:
    """A side is what estimate() gives on the pack's last verified day; differences are theirs, and every sample has one fate."""
    found = between(first, second)
    for household in found.households:
        for side in (household.before, household.after):
            if side.estimate is not None:
                facts = household.sample.case(side.policy.place, household.facility).model_dump(exclude_none=True, exclude={"earlier"})
                money = {name: facts[name] / 100 for name in ("total", "self_funded", "first_share")}
                case = facts | money | {"on": last_day(side.policy, TODAY), "category": side.category}
                assert side.estimate == estimate(read_case(case), SHELF, TODAY)
        answered = household.before.estimate is not None and household.after.estimate is not None
        assert answered == (household.fate != "skipped")
    assert sum(found.count(fate) for fate in FATES) == len(SAMPLES)
    assert sum(len(found.of_kind(kind)) for kind in FIGURE_KINDS) == len(found.figures)


def test_two_places_are_not_held_against_each_other() -> None:
    """They share neither people nor hospitals."""
    with pytest.raises(ValueError, match="different places"):
        between("anhui-bozhou/2022", "beijing/2023")


def test_every_place_has_a_dozen_households_that_it_answers() -> None:
    """Hospitals are taken by the name the place has for them, and each place's own categories are among the samples."""
    for edition in SHELF.editions():
        found = between(edition.pack.key, edition.pack.key)
        asked = {each.sample.category for each in found.households if each.fate != "skipped"}
        assert asked == set(edition.policy.categories)
        assert len({each.facility for each in found.households if each.fate != "skipped"}) >= 3
        assert found.count("same") >= 12


ROW = "households:\n  - name: {zh: 甲, en: A}\n    category: ordinary\n    facility: [county]\n    total: 1000\n    self_funded: 0\n"


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        (ROW.replace("ordinary", "rich"), "3:", "is not a known word"),
        (ROW.replace("[county]", "[county, castle]"), "4:", "is not a known word"),
        (ROW.replace("[county]", "county"), "4:", "is no list"),
        (ROW.replace("[county]", "[]"), "4:", "at least 1 item"),
        (ROW.replace("1000", "many"), "5:", "not an amount"),
        (ROW.replace("self_funded: 0", "self_funded: 1000.01"), "2:", "more than the total of 1000.00"),
        (ROW.replace("    self_funded: 0\n", ""), "2:", "`self_funded` is missing here"),
        (ROW + "    place: beijing\n", "7:", "unknown key `place`"),
        (ROW + "    insured: maybe\n", "7:", "insured"),
        (ROW.replace(", en: A", ""), "2:", "`en` is missing here"),
        ("households: []\n", "1:", "at least 1 item"),
    ],
)
def test_a_mistake_in_the_samples_is_told_with_its_line(tmp_path: Path, text: str, where: str, words: str) -> None:
    """As for a pack."""
    file = tmp_path / "households.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(PackError) as caught:
        read_samples(file)
    assert str(caught.value).startswith(f"{file}:{where}")
    assert words in str(caught.value)
