"""Benchmarks: one script a question. Each prints ratios within one run, since a machine's own speed says little.

`python -m benchmarks.run` runs them all; each runs alone too: `python -m benchmarks.one_case`.
"""
