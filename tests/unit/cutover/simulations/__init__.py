"""Thousands of runs at once, with every event looked at.

The e-values on counts depend on few numbers, so the exact counts at which a check begins to fail are asked of
the product's own functions once, and drawn runs are held against them. Where a check has a running state, the
recursion is written again for whole arrays. Either way a sample of runs is judged by the product itself,
event by event, and both must fail at the same event.
"""
