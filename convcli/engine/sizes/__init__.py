"""Sizes in pure integers: output sizes, receptive fields, what leads to a size. No NumPy.

Open: all. This page loads none of them, so that a size costs what it needs.
"""
