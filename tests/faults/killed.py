"""What stands for a process that is killed: nothing of it runs on, and its connection is gone."""


class Killed(BaseException):
    """Raised at a crash point; only the rig catches it. Not an `Exception`, so no handler of the product can."""
