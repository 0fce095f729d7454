"""What must not be shown. ``redactor`` decides; ``names`` takes names apart into words; ``patterns`` are the rules as
data.

A new rule is a line in ``patterns`` and two in the tests' corpus: one that it hides, one that stays readable.
"""
