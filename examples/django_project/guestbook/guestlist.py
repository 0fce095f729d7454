"""Lists of guests as other houses send them."""

import csv


def guests_in(data):
    """The name and city of each guest in a CSV file, given as bytes."""
    lines = data.decode("utf-8").splitlines()
    return [(row["name"], row["city"]) for row in csv.DictReader(lines)]
