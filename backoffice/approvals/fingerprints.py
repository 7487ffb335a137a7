"""The digest of what is decided on. Each subject says what its content is; how it is digested is said here, once.

Stored with every request and proof, so its form never changes: a subject that says more gets a new ``version`` in its
content.
"""

import hashlib
import json
from collections.abc import Mapping


def fingerprint(content: Mapping[str, object]) -> str:
    """Return the SHA-256 of ``content`` as canonical JSON, as 64 hexadecimal digits.

    :raises TypeError: for what JSON does not hold exactly as it stands, such as an amount that is not text yet.
    """
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
