"""Charges cards. The card must not be seen on any page."""

from django.views.decorators.debug import sensitive_variables


class CardRefused(Exception):
    """The bank said no."""


@sensitive_variables("card", "digits")
def charge(card, cents):
    digits = card.replace("-", "")
    limit = 2500
    if cents > limit:
        raise CardRefused(f"{cents} cents are more than the limit of {limit}")
    return digits[-4:]
