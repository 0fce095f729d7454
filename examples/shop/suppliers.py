"""Asks the suppliers what they can deliver: one after the other, or all at the same time."""

import asyncio
import json

import catalogue


class SupplierError(Exception):
    """A supplier's answer is of no use."""


def check_all():
    """Every supplier's stock. Tells of all that is wrong at once, by region."""
    offers, problems = {}, {}
    for supplier in catalogue.suppliers():
        try:
            offers[supplier["name"]] = read_offer(supplier)
        except Exception as error:
            error.add_note(f"Supplier: {supplier['name']}, {supplier['region']}")
            problems.setdefault(supplier["region"], []).append(error)
    if problems:
        groups = [ExceptionGroup(f"Suppliers in {region}", errors) for region, errors in problems.items()]
        raise ExceptionGroup("Not all suppliers can deliver", groups)
    return offers


def read_offer(supplier):
    if not supplier["reply"]:
        raise SupplierError(f"{supplier['name']} does not answer")
    offer = json.loads(supplier["reply"])
    return {slug: available(slug, count) for slug, count in offer.items()}


def available(slug, count):
    product = catalogue.find_product(slug)
    return product.stock + count


async def look_up_stock(names):
    """The stock of several products, looked up at the same time."""
    async with asyncio.TaskGroup() as tasks:
        running = {name: tasks.create_task(look_up(name)) for name in names}
    return {name: task.result() for name, task in running.items()}


async def look_up(name):
    await asyncio.sleep(0)  # where a real shop would wait for the network
    product = catalogue.find_product(name)
    return product.stock // len(product.details["delivery"])
