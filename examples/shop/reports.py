"""Lists for the office: an export that is sent while it is made, and an inventory that is far too large."""

import catalogue


def export_rows():
    """The price list as CSV, a line at a time."""
    yield b"product,price\r\n"
    for product in catalogue.all_products():
        euros = product.details["price"] / 100
        yield f'"{product.title}",{euros:.2f}\r\n'.encode()


def inventory(shelves):
    """The last bag of tea on the last shelf."""
    bags = list(range(shelves * 1000))
    places = {f"shelf-{number // 1000}/bag-{number}": number for number in range(0, len(bags), 10)}
    protocol = "counted, nothing missing; " * 400_000
    last = bags[len(places) * 10]
    return last, protocol
