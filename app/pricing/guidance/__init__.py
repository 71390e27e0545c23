"""Guidance for a seller before an auction: pure computation, without I/O.

`demand` is who may come and what they would pay, `plans` the price that gives most, `advice` all of
it with its evidence; `relisting` is what failed sessions teach, `calibration` makes stated
probabilities come true as often as they say.
"""
