"""Managers who are away, and who decides for them: handing over, ending it, and who sees what of it."""
