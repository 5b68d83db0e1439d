"""Sizes in pure integers: output sizes, receptive fields, what leads to a size. Every size is asked for here.

Open are all of its modules; this page loads none of them, as each serves alone and none needs NumPy.
"""
