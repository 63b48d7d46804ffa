"""The people and the year that a question about the premium names."""

import pytest

from bot.conversation.heard import Household
from bot.understanding.household import household


@pytest.mark.parametrize(
    ("text", "people", "years_on"),
    [
        ("我家低保三口人,明年交多少钱", 3, 1),
        ("一家五口今年交多少", 5, 0),
        ("我们家12口人,后年要交多少", 12, 2),
        ("十口人去年交多少", 10, -1),
        ("家里十二口人", 12, None),
        ("两个人医保交多少", 2, None),
        ("医保一年交多少", None, None),
        ("低保两口人,监测三口人", None, None),
        ("999口人", None, None),
        ("今年没交,明年交多少", None, None),
        ("两口子交多少", 2, None),
        ("二十口人", 20, None),
        ("家里二十五口人", None, None),
        ("一百零三口人", None, None),
        ("1012口人", None, None),
        ("1,200人", None, None),
        ("几十口人", None, None),
        ("三四口人", None, None),
        ("三、四口人", None, None),
        ("3-5口人", None, None),
        ("三到五口人", None, None),
        ("三或者四口人", None, None),
        ("第三人民医院", None, None),
        ("市二人民医院", None, None),
    ],
)
def test_people_and_year_are_heard(text: str, people: int | None, years_on: int | None) -> None:
    """One count and one year are taken; two different ones, a range, a part of a larger numeral or an ordinal are not guessed at."""
    assert household(text) == Household(people, years_on)
