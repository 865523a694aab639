"""Each request and each refusal can be explained from the rows alone."""

from __future__ import annotations

import pytest

from billing.errors import EntryNotFound, InsufficientTokens
from billing.services import explanations, holds, metering
from tests.ledger import Ledger


def test_a_request_names_its_quota_and_its_lots(ledger: Ledger) -> None:
    user = ledger.user(quota=1)
    first, second = ledger.grant(user, 7), ledger.grant(user, 100)
    receipt = metering.record(user, "mentor", 3)

    told = explanations.explain(receipt.id)

    assert [(first.lot_id, 7), (second.lot_id, 3)] == [
        (lot.lot_id, lot.tokens) for lot in told.lots
    ]
    assert "Quota first: 1 of 3. Used before 0, after 1" in told.steps[1]
    assert "Balance before 107, after 97" in told.steps[3]


def test_a_refusal_keeps_the_numbers_of_its_moment(ledger: Ledger) -> None:
    user = ledger.user(quota=0, tokens=4)
    with pytest.raises(InsufficientTokens) as refusal:
        metering.record(user, "mentor")
    ledger.grant(user, 100)

    told = explanations.explain(str(refusal.value.members["refusal"]))

    assert "5 were needed, the balance was 4" in told.steps[2]


def test_a_settled_hold_leads_to_its_request(ledger: Ledger) -> None:
    user = ledger.user(quota=0, tokens=100)
    held = holds.hold(user, "mentor", 2)
    (receipt,) = held.settle(1).receipts

    assert f"Settled into {receipt.id}." in explanations.explain(held.id).steps
    assert held.id in explanations.explain(receipt.id).steps[0]


def test_a_ledger_line_tells_its_reason(ledger: Ledger) -> None:
    line = ledger.grant(ledger.user(), 5)

    assert "5 tokens by test: A gift." == explanations.explain(line.id).steps[0]


@pytest.mark.parametrize("reference", ["air_1_99", "ref_99", "hold_9", "txn_1_9", "", "x", "ref_²"])
def test_what_does_not_exist_is_not_explained(ledger: Ledger, reference: str) -> None:
    with pytest.raises(EntryNotFound):
        explanations.explain(reference)
