"""The learned market model: pure computation over arrays, without I/O.

`offers` are what it reads, `features` how they become numbers, `trees` and `training` the
quantiles, `calibration` what makes intervals hold, `support` what is refused, `model` all of it.
"""
