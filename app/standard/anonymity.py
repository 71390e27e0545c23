"""What tells who is behind an anonymous profile: names, numbers, logos and links (rules.md 9.5).

Texts are brought to one width first, so that full-width digits and letters hide nothing.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from app.kit import codes
from app.kit.identifiers import BadIdentifier, check_patent_number, check_uscc
from app.standard.errors import Finding, FindingKind

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
_BRACKETED = re.compile(r"[((\[【].*?[))\]】]")
_LEGAL_FORM = re.compile(
    r"(股份有限公司|有限责任公司|集团有限公司|有限公司|集团公司|总公司|分公司|公司|集团|总厂|厂"
    r"|研究总院|研究院|研究所|研究中心|实验室|设计院|大学|学院|学校|中心|事务所)$"
)
_TRADE = re.compile(
    r"(科技|技术|新材料|材料|新能源|能源|电子|电气|电器|电池|电力|电机|机械|机电|机器人|智能|装备"
    r"|设备|制造|工业|实业|工程|环保|环境|化工|化学|医药|制药|药业|医疗|生物|生命|食品|农业|林业|水务"
    r"|海洋|信息|数字|数据|网络|软件|半导体|光电|光学|通信|通讯|航空|航天|交通|轨道|汽车|重工|钢铁"
    r"|冶金|矿业|石油|石化|建筑|建设|建材|纺织|服装|包装|印刷|模具|仪器|仪表|自动化|控制|控股|投资"
    r"|发展|开发|服务|转移|咨询|贸易|国际|中国|现代|精密|示范|创新|产业|经纪)$"
)
_ORGANISATION_WORD = r"(?:公司|集团|厂|大学|学院|研究院|研究所|股份|品牌|牌|商标)"
_TITLE = r"(?:先生|女士|教授|博士|院士|经理|主任|老师|研究员|工程师|总工|总监|所长|院长|厂长|总)"
_BEFORE_NAME = r"(?:联系人|负责人|发明人|完成人|法定代表人|法人代表)[:\s为是]*"


def _passes(check: Callable[[str], object]) -> Callable[[str], bool]:
    """Whether an identifier's check takes a text."""

    def holds(text: str) -> bool:
        try:
            check(text)
        except BadIdentifier:
            return False
        return True

    return holds


class Sign(NamedTuple):
    """A pattern that tells who is behind a text, if `holds` says so of its last group."""

    kind: FindingKind
    pattern: re.Pattern[str]
    holds: Callable[[str], bool] = bool


_LOCAL = r"[A-Za-z0-9._+-]"
_HOST = r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5}"
_END = r"(?:cn|com|net|org|edu|gov|info|top|xyz|tech|io|eu|de|uk|hk)"
_SIGNS = (
    Sign(
        "e_mail",
        re.compile(
            rf"(?<!{_LOCAL}){_LOCAL}{{1,64}}\s{{0,3}}(?:@|\(at\)|\[at\])\s{{0,3}}{_HOST}", re.I
        ),
    ),
    Sign(
        "image",
        re.compile(
            r"!\[[^\]]{0,200}\]\([^)]{0,500}\)|<(?:img|svg)\b[^>]{0,500}>?|data:image/\S*", re.I
        ),
    ),
    Sign(
        "image",
        re.compile(r"[\w-]{1,50}\.(?:png|jpe?g|gif|svg|bmp|webp|ico|tiff?)(?![A-Za-z])", re.I),
    ),
    Sign("link", re.compile(r"(?:https?|ftp)://[^\s,。;、)】]+|www\.[^\s,。;、)】]+", re.I)),
    Sign(
        "link",
        re.compile(rf"(?<![A-Za-z0-9@./-])(?:[a-z0-9-]+\.)+{_END}(?!\.?[A-Za-z0-9])", re.I),
    ),
    Sign(
        "phone",
        re.compile(r"(?<![\d.])(?:\+?86[\s-]?)?1[3-9]\d[\s-]?\d{4}[\s-]?\d{4}(?![\d.]\d|\d)"),
    ),
    Sign("phone", re.compile(r"(?<![\d.-])\(?0\d{2,3}\)?[\s-]?[2-9]\d{6,7}(?!\d)")),
    Sign("phone", re.compile(r"(?<![\d.-])[48]00[\s-]\d{3,4}[\s-]\d{3,4}(?!\d)")),
    Sign("phone", re.compile(r"(?<![\d.])\+(?!86)[1-9]\d{0,2}[\s-]\(?\d[\d\s()-]{6,13}\d(?!\d)")),
    Sign(
        "messenger",
        re.compile(r"(?:微信(?:号)?|wechat|weixin|qq(?:号|群)?|skype)\s*[::]\s*[\w-]{4,}", re.I),
    ),
    Sign("brand", re.compile(r"[\w-]{1,20}\s?[®™]")),
    Sign(
        "identity_card", re.compile(r"(?<!\w)[1-9]\d{5}(?:19|20)\d{2}[01]\d[0-3]\d{4}[\dXx](?!\w)")
    ),
    Sign(
        "patent_number",
        re.compile(r"(?<![A-Z])(?:CN|US|EP|JP|KR|WO)\s?\d{6,12}\s?[ABCUSYZ]\d?(?![A-Z0-9])", re.I),
    ),
    Sign("patent_number", re.compile(r"PCT/[A-Z]{2}\s?\d{4}/\d{5,6}", re.I)),
    Sign("patent_number", re.compile(r"(?<!\d)(?:19|20)\d{2}SR\d{6,7}(?!\d)", re.I)),
    Sign("patent_number", re.compile(r"ZL\s?\d[\d .]{7,16}[\dX]", re.I)),
    Sign(
        "credit_code",
        re.compile(r"(?<![0-9A-Za-z])[0-9A-HJ-NP-RTUWXY]{18}(?![0-9A-Za-z])"),
        _passes(check_uscc),
    ),
    Sign(
        "patent_number",
        re.compile(r"(?<![\d.])(?:CN\s?)?(\d{12}\.?[\dXx]|\d{8}\.[\dXx])(?![\d.]*\d)"),
        _passes(check_patent_number),
    ),
)


def normalised(text: str) -> str:
    """The text in one width, without characters that cannot be seen."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))


def identifying(texts: Iterable[tuple[str, str]], names: Iterable[str]) -> list[Finding]:
    """The fragments that tell who is behind these texts, in their order, each once.

    `texts` are pairs of a field and its text, `names` those of the organisation and its people.
    """
    named = [Sign("name", pattern) for name in names for pattern in name_patterns(name)]
    found: dict[Finding, None] = {}
    for field, text in texts:
        for kind, fragment in _fragments(normalised(text), (*_SIGNS, *named)):
            found[Finding(field, kind, fragment[:100])] = None
    return list(found)


def _fragments(text: str, signs: Sequence[Sign]) -> Iterator[tuple[FindingKind, str]]:
    """Kinds and fragments; what lies inside a fragment that was found is not told again.

    No pattern reads far from where it starts, so the time is linear in the text.
    """
    told = bytearray(len(text))
    for sign in signs:
        for match in sign.pattern.finditer(text):
            start, end = match.span()
            inside = told.find(0, start, end) < 0
            if not inside and sign.holds(match.group(match.lastindex or 0)):
                told[start:end] = b"\1" * (end - start)
                yield sign.kind, match.group().strip()


@lru_cache(maxsize=4096)
def name_patterns(name: str) -> tuple[re.Pattern[str], ...]:
    """What a name looks like in a text: whole, and in the short forms that people use.

    A short form of two Chinese characters is often a word, so it counts only beside a word that
    makes it a name (公司, 教授, 联系人 ...).
    """
    whole = " ".join(normalised(name).split())
    if len(whole) < 2:
        return ()
    if whole.isascii():
        if len(whole) < 4:
            return ()
        return (re.compile(rf"(?<![A-Za-z0-9]){re.escape(whole)}(?![A-Za-z0-9])", re.I),)
    if len(whole) <= 4 and _LEGAL_FORM.search(whole) is None:
        return (_person(whole),)
    return tuple(
        re.compile(re.escape(form) if len(form) > 2 else re.escape(form) + _ORGANISATION_WORD)
        for form in sorted(_short_forms(whole), key=lambda form: (-len(form), form))
    )


def _person(name: str) -> re.Pattern[str]:
    escaped = re.escape(name)
    if len(name) > 2:
        return re.compile(escaped)
    return re.compile(rf"{escaped}{_TITLE}|{_BEFORE_NAME}{escaped}")


def _short_forms(name: str) -> set[str]:
    """The name, the name without brackets and legal form, and the words that are its own."""
    plain = _BRACKETED.sub("", name).strip() or name
    core = _without_region(_LEGAL_FORM.sub("", plain))
    own = core
    while (shorter := _TRADE.sub("", own)) != own:
        own = shorter
    forms = {name, plain}
    if len(own) >= 2:
        forms |= {core, own}
    return forms


def _without_region(name: str) -> str:
    for _ in range(2):  # a province and its city
        for region in _region_names():
            if name.startswith(region):
                name = name.removeprefix(region)
                break
    return name


@lru_cache(maxsize=1)
def _region_names() -> tuple[str, ...]:
    """Provinces and cities, with and without their last word, the longest first."""
    full = [entry.zh or "" for entry in codes.regions() if entry.code.endswith("00") and entry.zh]
    short = [
        re.sub(r"(省|市|地区|自治州|盟|壮族自治区|回族自治区|维吾尔自治区|自治区)$", "", n)
        for n in full
    ]
    return tuple(sorted({n for n in (*full, *short) if len(n) >= 2}, key=lambda n: (-len(n), n)))
