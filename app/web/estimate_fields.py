"""What the form of a tax estimate asks, by relief."""

from dataclasses import dataclass
from typing import Literal

Pair = tuple[str, str]


@dataclass(frozen=True)
class EstimateField:
    """A question: an amount in yuan, a number, a day, yes or no, or one of some choices."""

    name: str
    type: Literal["money", "whole", "date", "asked", "choice"]
    label: Pair
    required: bool = False
    options: tuple[tuple[str, Pair], ...] = ()


KINDS: tuple[tuple[str, Pair], ...] = (
    ("income_tax", ("企业所得税:技术转让", "Income tax: technology transfer")),
    ("vat", ("增值税:转让与开发", "VAT: transfer and development")),
    ("reward", ("个人所得税:现金奖励", "Income tax of persons: reward")),
    ("equity_deferral", ("技术入股递延", "Deferral for a contribution")),
    ("stamp_duty", ("印花税", "Stamp duty")),
    ("personal_income", ("个人所得税:劳务与许可", "Income tax of persons: service, licence")),
)
_TECHNOLOGY: tuple[tuple[str, Pair], ...] = (
    ("patent.invention", ("发明专利", "Invention patent")),
    ("patent.utility_model", ("实用新型专利", "Utility model")),
    ("patent.design", ("外观设计专利", "Design")),
    ("pattern_design", ("仅改变图案形状的外观设计", "Design of a pattern or shape only")),
    ("patent.defence", ("国防专利", "Defence patent")),
    ("software_copyright", ("计算机软件著作权", "Software copyright")),
    ("layout_design", ("集成电路布图设计权", "Layout design")),
    ("plant_variety", ("植物新品种", "Plant variety")),
    ("new_biomedicine", ("生物医药新品种", "New biomedicine")),
    ("know_how", ("技术秘密", "Know-how")),
)
_AS_OF = EstimateField("as_of", "date", ("按哪一日的规则(默认今日)", "Rules of (today)"))
_TECHNOLOGIES = EstimateField(
    "technology", "choice", ("技术类型", "Technology"), required=True, options=_TECHNOLOGY
)

FIELDS: dict[str, tuple[EstimateField, ...]] = {
    "income_tax": (
        EstimateField(
            "form",
            "choice",
            ("转让方式", "Form"),
            required=True,
            options=(
                ("ownership", ("转让所有权", "Ownership")),
                ("exclusive", ("独占许可", "Exclusive licence")),
                ("non_exclusive", ("非独占许可", "Non-exclusive licence")),
            ),
        ),
        _TECHNOLOGIES,
        EstimateField("signed_on", "date", ("合同签订日", "Signed on"), required=True),
        EstimateField("licence_months", "whole", ("许可期限(月)", "Licence, months")),
        EstimateField("revenue_fen", "money", ("技术转让收入(元)", "Revenue"), required=True),
        EstimateField(
            "excluded_fen", "money", ("其中设备、材料、可分服务(元)", "Of it no technology")
        ),
        EstimateField("cost_fen", "money", ("技术转让成本(元)", "Cost")),
        EstimateField("taxes_fen", "money", ("相关税费(元)", "Taxes and fees")),
        EstimateField("period_costs_fen", "money", ("分摊的期间费用(元)", "Period costs")),
        EstimateField(
            "other_income_fen", "money", ("本年度其他技术转让所得(元)", "Other this year")
        ),
        EstimateField("resident", "asked", ("转让方为居民企业", "The seller is resident")),
        EstimateField("worldwide", "asked", ("全球范围独占", "Exclusive worldwide")),
        EstimateField("owned", "asked", ("自有技术", "Own technology")),
        EstimateField("recognised", "asked", ("已取得认定证明", "Recognised by the authority")),
        EstimateField("cross_border", "asked", ("跨境转让", "Across borders")),
        EstimateField("wholly_related", "asked", ("受让方为 100% 关联方", "Wholly related buyer")),
        EstimateField("separate_accounts", "asked", ("单独核算", "Separate accounts")),
        EstimateField("public_funds", "asked", ("使用财政经费", "Public money")),
        EstimateField("approved", "asked", ("已经科技部门审批", "Approved")),
        _AS_OF,
    ),
    "vat": (
        EstimateField(
            "subject",
            "choice",
            ("应税项目", "What is sold"),
            required=True,
            options=(
                ("transfer", ("技术转让", "Transfer")),
                ("development", ("技术开发", "Development")),
                ("related_consulting", ("相关技术咨询", "Related consulting")),
                ("related_service", ("相关技术服务", "Related service")),
                ("other", ("其他", "Other")),
            ),
        ),
        EstimateField("amount_fen", "money", ("含税价款(元)", "Amount with VAT"), required=True),
        EstimateField("same_invoice", "asked", ("与转让、开发同一张发票", "On the same invoice")),
        EstimateField("recognised", "asked", ("合同已认定登记", "The contract is recognised")),
        EstimateField("documents_kept", "asked", ("资料留存备查", "Documents are kept")),
        _AS_OF,
    ),
    "reward": (
        EstimateField("base_fen", "money", ("其他应纳税所得额(元)", "Other income"), required=True),
        EstimateField("reward_fen", "money", ("现金奖励(元)", "Reward"), required=True),
        EstimateField(
            "unit",
            "choice",
            ("发放单位", "Unit"),
            required=True,
            options=(
                ("university", ("非营利性高校", "University")),
                ("institute", ("非营利性科研机构", "Institute")),
                ("enterprise", ("企业", "Company")),
            ),
        ),
        EstimateField("income_received_on", "date", ("取得收入日", "Income on"), required=True),
        EstimateField("paid_on", "date", ("发放日", "Paid on"), required=True),
        EstimateField("publicity_working_days", "whole", ("公示工作日数", "Working days of list")),
        EstimateField("registered", "asked", ("技术合同已登记", "The contract is registered")),
        EstimateField("separate_accounts", "asked", ("资金单独核算", "Separate accounts")),
        EstimateField("relabelled_wages", "asked", ("含改列的工资奖金", "Has relabelled wages")),
        EstimateField("filed", "asked", ("已扣缴并备案", "Withheld and filed")),
        _AS_OF,
    ),
    "equity_deferral": (
        EstimateField(
            "contributor",
            "choice",
            ("投资方", "Contributor"),
            required=True,
            options=(
                ("enterprise", ("企业", "Company")),
                ("individual", ("个人", "Individual")),
            ),
        ),
        _TECHNOLOGIES,
        EstimateField("appraised_fen", "money", ("评估作价(元)", "Appraised"), required=True),
        EstimateField("original_fen", "money", ("技术成果原值(元)", "Original value")),
        EstimateField("taxes_fen", "money", ("合理税费(元)", "Taxes and fees")),
        EstimateField("expected_proceeds_fen", "money", ("预计转让收入(元)", "Proceeds expected")),
        EstimateField("contributor_resident", "asked", ("投资方为居民", "Contributor is resident")),
        EstimateField(
            "investee_resident", "asked", ("被投资企业为居民企业", "Investee is resident")
        ),
        EstimateField("shares_only", "asked", ("对价全部为股权", "Shares only")),
        EstimateField("filed", "asked", ("已备案", "Filed")),
        _AS_OF,
    ),
    "stamp_duty": (
        EstimateField(
            "document",
            "choice",
            ("应税凭证", "Document"),
            required=True,
            options=(
                ("technology_contract", ("技术合同", "Technology contract")),
                ("ip_transfer", ("产权转移书据(专利权等转让)", "Transfer of a right")),
            ),
        ),
        EstimateField("amount_fen", "money", ("含税价款(元)", "Price with VAT"), required=True),
        EstimateField("vat_fen", "money", ("其中增值税(元)", "VAT in it")),
        EstimateField("vat_separate", "asked", ("合同单独列明增值税", "VAT is shown apart")),
        EstimateField("amount_stated", "asked", ("合同列明金额", "The amount is stated")),
        _AS_OF,
    ),
    "personal_income": (
        EstimateField(
            "income",
            "choice",
            ("所得项目", "Income"),
            required=True,
            options=(
                ("labour", ("劳务报酬(服务、咨询、中介)", "Service, consulting, broking")),
                ("royalty", ("特许权使用费(许可专利等)", "Royalty of a patent or know-how")),
            ),
        ),
        EstimateField("amount_fen", "money", ("收入(元)", "Income"), required=True),
        EstimateField("base_fen", "money", ("本年其他应纳税所得额(元)", "Other taxable income")),
        EstimateField("resident", "asked", ("居民个人", "Resident")),
        _AS_OF,
    ),
}
