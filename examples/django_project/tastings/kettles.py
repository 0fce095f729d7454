"""Asks kettles and suppliers that answer when they like, or not at all."""

import asyncio

KETTLES = {"iron": {"celsius": 96, "full": True}, "glass": {"celsius": 81, "full": True}, "tin": None}

SUPPLIERS = {
    "Makaibari": {"darjeeling": 40},
    "Uji Tea House": {"matcha": "on request"},
    "Alishan Farm": {},
}


async def temperature(name):
    await asyncio.sleep(0)
    reading = KETTLES[name]
    return reading["celsius"]


async def warmest():
    degrees = [await temperature(name) for name in KETTLES]
    return max(degrees)


async def in_stock(supplier, tea):
    await asyncio.sleep(0)
    grams = SUPPLIERS[supplier][tea]
    return int(grams)


async def ask_all():
    async with asyncio.TaskGroup() as group:
        teas = zip(SUPPLIERS, ("darjeeling", "matcha", "oolong"), strict=True)
        asked = [group.create_task(in_stock(supplier, tea)) for supplier, tea in teas]
    return sum(task.result() for task in asked)
