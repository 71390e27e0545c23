"""The approaches to a value, without I/O: market, income, cost, real option, and what joins them.

Every approach gives an `ApproachResult`, which a learned model gives as well.
"""
