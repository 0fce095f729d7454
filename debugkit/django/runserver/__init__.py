"""A second application, for those who want ``manage.py runserver`` to be debugkit's too."""
