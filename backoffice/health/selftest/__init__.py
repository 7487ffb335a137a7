"""The controls that money stands on, each tried for real: through the services, or in SQL as the application's role.

Every trial happens in a transaction that is rolled back, so nothing of it stays but its result. A control counts as
held only when what must stop a trial has stopped it: another guard behind it does not make good for one that is gone.
"""
