"""Figures: scenes of few primitives, made from geometry and results, and the two renderers that draw them.

`scene` has the primitives, `fonts` tells how wide a text is, `themes` names the colours, `drawing` writes a
scene, or several as an animation, in the format that a suffix picks. Every other module makes scenes.
"""
