"""What can be typed next in a console, and what is typed already worth, without running any code of others.

``completer`` is the way in. ``target`` says what is being typed, from the tokens of ``scanner``; ``names``, ``keys``
and ``modules`` have what there is, ``candidates`` chooses, ``signatures`` explains. ``evaluation`` knows what an
expression is worth, with the ``operations`` on plain values.
"""
