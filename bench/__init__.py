"""Measurements: ratios in one run, printed as tables. Not part of the tests, which never look at a clock."""
