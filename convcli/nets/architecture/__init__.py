"""Networks as text and numbers: the layer language, shapes, parameters, multiply-accumulates. No NumPy.

Open: all. This page loads none of them, so that counting costs what it needs.
"""
