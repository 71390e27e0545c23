"""Listings: the offer, its disclosure period, who qualifies to bid (信息发布, 公开挂牌)."""
