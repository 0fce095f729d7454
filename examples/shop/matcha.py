"""The 抹茶 counter, written by colleagues who name things in their own languages."""

import catalogue


def preis(größe, stück):
    茶 = catalogue.find_product("抹茶")
    größen = 茶.details["größen"]
    return f"🍵 {茶.title}: " + größen[größe] * stück + " ¢"
