"""What is wrong with a plan of an auction, in Chinese.

The engine says it in English and knows no languages; here stands the same for every sentence of it.
"""

import re
from collections.abc import Callable

_FALLBACK = "不符合该竞价形式的规则"

_SENTENCES: tuple[tuple[str, str], ...] = (
    (r"'(.*)' is not one of (.*)", "没有竞价形式“{0}”,可选:{1}"),
    (r"\S+ sets this itself", "由该竞价形式固定,不能另行设定"),
    (r"\S+ has no such rule; it has (.*)", "该竞价形式没有此项规则,可设:{0}"),
    (r"\S+ needs it", "该竞价形式必须填写此项"),
    (r"\S+ is (\S+) only", "该竞价形式只能为 {0}"),
    (r"\S+ has no secret reserve", "该竞价形式不设保密的保留价"),
    (r"\S+ has no reverse form", "该竞价形式不能用于反向竞价"),
    (r"this node has not named who opens sealed bids", "本平台尚未指定密封报价的开启人"),
    (r"a plan may set (.*)", "竞价方案可设:{0}"),
    (r"a call for bids may set (.*)", "采购竞价可设:{0}"),
    (r"must be one of (.*)", "取值应为 {0} 之一"),
    (r"must be a time such as (\S+)", "应为时间,例如 {0}"),
    (r"must be a time", "应为时间"),
    (r"must be (\d+) hours after opens_at or more", "应比开始时间晚至少 {0} 小时"),
    (r"must not be empty", "不能为空"),
    (r"must be the listing's price, (\d+) fen", "应为挂牌价格 {0} 分"),
    (r"must be (\d+) fen or more", "应不低于 {0} 分"),
    (r"must be the members of the package: (.*)", "应为组合成果的全部成员:{0}"),
    (
        r"must be the id of an organisation other than the seller",
        "应为转让方以外的机构的标识",
    ),
    (r"needs a listing with (\d+) bidding_minutes or more", "需要竞价时长不少于 {0} 分钟的挂牌"),
    (r"units are for listings of an ordinary licence", "份额报价只用于普通许可的挂牌"),
    (r"min (-?\d+) must be below max (-?\d+)", "下限 {0} 应小于上限 {1}"),
    (r"closes_at must be after opens_at", "结束时间应晚于开始时间"),
    (r"latest_end_at must not be before closes_at", "最晚结束时间不应早于结束时间"),
    (
        r"increments must begin with a tier from 0 and then rise",
        "加价幅度分段应自 0 起,逐段递增",
    ),
    (
        r"proxy and priority exclude each other: .*",
        "代理出价与优先购买权不能并用:保密的最高价会掩盖谁出价相同",
    ),
    (
        r"stop_fen must be below start_fen \(reverse: above it\)",
        "终止价应低于起始价(反向竞价应高于起始价)",
    ),
    (
        r"reserve_fen and reserve_salt do not open reserve_commitment",
        "保留价与随机数同公布的承诺值不符",
    ),
    (
        r"minimum_fen is for reverse auctions; forward ones have start_fen",
        "最低有效价只用于反向竞价;正向竞价设起始价",
    ),
    (r"minimum_fen must not be above start_fen", "最低有效价不应高于起始价"),
    (r"max_quantity must not be below min_quantity", "最多份额不应少于最少份额"),
    (r"min_quantity must not be above units", "最少份额不应多于总份额"),
    (r"lots: at most (\d+) can be decided exactly", "标的数最多 {0} 个,方能精确求解"),
    (r"terms: a code stands twice", "评分项代码重复"),
    (r"terms: the price must be one of the scored terms", "评分项中应有价格"),
    (
        r"terms: the weights sum to (\d+) basis points, not (\d+)",
        "评分权重合计为 {0} 基点,应为 {1} 基点",
    ),
    (
        r"terms: lower prices are better in reverse auctions only",
        "只有反向竞价才以价低为优",
    ),
    (r"Input should be greater than or equal to (\S+)", "应不小于 {0}"),
    (r"Input should be less than or equal to (\S+)", "应不大于 {0}"),
    (r"Input should be (?!a valid)(.*)", "取值应为 {0}"),
    (r"Input should be a valid integer.*", "应为整数"),
    (r"Input should be a valid boolean.*", "应为“是”或“否”"),
    (r"Input should be a valid datetime.*", "应为时间"),
    (r"Input should be a valid (?:tuple|list|dictionary|string).*", "格式不符"),
    (r"Extra inputs are not permitted", "不接受此字段"),
    (r"Field required", "缺少必填字段"),
    (r"String should have at least (\d+) characters?", "文字过短,至少 {0} 个字符"),
    (r"String should have at most (\d+) characters?", "文字过长,最多 {0} 个字符"),
)


def _matcher(pattern: str) -> Callable[[str], re.Match[str] | None]:
    return re.compile(pattern, re.DOTALL).fullmatch


_KNOWN = tuple((_matcher(pattern), chinese) for pattern, chinese in _SENTENCES)


def in_chinese(problem: str) -> str:
    """One sentence on what would be right; in general words for one that is not listed here."""
    for match, chinese in _KNOWN:
        if found := match(problem):
            return chinese.format(*found.groups())
    return _FALLBACK
