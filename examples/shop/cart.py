"""The cart of a customer, as the data base keeps it: a list of items, each a dict that came from JSON."""

import json

import catalogue
from prices import discount, price_of


class Cart:
    def __init__(self, items):
        self.items = items

    def __repr__(self):
        return f"<Cart with {len(self.items)} items>"

    @classmethod
    def of_customer(cls, customer):
        return cls(catalogue.saved_cart(customer))

    @classmethod
    def from_json(cls, text):
        """A cart that the customer exported from another shop."""
        return cls(json.loads(text))

    def total(self):
        amount = 0
        for item in self.items:
            amount += price_of(item)
        return amount

    def total_with_voucher(self, code):
        percent = discount(code)
        return self.total() * (100 - percent) // 100

    def add(self, product, count):
        left = product.stock - count
        self.items.append({"name": product.title, "price": product.details["price"], "count": count})
        return left
