"""Settings that hold for all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# The same examples every time, so that a change fails for what it breaks and not for an example that nobody met
# before. With KUSTODIAN_EXAMPLES they are new ones each time, and the slow properties try that many.
settings.register_profile("kustodian", derandomize="KUSTODIAN_EXAMPLES" not in os.environ)
settings.load_profile("kustodian")
