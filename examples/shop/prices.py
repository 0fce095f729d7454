"""Prices, in cents."""

import catalogue


class VoucherError(Exception):
    """A voucher that the shop cannot take."""


def price_of(item):
    return item["price"] * item["count"]


def discount(code):
    """The discount of a voucher, in percent."""
    row = catalogue.voucher(code)
    try:
        return int(row["discount"])
    except ValueError as error:
        raise VoucherError(f"The voucher {code} cannot be redeemed") from error


def in_euros(cents):
    return f"{cents / 100:.2f} €"
