"""What a look-up was asked for, where a person did; it is written down in the place of the worker's name."""

from typing import Final

from django.utils.translation import gettext_noop

CHECK_NOW: Final = gettext_noop("check now")
BEFORE_ASKING: Final = gettext_noop("before closing")
AT_DECISION: Final = gettext_noop("before signing")
PURPOSES: Final = (CHECK_NOW, BEFORE_ASKING, AT_DECISION)
