"""Who it is for, the next one of a family, a sick child, and categories that are not sure: what a message may say beside the facts."""

from typing import Any

from bot.conversation import Ambiguity, Conversation, Heard, Incoming, Reply, Slot, offered, open_question, summary, take_turn
from bot.speech import reply_text
from tests.conversation.test_stateful import RULES, VOICES

ZH = VOICES[0]
#: A bill of 20,000 yuan in the county hospital with nothing out of catalogue: hand-checked rows 1 and 2.
BILL = {"facility": Slot("county", "县医院"), "total": Slot("20000.00", "两万"), "self_funded": Slot("0.00", "没有自费")}
POOR = {"category": Slot("subsistence_allowance", "低保")}
MAYBE = Ambiguity("category", ("monitored",), "监测户")
BOTH = Ambiguity("category", ("subsistence_allowance", "monitored"), "低保、监测户", both=True)


class Talk:
    """A talk in Bozhou, said as it is heard."""

    def __init__(self, place: str | None = "anhui-bozhou") -> None:
        self.place, self.at, self.replies = place, Conversation(), ()
        self.replies: tuple[Reply, ...]

    def hear(self, slots: dict[str, Slot] | None = None, *ambiguous: Ambiguity, intent: str = "estimate") -> str:
        """One message and the answer to it."""
        return self._take(heard=Heard(slots or {}, ambiguous, intent=intent))

    def press(self, choice: str) -> str:
        """One button and the answer to it."""
        return self._take(choice=choice)

    def buttons(self) -> list[str]:
        """The keys of all buttons of the newest answer."""
        return [choice.key for reply in self.replies for choice in reply.choices]

    def _take(self, **said: Any) -> str:
        turned = take_turn(self.at, Incoming(f"m{self.at.turn + 1}", place=self.place, **said), RULES)
        self.at, self.replies = turned.conversation, turned.replies
        return "\n".join(reply_text(ZH, reply) for reply in turned.replies)


def who(key: str, text: str) -> dict[str, Slot]:
    """For whom somebody asks."""
    return {"who": Slot(key, text)}


def test_who_it_is_for_shapes_the_words_and_no_amount() -> None:
    """俺妈 is 您家老人, is no fact of the case, and without it the wording is neutral."""
    talk = Talk()
    assert "自己掏 1,100 元" in talk.hear(BILL | POOR)
    assert "您家老人大约能报 18,900 元，自己掏 1,100 元" in talk.hear(who("parent", "俺妈"))
    assert summary(talk.at, RULES).keys() == {"place", "category", "facility", "total", "self_funded"}


def test_who_it_is_for_alone_is_no_misunderstanding() -> None:
    """俺妈 said before anything else is taken, and the question goes on."""
    talk = Talk()
    assert talk.hear(who("parent", "俺妈")) == "病人家里属于哪一种？不清楚也没关系。"


def test_a_wish_is_heard_whoever_it_is_for() -> None:
    """给我妈重新算 begins anew; 我邻居明年交多少保费 is answered and the bill stays what it was."""
    talk = Talk()
    talk.hear(BILL | POOR)
    assert "每人自己交 40 元" in talk.hear(who("neighbour", "我邻居"), intent="premium")
    assert "重新来" in talk.hear(who("parent", "我妈"), intent="restart")
    assert open_question(talk.at, RULES) == "category"


def test_a_correction_beside_the_person_still_means_the_last_amount() -> None:
    """不对，俺妈是两千 after a self-funded part changes that part."""
    talk = Talk()
    talk.hear(BILL | POOR)
    talk.hear({"self_funded": Slot("3000.00", "三千")})
    talk.hear(who("parent", "俺妈") | {"total": Slot("2000.00", "两千")}, intent="correct")
    assert summary(talk.at, RULES)["self_funded"] == "2000.00"


def test_the_next_one_is_told_in_one_breath() -> None:
    """再算一个人，我儿子，普通居民，两万 begins the next one with what was said of them; going back takes all of it."""
    talk = Talk()
    talk.hear(BILL | POOR | who("parent", "俺妈"))
    answer = talk.hear(BILL | who("child", "我儿子") | {"category": Slot("ordinary", "普通居民")}, intent="another")
    assert "第 1 位（您家老人，低保）：自己掏 1,100 元" in answer
    assert "第 2 位（孩子，普通居民）：自己掏 4,400 元" in answer
    assert "这 2 位一共自己掏 5,500 元" in answer
    assert "您家老人大约能报 18,900 元，自己掏 1,100 元" in talk.hear(intent="back")


def test_the_first_of_a_family_may_be_told_as_another() -> None:
    """给我爸也算一下，低保 before anybody was counted is simply the first one."""
    talk = Talk()
    talk.hear(BILL | POOR, intent="another")
    assert "action=people" not in talk.buttons()
    assert summary(talk.at, RULES)["category"] == "subsistence_allowance"


def test_who_alone_begins_the_next_one() -> None:
    """给我爸也算一下 begins the next one as well, and keeps whom it is for."""
    talk = Talk()
    talk.hear(BILL | POOR)
    assert "再算一个人" in talk.hear(who("parent", "我爸"), intent="another")
    assert "您家老人大约能报" in talk.hear(BILL | POOR)


def test_one_that_is_not_finished_is_set_aside() -> None:
    """再算一个人 before the first one has a bill loses nothing of what was said with it, and the sum leaves the first one out."""
    talk = Talk()
    talk.hear({"category": Slot("extreme_poverty", "特困")})
    answer = talk.hear(BILL | POOR, intent="another")
    assert "还没算完，先放着" in answer
    assert "自己掏 1,100 元" in answer
    talk.hear(BILL | POOR, intent="another")
    answer = talk.press("action=people")
    assert "第 1 位：还没算完，没有加进去" in answer
    assert "这 2 位一共自己掏 2,200 元" in answer


def test_the_first_one_of_a_family_is_no_next_one() -> None:
    """再算一个人 before anything was said begins with the first one."""
    talk = Talk()
    assert "这就是第一位" in talk.press("action=another")


def test_registration_and_the_year_are_not_shared() -> None:
    """Whether somebody registered, and what they paid this year, is their own; the hospital and the day are kept."""
    talk = Talk()
    talk.hear(
        BILL | POOR | {"facility": Slot("province", "省医院"), "on": Slot("2024-05-01", ""), "registered": Slot(value=False, text="")}
    )
    talk.press("so_far_own=10000.00")
    talk.press("action=another")
    assert summary(talk.at, RULES) == {"place": "anhui-bozhou", "facility": "province", "on": "2024-05-01"}


def test_a_category_found_by_questions_stays_with_its_person() -> None:
    """What the questions about the category led to is closed with the person."""
    talk = Talk()
    for choice in ("action=finder", "finder.extreme_poverty=true", "facility=city", "total=100000.00", "self_funded=0.00"):
        talk.press(choice)
    talk.press("action=another")
    assert "第 1 位（特困）：自己掏 2,566.75 元" in talk.press("action=people")


def test_a_doubted_category_shows_both_results() -> None:
    """好像是监测户 is settled last: both results, the difference, and three buttons."""
    talk = Talk(place=None)
    talk.hear({}, MAYBE)
    assert open_question(talk.at, RULES) == "place"
    talk.press("place=anhui-bozhou")
    assert "按监测户算，自己少掏 840 元" in talk.hear(BILL)
    assert talk.buttons() == ["category=monitored", "category=ordinary", "unsure=category"]
    assert [choice.key for choice in offered(talk.at, RULES)] == talk.buttons()


def test_a_vague_amount_keeps_its_likely_values_over_a_side_question() -> None:
    """What stands behind the question is told, and 好几万 is asked back again with the same buttons; two readings are too."""
    talk = Talk()
    for candidates in ((), ("30000.00", "50000.00")):
        talk.hear({"facility": Slot("county", "县医院")} | POOR, Ambiguity("total", candidates, "好几万"))
        asked = talk.buttons()
        assert "好几万" in talk.press("action=why")
        assert talk.buttons() == asked
        assert any(key.startswith("total=") for key in asked)


def test_of_a_doubt_only_an_amount_keeps_its_words() -> None:
    """A clause about an earlier stay may name somebody; nothing of it is kept with the talk."""
    talk = Talk()
    talk.hear(
        {"facility": Slot("county", "县医院")} | POOR, Ambiguity("earlier", (), "俺妈王秀英上次住院"), Ambiguity("total", (), "好几万")
    )
    kept = [answer.text for answer in talk.at.answers if answer.text]
    assert "好几万" in kept
    assert not any("王秀英" in words for words in kept)


def test_a_doubted_category_that_the_place_does_not_know_is_asked() -> None:
    """Bozhou's rules of now know no 建档立卡: its doubt is asked back with the categories they know."""
    talk = Talk()
    talk.hear(BILL, Ambiguity("category", ("registered_poor",), "建档立卡"))
    assert "category=monitored" in talk.buttons()


def test_two_categories_at_once_take_the_better_one_aloud() -> None:
    """既是低保又是监测户 is counted as the one that leaves less to pay of this bill, with a button for the other."""
    talk = Talk()
    answer = talk.hear(BILL, BOTH)
    assert "自己掏 1,100 元" in answer
    assert "这次按低保算，自己掏得少，几种不叠加" in answer
    assert talk.buttons()[0] == "category=monitored"
    assert "自己掏 3,560 元" in talk.press("category=monitored")
    assert "category=subsistence_allowance" in talk.buttons()


def test_two_categories_are_kept_until_the_bill_is_known() -> None:
    """Which one is better is not decided before place, hospital and total are known."""
    talk = Talk()
    talk.hear({}, BOTH)
    assert open_question(talk.at, RULES) == "facility"
    assert "这次按低保算" in talk.hear(BILL)


def test_a_contradiction_is_found_behind_a_doubt() -> None:
    """A self-funded part above the total is refused although no category is known."""
    for doubt in (MAYBE, BOTH):
        talk = Talk()
        talk.hear(BILL, doubt)
        assert "比总费用 20,000 元还多" in talk.hear({"self_funded": Slot("30000.00", "三万")})


def test_a_sick_child_is_asked_once_for_a_grown_up() -> None:
    """A patient of ten: asked once beside the answer; the answer changes no amount, and is not asked again."""
    talk = Talk()
    assert "是家长在帮着问吗" in talk.hear(POOR | {"age": Slot(10, "10岁")})
    assert talk.buttons() == ["guardian=true", "guardian=false"]
    assert "坐在旁边" in talk.press("guardian=false")
    assert open_question(talk.at, RULES) == "facility"
    assert "家长" not in talk.hear(BILL)
    assert "guardian" not in summary(talk.at, RULES)


def test_the_question_about_a_grown_up_is_never_in_the_way() -> None:
    """Who goes on talking instead of answering is not asked again; 不知道 goes on too."""
    talk = Talk()
    talk.hear(POOR | {"age": Slot(10, "10岁")})
    assert "家长" not in talk.hear(BILL)
    unsure = Talk()
    unsure.hear(POOR | {"age": Slot(10, "10岁")})
    turned = take_turn(unsure.at, Incoming("m9", heard=Heard(unsure="guardian")), RULES)
    assert open_question(turned.conversation, RULES) == "facility"


def test_whose_own_child_it_is_needs_no_such_question() -> None:
    """我儿子8岁 is said by a parent; a child in difficulty that writes of itself is asked, one of fourteen is not."""
    assert "家长" not in Talk().hear({"age": Slot(8, "8岁")} | who("child", "我儿子"))
    assert "家长" not in Talk().hear({"age": Slot(14, "14岁")})
    puyang = Talk("henan-puyang")
    puyang.hear({"on": Slot("2018-03-01", "")})
    assert "家长" in puyang.hear({"category": Slot("child_in_difficulty", "困境儿童")} | who("self", "我"))


def test_distress_keeps_what_was_said() -> None:
    """俺妈低保，没钱治了: care first, then the category counts and the help goes on with the next question."""
    talk = Talk()
    answer = talk.hear(POOR | who("parent", "俺妈"), intent="human")
    assert answer.startswith("您先别急，人要紧")
    assert "12393" in answer.split("在哪一级医院住院")[0]
    assert summary(talk.at, RULES)["category"] == "subsistence_allowance"
