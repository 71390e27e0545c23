"""Who trades in the sample market: real universities by name, everyone else invented."""

from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import codes
from app.kit.actor import Actor
from app.kit.db import Sessions
from app.kit.identifiers import make_uscc
from app.parties import service
from app.parties.schemas import NewMember, NewOrganisation, NewPerson, Review
from app.parties.states import OrganisationKind

PASSWORD = "techmarket-demo-2026"
"""Of every person of the sandbox; the sandbox holds no secret."""

UNIVERSITIES = (
    "清华大学",
    "北京大学",
    "北京航空航天大学",
    "北京理工大学",
    "浙江大学",
    "浙江工业大学",
    "杭州电子科技大学",
    "上海交通大学",
    "同济大学",
    "华东理工大学",
    "东南大学",
    "南京大学",
    "江南大学",
    "华中科技大学",
    "武汉大学",
    "武汉理工大学",
    "西安交通大学",
    "西北工业大学",
    "四川大学",
    "中山大学",
)
ENTERPRISES = (
    ("云岭新材料", "310115"),
    ("北辰智能装备", "110108"),
    ("江海生物医药", "320106"),
    ("钱塘数字科技", "330106"),
    ("岭南新能源", "440304"),
    ("楚天光电", "420111"),
    ("松江半导体", "310117"),
    ("渤海环保工程", "110105"),
    ("太湖水务技术", "320211"),
    ("甬江模具", "330203"),
    ("珠江电池", "440106"),
    ("浦江机器人", "310112"),
    ("燕山重工", "110111"),
    ("秦淮轨道交通", "320104"),
    ("西溪软件", "330110"),
    ("东江海洋工程", "441302"),
    ("锦江现代农业", "510107"),
    ("秦川精密机械", "610113"),
)
BROKERS = (("华技转移服务", "110108"), ("长三角技术经纪", "310104"))


@dataclass(frozen=True)
class Demo:
    """A login that is shown on the first screen."""

    login: str
    zh: str
    en: str


DEMOS = (
    Demo("admin@market.example", "平台管理员", "platform administrator"),
    Demo("operator@market.example", "交易所审核员", "exchange operator"),
    Demo(
        "university@market.example", "高校成果转化负责人", "university technology transfer office"
    ),
    Demo("enterprise@market.example", "企业(意向受让方)", "enterprise, a bidder"),
    Demo("enterprise2@market.example", "另一企业(竞价对手)", "another enterprise, a rival bidder"),
    Demo("broker@market.example", "技术经纪人", "technology broker"),
    Demo("registrar@market.example", "合同登记员", "contract registrar"),
    Demo("registrar2@market.example", "合同登记复核员", "second registrar"),
    Demo("regulator@market.example", "监管人员", "regulator"),
)
DEMO_LOGINS = [(demo.login, PASSWORD, demo.zh, demo.en) for demo in DEMOS]


@dataclass
class Cast:
    """The actors of the sample market."""

    admin: Actor
    operator: Actor
    universities: list[Actor] = field(default_factory=list)
    enterprises: list[Actor] = field(default_factory=list)
    brokers: list[Actor] = field(default_factory=list)
    offices: dict[str, tuple[Actor, Actor]] = field(default_factory=dict)
    """The two registrars of each province's office, by the province's two digits."""


class Registrar:
    """Registers organisations and has them approved, as the platform's people would."""

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions
        self.serial = 60_000_000

    def application(
        self, kind: OrganisationKind, name: str, region: str, login: str, prefix: str
    ) -> NewOrganisation:
        """An application with a valid, invented credit code."""
        self.serial += 1
        return NewOrganisation(
            kind=kind,
            name=name,
            credit_code=make_uscc(prefix + region, str(self.serial)),
            region_code=region,
            contact="contact@market.example",
            administrator=NewPerson(login=login, name=f"{name}联系人", password=PASSWORD),
        )

    async def install(self, name: str, region: str, login: str) -> Actor:
        """Found the platform."""
        async with self.sessions() as session, session.begin():
            await service.install(
                session,
                self.application(OrganisationKind.EXCHANGE_OPERATOR, name, region, login, "12"),
            )
            return await service.actor_of(session, login)

    async def join(
        self, reviewer: Actor, kind: OrganisationKind, name: str, region: str, login: str
    ) -> Actor:
        """Register an organisation and approve it."""
        prefix = "91" if kind in {OrganisationKind.ENTERPRISE, OrganisationKind.BROKER} else "12"
        async with self.sessions() as session, session.begin():
            organisation = await service.register(
                session, None, self.application(kind, name, region, login, prefix)
            )
            await service.review(session, reviewer, organisation.id, Review(act="approve"))
            return await service.actor_of(session, login)


def university_regions() -> list[tuple[str, str]]:
    """Names and regions of the chosen universities, from the ministry's list."""
    regions = {university.name: university.province for university in codes.universities().values()}
    return [(name, regions[name]) for name in UNIVERSITIES]


async def colleague(
    session: AsyncSession, admin: Actor, login: str, name: str, roles: list[str]
) -> Actor:
    """A second person of the administrator's organisation."""
    assert admin.organisation_id is not None
    new = NewMember.model_validate(
        {"person": {"login": login, "name": name, "password": PASSWORD}, "roles": roles}
    )
    await service.add_member(session, admin, admin.organisation_id, new)
    return await service.actor_of(session, login)
