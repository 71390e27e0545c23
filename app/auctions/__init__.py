"""Auctions (竞价拍卖)."""
