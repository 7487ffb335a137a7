"""Scripted faults: which request goes wrong (`rules.py`) and how (the other modules, one per kind of trouble)."""
