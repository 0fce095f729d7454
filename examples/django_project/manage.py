#!/usr/bin/env python
"""Runs the commands of the tea house's project.

Start with ``python manage.py migrate``, then ``python manage.py runserver_plus``, and follow the links of its front
page.
"""

import os
import sys


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "teahouse.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
