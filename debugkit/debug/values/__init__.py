"""Any object as a bounded preview and a tree to open.

``describe`` is the way in. ``dispatch`` finds the previewer of a class: ``builtins``, ``strings``, ``third_party``,
``wrappers``, or ``objects`` for all others; ``preview`` is what they give; ``remembered`` keeps what foreign code
answered, ``handles`` the values that a page may open. ``tables`` and ``pictures`` are other looks at the result of a
command. A previewer for one more library is an entry in ``third_party``.
"""
