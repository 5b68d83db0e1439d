"""What corr, pool and edge share: their options, the work on one input, the work on many.

Open: operation, options.
"""
