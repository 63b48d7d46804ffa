"""The closed set of mechanisms layers are built from: one file each, usable by any place.

A mechanism has a pack form (a pydantic model), a plan form (a frozen node with whole fen and reduced fractions), the bounds of
that node, and the lines of generated Python that settle it.
"""
