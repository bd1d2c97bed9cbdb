"""What all tests share: the Hypothesis profiles."""

import os

from hypothesis import HealthCheck, settings

# `ci` gives the same examples on every run; `deep` and `fresh` are for looking further by hand.
settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("deep", parent=settings.get_profile("ci"), max_examples=2000)
settings.register_profile("fresh", deadline=None, max_examples=500, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
