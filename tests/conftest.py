"""What holds for all tests."""

from hypothesis import settings

# No test asserts a clock: a busy machine is no failure.
settings.register_profile("without a clock", deadline=None)
settings.load_profile("without a clock")
