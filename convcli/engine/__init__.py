"""The engine: NumPy only. It never prints and never opens a file."""
