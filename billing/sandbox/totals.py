"""What an invoice or a session adds up to: its lines, less discounts, plus tax."""

from billing.sandbox import discounting
from billing.sandbox.contract import Json
from billing.sandbox.pricing import Part, Priced, priced, tax_entry, tax_percent_of
from billing.sandbox.unit import Unit

LIABILITY = {"type": "self"}


def of_invoice(unit: Unit, customer: Json, lines: list[Json], fields: Json) -> Json:
    """Complete the lines with discounts and taxes; returns the invoice's sums.

    Both come from the subscription in `fields["parent"]`, or from `fields` themselves.
    """
    details = (fields.get("parent") or {}).get("subscription_details")
    source: Json = {"automatic_tax": {"enabled": False}, "discounts": []}
    source |= (unit.objects.find(details["subscription"]) if details else None) or {}
    source |= {name: fields[name] for name in ("automatic_tax", "discounts") if name in fields}
    discounts, tax = discounting.applicable(unit, source["discounts"]), source["automatic_tax"]
    address = customer["address"] or {}
    percent = tax_percent_of(address, customer["tax_exempt"]) if tax["enabled"] else 0
    parts = [_line_part(unit, line) for line in lines]
    done = priced(parts, [coupon for _, coupon in discounts], percent)
    ids = [discount_id for discount_id, _ in discounts]
    for line, part, result in zip(lines, parts, done, strict=True):
        line["discount_amounts"] = _discount_amounts(ids, result.discounts)
        if tax["enabled"]:
            country, is_inclusive = address.get("country") or "", part.is_inclusive
            entry = tax_entry(result, percent, country, is_inclusive=is_inclusive)
            line["taxes"] = [entry]
    off = [sum(result.discounts[i] for result in done) for i in range(len(ids))]
    status = "complete" if address.get("country") else "requires_location_inputs"
    return _sums(parts, done) | {
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": tax["enabled"],
            "liability": LIABILITY if tax["enabled"] else None,
            "provider": "stripe" if tax["enabled"] else None,
            "status": status if tax["enabled"] else None,
        },
        "discounts": ids,
        "total_discount_amounts": _discount_amounts(ids, off),
        "total_taxes": _summed_taxes([each for line in lines for each in line["taxes"]]),
    }


def tax_settings(unit: Unit, kind: str, given: Json | None) -> Json:
    """`automatic_tax` of a subscription for what a call gave."""
    is_enabled = bool((given or {}).get("enabled"))
    blank: Json = unit.contract.blank(kind)["automatic_tax"]
    return blank | {"enabled": is_enabled, "liability": LIABILITY if is_enabled else None}


def of_items(items: list[Json], coupons: list[Json], percent: int) -> tuple[list[Json], Json]:
    """The line items of a session with what is due today, and the session's sums."""
    parts = [_item_part(item) for item in items]
    done = priced(parts, coupons, percent)
    for item, part, result in zip(items, parts, done, strict=True):
        added = 0 if part.is_inclusive else result.tax
        item |= {
            "amount_discount": result.discount,
            "amount_tax": result.tax,
            "amount_total": item["amount_subtotal"] - result.discount + added,
        }
    sums = _sums(parts, done)
    return items, {
        "amount_subtotal": sums["subtotal"],
        "amount_total": sums["total"],
        "total_details": {
            "amount_discount": sum(result.discount for result in done),
            "amount_shipping": 0,
            "amount_tax": sum(result.tax for result in done),
        },
    }


def _sums(parts: list[Part], done: list[Priced]) -> Json:
    subtotal = sum(part.amount for part in parts)
    taxes = sum(result.tax for result in done)
    included = sum(r.tax for part, r in zip(parts, done, strict=True) if part.is_inclusive)
    total = subtotal - sum(result.discount for result in done) + taxes - included
    return {
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - included,
        "total": total,
        "total_excluding_tax": total - taxes,
    }


def _line_part(unit: Unit, line: Json) -> Part:
    details = (line["pricing"] or {}).get("price_details") or {}
    price = unit.objects.find(details.get("price") or "") or {}
    is_inclusive = price.get("tax_behavior") == "inclusive"
    product = details.get("product", "")
    return Part(line["amount"], product, is_inclusive, is_discountable=line["discountable"])


def _item_part(item: Json) -> Part:
    is_inclusive = item["price"]["tax_behavior"] == "inclusive"
    return Part(item["amount_subtotal"], item["price"]["product"], is_inclusive)


def _discount_amounts(ids: list[str], amounts: list[int]) -> list[Json]:
    return [
        {"amount": amount, "discount": discount_id}
        for discount_id, amount in zip(ids, amounts, strict=True)
    ]


def _summed_taxes(taxes: list[Json]) -> list[Json]:
    """One entry for prices with the tax in them, one for those without."""
    found: dict[str, Json] = {}
    for tax in taxes:
        entry = found.setdefault(tax["tax_behavior"], tax | {"amount": 0, "taxable_amount": 0})
        entry["amount"] += tax["amount"]
        entry["taxable_amount"] += tax["taxable_amount"]
    return list(found.values())
