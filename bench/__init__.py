"""Benchmarks: one file each; every figure is one JSON line with a baseline from the same run."""
