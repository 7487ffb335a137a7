"""Ending by two people what nothing else can prove: what is asked, on what evidence, and how it reads."""
