"""Figures in Arabic keep the point and the comma of every other page: `1,250.00` is never written `1.250,00`."""

DECIMAL_SEPARATOR = "."
THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
