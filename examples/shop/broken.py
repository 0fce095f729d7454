"""Prints address labels. Somebody was interrupted while typing."""


def print_labels(orders, size="A6"):
    for order in orders:
        address = order["address"]
        if address["country"] = "JP":
            address = reversed(address)
        print_label(address, size)
