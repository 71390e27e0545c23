"""Refusals of the deals module."""

from app.kit.errors import Forbidden


class NotAPartyOfDeal(Forbidden):
    """Only seller and buyer act on a deal."""

    code = "not_a_party_of_deal"
    zh = "只有该交易的转让方和受让方可以执行此操作"
    en = "Only the seller and the buyer of the deal may do that"
