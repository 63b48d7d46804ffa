"""How old the patient is: 今年9岁, 六十五岁, 八个月大. Whose age it is the words before it tell; of two different ages none is taken."""

import re

from bot.understanding.claims import Claim
from bot.understanding.numerals import runs, values
from bot.understanding.scope import before

_NUMBER = "[0-9]{1,3}|[一二两三四五六七八九十百零〇]{1,5}"
_YEARS = re.compile(
    rf"(?<![0-9一二两三四五六七八九十百零〇几.\-~到至])(?P<years>{_NUMBER}) ?周?岁(?!以[上下内前后外]|的时候|那年|时|起|多|到|至|[-~、])"
)
#: 今年七十三了, 婆婆76, 90高龄: of a grown-up, whose age is often said without 岁.
_OLD = re.compile(
    rf"(?:今年|妈|爸|爹|娘|俺大|我大|父亲|母亲|老伴|爷|奶|姥|婆|公公|叔|婶|姨|舅|姑|哥|姐|嫂|岳父|岳母|丈人|老人|男人|女人|孙子|孙女|儿子|闺女|女儿|媳妇|老公|老婆|丈夫|妻子|弟|妹|老头子?|老太(?:太|婆)?|嘞娘|大伯|老汉|大娘|大爷|大伯|大妈|[我俺]"
    rf"|(?:年龄|岁数)[^,，0-9]{{0,4}}[,，]?)[,， ]?(?:今年|都|快|已经|也|是)*"
    rf"(?P<old>{_NUMBER})(?:高龄|[了啦咯哩咧喽嘞](?! ?[多元块毛万千百次天kKwW])|(?=[,，。;!? \n]|$|是)(?! ?[元块毛万千百次天kKwW]))"
)
_MONTHS = re.compile(rf"(?<![0-9一二两三四五六七八九十几])(?:{_NUMBER}) ?个(?:多|半)?月(?:大|的(?:孩子|宝宝|娃|婴儿|小孩|小孙))")
_NOT_SAID = re.compile("(?:不是|不到|未满|不满|没到|没满|超过|大于|小于|低于|高于|以前|当年|从|过了)[了有的是]{0,2}$")
#: 孩子不是5岁是6岁; and an age that is a piece of its own (他是低保，72，县医院).
_MENDED = re.compile(rf"不是(?:{_NUMBER}) ?周?岁")
_PIECE = re.compile(r"[,， ](?P<piece>[4-9][0-9])(?=$|[,，。 ])(?! ?[元块毛万千百次天kKwW])(?![,， ][0-9]{3}(?![0-9]))")
#: The one who writes tells their own age beside that of somebody else who is ill.
_SELF = re.compile("[我俺咱](?:自己|本人)?(?:今年|也|都|已经|快|才|刚|虚|是|有|了|个|老头子|老婆子|老太婆)*$")
_OTHER = re.compile(
    "妈|爸|爹|娘|父亲|母亲|老伴|老公|老婆|丈夫|媳妇|儿子|闺女|女儿|孩子|孙|爷|奶|姥|婆|哥|弟|姐|妹|叔|婶|姨|舅|姑|邻居|大爷|大娘|他|她"
)
_NEAR, _OLDEST = 14, 130
_GROWN, _HUNDRED = 40, 100


def find_age(text: str, *, alone: bool = False) -> list[Claim]:
    """What a message says of the patient's age, in years. `alone`: a number that stands by itself may be one."""
    found = [claim for match in _OLD.finditer(text) if (claim := _claim(text, match, _grown(match["old"]), match.start("old")))]
    found += [claim for match in _YEARS.finditer(text) if (claim := _claim(text, match, _years(match["years"])))]
    found += [claim for match in _MONTHS.finditer(text) if (claim := _claim(text, match, 0))]
    if alone and not found:
        found = [Claim("age", (match["piece"],), match["piece"], *match.span("piece")) for match in _PIECE.finditer(text)]
    return found if len({claim.candidates for claim in found}) == 1 else []


def mends_age(text: str, claims: list[Claim]) -> bool:
    """Whether the message says that an age was another one than was told."""
    return any(claim.slot == "age" for claim in claims) and bool(_MENDED.search(text))


def _claim(text: str, match: re.Match[str], years: int | None, stands: int | None = None) -> Claim | None:
    near = before(text, match.start() if stands is None else stands, _NEAR)
    if years is None or years > _OLDEST or _NOT_SAID.search(near):
        return None
    if _SELF.search(near) and _OTHER.search(text):
        return None
    return Claim("age", (str(years),), match[0], *match.span())


def _grown(written: str) -> int | None:
    """An age that can only be one: three hundred is a sum, and 今年三次 counts."""
    years = _years(written)
    return years if years is not None and _GROWN <= years < _HUNDRED else None


def _years(written: str) -> int | None:
    tokens = next(runs(written), [])
    found = values(tokens)
    return int(found[0]) if len(found) == 1 and not found[0] % 1 else None
