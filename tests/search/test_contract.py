"""What every engine keeps; the Meilisearch ones run where a server's address is given."""

from dataclasses import replace

import pytest

from search.protocol import Document, Engine, Index, Query, RankQuery, Sort

PUBLIC = frozenset({"public"})
MEMBERS = frozenset({"public", "members"})
DAY = 86_400


def document(number: int, title: str, **more: object) -> Document:
    """A document that was published on that day."""
    made = Document(id=f"achievement-{number}", version=1, title=title, published_at=number * DAY)
    return replace(made, **more)


STOCK = (
    document(
        1,
        "一种锂离子电池隔膜及其制备方法",
        summary="本成果公开了一种陶瓷涂覆的电池隔膜,提高了热稳定性。",
        facets={"field": ("new_materials",), "ipc": ("H", "H01", "H01M"), "maturity": ("6",)},
        price_fen=300,
        closes_at=30 * DAY,
    ),
    document(
        2,
        "五轴数控机床的误差补偿",
        summary="用于航空零件加工,精度达到微米级。",
        facets={"field": ("manufacturing",), "ipc": ("B", "B23", "B23Q"), "maturity": ("8",)},
        price_fen=100,
        closes_at=20 * DAY,
    ),
    document(
        3,
        "基于深度学习的电池剩余寿命预测",
        summary="根据充放电曲线预测电池的剩余寿命。",
        keywords=("神经网络", "电池管理"),
        facets={"field": ("new_materials", "ict"), "maturity": ("6",)},
        price_fen=200,
    ),
    document(
        4,
        "固态电池电解质",
        summary="内部资料。",
        audience="members",
        facets={"field": ("new_materials",)},
    ),
    document(
        5,
        "Composite struts for satellite structures",
        summary="Carbon fiber struts that are stiff & light.",
        kind="listing",
        facets={"field": ("aerospace",), "maturity": ("8",)},
    ),
)


async def ids(index: Index, text: str = "", **more: object) -> list[str]:
    """The numbers of what answers, in order."""
    asked = {"audiences": PUBLIC, "text": text} | more
    answer = await index.search(Query(**asked))
    return [one.id.removeprefix("achievement-") for one in answer.hits]


async def test_people_find_by_words_of_any_script(engine: Engine) -> None:
    async with engine.scratch() as index:
        await index.write(STOCK)
        assert set(await ids(index, "电池")) == {"1", "3"}
        assert await ids(index, "鋰離子電池") == ["1"], "traditional characters"
        assert await ids(index, "锂电池") == ["1"], "a synonym"
        assert await ids(index, "CNC") == ["2"], "a synonym in English"
        assert await ids(index, "ＣＮＣ") == ["2"], "full width"
        assert await ids(index, "lilizidianchi") == ["1"], "pinyin"
        assert await ids(index, "skjc") == ["2"], "first letters"
        assert await ids(index, "电池 寿命") == ["3"], "all words"
        assert await ids(index, "神经网络") == ["3"], "keywords"
        assert await ids(index, "compos") == ["5"], "a beginning"
        assert (await ids(index, "电池 隔膜 氢能"))[0] == "1", "words that no document has together"
        assert await ids(index, "鲲鹏") == []


async def test_what_may_not_be_seen_is_in_no_part_of_an_answer(engine: Engine) -> None:
    async with engine.scratch() as index:
        await index.write(STOCK)
        asked = Query(audiences=PUBLIC, text="电池", facets=("field",))
        answer = await index.search(asked)
        assert {one.id for one in answer.hits} == {"achievement-1", "achievement-3"}
        assert answer.total == 2
        assert answer.facets == {"field": {"new_materials": 2, "ict": 1}}
        seen = await index.search(replace(asked, audiences=MEMBERS))
        assert seen.total == 3
        assert seen.facets["field"]["new_materials"] == 3
        assert await index.suggest(Query(audiences=PUBLIC, text="固态")) == []
        assert await index.suggest(Query(audiences=MEMBERS, text="固态")) == ["achievement-4"]
        hidden = RankQuery(audiences=PUBLIC, title="固态电池电解质", pool=("achievement-4",))
        assert await index.rank(hidden) == []
        assert len(await index.rank(replace(hidden, audiences=MEMBERS))) == 1


async def test_filters_combine_and_counts_follow(engine: Engine) -> None:
    async with engine.scratch() as index:
        await index.write(STOCK)
        six = {"maturity": ("6",)}
        assert set(await ids(index, narrowed=six)) == {"1", "3"}
        assert await ids(index, narrowed=six | {"field": ("ict", "aerospace")}) == ["3"]
        assert await ids(index, narrowed={"ipc": ("B23",)}) == ["2"]
        assert await ids(index, narrowed={"kind": ("listing",)}) == ["5"]
        assert await ids(index, price_min_fen=150, price_max_fen=250) == ["3"]
        assert set(await ids(index, published_after=3 * DAY)) == {"3", "5"}
        assert await ids(index, ids=("achievement-2", "achievement-4")) == ["2"]
        answer = await index.search(Query(audiences=PUBLIC, facets=("maturity", "kind"), limit=1))
        assert answer.total == 4
        assert answer.facets == {
            "maturity": {"6": 2, "8": 2},
            "kind": {"achievement": 3, "listing": 1},
        }
        quoted = {"field": ('a" OR audience = "members',)}
        assert await ids(index, narrowed=quoted) == [], "a value is never read as a filter"


async def test_a_filter_does_not_narrow_the_counts_of_its_own_facet(engine: Engine) -> None:
    async with engine.scratch() as index:
        await index.write(STOCK)
        asked = Query(audiences=PUBLIC, narrowed={"maturity": ("6",)}, facets=("maturity", "field"))
        one_filter = await index.search(asked)
        assert one_filter.total == 2
        assert one_filter.facets == {
            "maturity": {"6": 2, "8": 2},
            "field": {"new_materials": 2, "ict": 1},
        }
        two = replace(asked, narrowed={"maturity": ("6",), "field": ("ict", "manufacturing")})
        for text, maturity in (("", {"6": 1, "8": 1}), ("电池 寿命", {"6": 1})):
            answer = await index.search(replace(two, text=text))
            assert answer.total == 1
            assert answer.facets["maturity"] == maturity, "of what has one of both fields"
            assert answer.facets["field"] == (
                {"new_materials": 2, "ict": 1} if not text else {"ict": 1, "new_materials": 1}
            )
        none = await index.search(replace(asked, narrowed={"field": ("energy",)}, text="电池"))
        assert none.total == 0
        assert none.facets == {"maturity": {}, "field": {"new_materials": 2, "ict": 1}}
        priced = await index.search(replace(asked, price_max_fen=150))
        assert (priced.total, priced.facets["maturity"]) == (0, {"8": 1})


async def test_of_nested_facets_one_level_is_counted(engine: Engine) -> None:
    places = {"region": ("110000", "110100", "110108"), "industry": ("C", "C38")}
    async with engine.scratch() as index:
        await index.write([replace(STOCK[0], facets=dict(STOCK[0].facets) | places)])
        asked = Query(audiences=PUBLIC, facets=("ipc", "region", "industry"))
        expected = {"ipc": {"H01M": 1}, "region": {"110000": 1}, "industry": {"C": 1}}
        for narrowed in ({}, {"region": ("110108",)}, {"ipc": ("H01",), "industry": ("C38",)}):
            for text in ("", "隔膜"):
                answer = await index.search(replace(asked, text=text, narrowed=narrowed))
                assert (answer.total, answer.facets) == (1, expected)


async def test_counts_follow_every_write(engine: Engine) -> None:
    async with engine.scratch() as index:
        await index.write(STOCK)
        moved = replace(STOCK[1], version=2, facets={"maturity": ("6",)}, audience="members")
        await index.write([moved, replace(STOCK[2], version=0, facets={})])
        await index.delete(["achievement-5", "achievement-77"])
        asked = Query(audiences=PUBLIC, facets=("maturity", "kind"))
        for audiences, six in ((PUBLIC, 2), (MEMBERS, 3)):
            answer = await index.search(replace(asked, audiences=audiences))
            assert answer.total == six + (1 if audiences == MEMBERS else 0)
            assert answer.facets["maturity"] == {"6": six}


async def test_a_slip_in_a_latin_word_is_forgiven(engine: Engine) -> None:
    async with engine.scratch() as index:
        await index.write(STOCK)
        assert await ids(index, "satelite") == ["5"], "a letter left out"
        assert await ids(index, "strcutures") == ["5"], "two exchanged"
        assert await ids(index, "compasite struts") == ["5"], "another letter, beside a right word"
        assert await ids(index, "stuts") == ["5"]
        assert await ids(index, "strt") == [], "short words have to be right"
        assert await ids(index, "ztruts") == [], "and so has the first letter"


async def test_sorting_and_paging(engine: Engine) -> None:
    async with engine.scratch() as index:
        await index.write(STOCK)
        assert await ids(index, sort=Sort.NEWEST) == ["5", "3", "2", "1"]
        assert (await ids(index, sort=Sort.PRICE))[:3] == ["2", "3", "1"]
        assert (await ids(index, sort=Sort.PRICE_DOWN)) == ["1", "3", "2", "5"]
        assert (await ids(index, sort=Sort.CLOSING))[:2] == ["2", "1"]
        first = await ids(index, sort=Sort.NEWEST, limit=3)
        rest = await ids(index, sort=Sort.NEWEST, limit=3, offset=3)
        assert first + rest == ["5", "3", "2", "1"]
        assert await ids(index, "电池", sort=Sort.PRICE) == ["3", "1"], "whatever the words weigh"


async def test_places_of_the_words_are_in_characters(engine: Engine) -> None:
    async with engine.scratch() as index:
        await index.write(STOCK)
        answer = await index.search(Query(audiences=PUBLIC, text="隔膜"))
        (hit,) = answer.hits
        title, summary = STOCK[0].title, STOCK[0].summary
        assert [title[one:end] for one, end in hit.spans["title"]] == ["隔膜"]
        assert [summary[one:end] for one, end in hit.spans["summary"]] == ["隔膜"]
        assert hit.digest == STOCK[0].digest


async def test_a_newer_version_stays(engine: Engine) -> None:
    async with engine.scratch() as index:
        await index.write(STOCK)
        newer = replace(STOCK[0], version=3, title="氢燃料电池双极板")
        await index.write([newer, replace(STOCK[0], version=2, title="过时")])
        await index.write([replace(STOCK[0], version=2, title="过时")])
        assert await ids(index, "双极板") == ["1"]
        assert await ids(index, "过时") == []
        assert await ids(index, "隔膜") == ["1"], "the summary still has it"
        found = {one: digest async for one, digest in index.digests()}
        assert found == {one.id: one.digest for one in (newer, *STOCK[1:])}
        await index.write([newer])
        assert await index.count() == 5
        await index.delete(["achievement-1", "achievement-2", "achievement-99"])
        assert [one async for one, _ in index.digests()] == [
            "achievement-3",
            "achievement-4",
            "achievement-5",
        ]


async def test_ranking_by_a_long_text(engine: Engine) -> None:
    async with engine.scratch() as index:
        await index.write(STOCK)
        query = RankQuery(
            audiences=PUBLIC,
            title="动力电池隔膜的开发",
            text="需要耐高温的陶瓷隔膜,用于锂离子电池。" * 20,
        )
        ranked = await index.rank(query)
        assert [one.id for one in ranked[:2]] == ["achievement-1", "achievement-3"]
        assert ranked[0].score > ranked[1].score > 0
        assert "隔膜" in dict(ranked[0].terms)
        assert sum(part for _, part in ranked[0].terms) == pytest.approx(ranked[0].score)
        pool = replace(query, pool=("achievement-2", "achievement-3"))
        assert [one.id for one in await index.rank(pool)] == ["achievement-3"]
        assert await index.rank(replace(query, title="", text="")) == []


async def test_suggestions_as_one_types(engine: Engine) -> None:
    async with engine.scratch() as index:
        await index.write([*STOCK, replace(STOCK[1], id="achievement-7")])
        suggest = [
            await index.suggest(Query(audiences=PUBLIC, text=typed))
            for typed in ("五轴数控", "compos", "wzsk", "")
        ]
        assert suggest[0] in (["achievement-2"], ["achievement-7"]), "one of equal titles"
        assert suggest[1] == ["achievement-5"]
        assert len(suggest[2]) == 1
        assert suggest[3] == []


async def broken_off(engine: Engine) -> None:
    """A rebuild that ends before its time."""
    async with engine.rebuilding() as index:
        await index.write(STOCK)
        raise ZeroDivisionError


async def test_a_rebuilt_index_answers_at_once_or_not_at_all(engine: Engine) -> None:
    async with engine.rebuilding() as index:
        await index.write(STOCK[:2])
    assert await engine.differences() == []
    assert set(await ids(engine)) == {"1", "2"}
    with pytest.raises(ZeroDivisionError):
        await broken_off(engine)
    assert set(await ids(engine)) == {"1", "2"}
    async with engine.rebuilding() as index:
        await index.write(STOCK[2:])
        assert set(await ids(engine)) == {"1", "2"}, "the old one answers meanwhile"
    assert set(await ids(engine)) == {"3", "5"}
    await engine.write(STOCK[:1])
    assert set(await ids(engine, "电池")) == {"1", "3"}
