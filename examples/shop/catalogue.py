"""What the shop sells, from a data base in memory that is filled from catalogue.sql at the start."""

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path

# One connection for all threads: SQLite serializes what they do.
database = sqlite3.connect(":memory:", check_same_thread=False)
database.row_factory = sqlite3.Row
database.executescript((Path(__file__).parent / "catalogue.sql").read_text("utf-8"))


@dataclass
class Product:
    slug: str
    title: str
    stock: int
    details: dict


def find_product(slug):
    """The product, or None."""
    row = database.execute("SELECT slug, title, stock, details FROM products WHERE slug = ?", [slug]).fetchone()
    return Product(row["slug"], row["title"], row["stock"], json.loads(row["details"])) if row else None


def all_products():
    return [
        find_product(row["slug"]) for row in database.execute("SELECT slug FROM products ORDER BY title").fetchall()
    ]


def saved_cart(customer):
    """The items that the customer left in the cart: a list of dicts."""
    row = database.execute("SELECT items FROM carts WHERE customer = ?", [customer]).fetchone()
    return json.loads(row["items"])


def voucher(code):
    return database.execute("SELECT code, discount FROM vouchers WHERE code = ?", [code]).fetchone()


def orders(customer):
    rows = database.execute("SELECT number, paid, refunded, receipt FROM orders WHERE customer = ?", [customer])
    return [dict(row) for row in rows.fetchall()]


def parents():
    """Each category's slug, and its parent's."""
    return dict(database.execute("SELECT slug, parent FROM categories").fetchall())


def suppliers():
    return [
        dict(row) for row in database.execute("SELECT name, region, reply FROM suppliers ORDER BY rowid").fetchall()
    ]
