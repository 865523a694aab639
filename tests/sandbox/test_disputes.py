"""Disputes and inquiries, what they do to the money, and refunds that come back."""

import pytest
import stripe

from tests.sandbox.receiver import Receiver
from tests.sandbox.shapes import Shapes
from tests.sandbox.shop import Shop
from tests.sandbox_process import SandboxControl

OPENED = ["charge.dispute.created", "charge.dispute.funds_withdrawn"]


def bought(shop: Shop, card: str = "4242") -> stripe.Charge:
    intent = str(shop.pay(shop.open_package(), card=card).payment_intent)
    return shop.client.v1.charges.list({"payment_intent": intent}).data[0]


def money(dispute: stripe.Dispute) -> list[int]:
    return [moved.amount for moved in dispute.balance_transactions]


def test_a_chargeback_takes_the_money_at_once(client: stripe.StripeClient, shop: Shop) -> None:
    charge, before = bought(shop), len(shop.types_since(0))

    opened = shop.control.dispute(charge.id, reason="product_not_received")

    dispute = client.v1.disputes.retrieve(opened["id"], {"expand": ["charge"]})
    assert (dispute.status, dispute.reason) == ("needs_response", "product_not_received")
    assert (dispute.amount, dispute.is_charge_refundable, money(dispute)) == (2000, False, [-2000])
    assert dispute.balance_transactions[0].net == -3500
    assert isinstance(dispute.charge, stripe.Charge)
    assert dispute.charge.disputed is True
    assert shop.types_since(before) == OPENED


def test_what_was_charged_back_is_not_refunded(client: stripe.StripeClient, shop: Shop) -> None:
    charge = bought(shop)
    shop.control.dispute(charge.id)

    with pytest.raises(stripe.InvalidRequestError, match="has been charged back") as refusal:
        client.v1.refunds.create({"charge": charge.id})

    assert refusal.value.code == "charge_disputed"


def test_an_inquiry_moves_no_money(client: stripe.StripeClient, shop: Shop) -> None:
    charge, before = bought(shop), len(shop.types_since(0))

    opened = shop.control.dispute(charge.id, inquiry=True)
    refund = client.v1.refunds.create({"charge": charge.id, "amount": 500})
    shop.control.close_dispute(opened["id"], "warning_closed")

    dispute = client.v1.disputes.list({"charge": charge.id}).data[0]
    assert (dispute.status, money(dispute), refund.status) == ("warning_closed", [], "succeeded")
    assert [t for t in shop.types_since(before) if "dispute" in t] == [
        "charge.dispute.created",
        "charge.dispute.closed",
    ]


def test_evidence_is_final_once_submitted_and_can_win(
    client: stripe.StripeClient, shop: Shop
) -> None:
    dispute_id, before = shop.control.dispute(bought(shop).id)["id"], len(shop.types_since(0))

    draft = client.v1.disputes.update(dispute_id, {"evidence": {"customer_name": "Mara"}})
    sent = client.v1.disputes.update(dispute_id, {"submit": True})
    with pytest.raises(stripe.InvalidRequestError, match="already closed or"):
        client.v1.disputes.update(dispute_id, {"evidence": {"customer_name": "Lind"}})
    shop.control.close_dispute(dispute_id, "won")

    won = client.v1.disputes.retrieve(dispute_id)
    assert (draft.status, draft.evidence_details.has_evidence) == ("needs_response", True)
    assert (sent.status, sent.evidence_details.submission_count) == ("under_review", 1)
    assert (won.status, won.is_charge_refundable, money(won)) == ("won", True, [-2000, 2000])
    assert shop.types_since(before) == [
        "charge.dispute.updated",
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_reinstated",
    ]


@pytest.mark.parametrize("words", ["winning_evidence", "losing_evidence"])
def test_the_words_of_stripes_testing_page_decide(
    words: str, client: stripe.StripeClient, shop: Shop, control: SandboxControl
) -> None:
    dispute_id = control.dispute(bought(shop).id)["id"]

    client.v1.disputes.update(
        dispute_id, {"evidence": {"uncategorized_text": words}, "submit": True}
    )
    control.wait_until_idle()

    expected = {"winning_evidence": "won", "losing_evidence": "lost"}[words]
    assert client.v1.disputes.retrieve(dispute_id).status == expected


def test_an_inquiry_can_become_a_chargeback(client: stripe.StripeClient, shop: Shop) -> None:
    dispute_id = shop.control.dispute(bought(shop).id, inquiry=True)["id"]

    shop.control.escalate_dispute(dispute_id)

    dispute = client.v1.disputes.retrieve(dispute_id)
    assert (dispute.status, money(dispute)) == ("needs_response", [-2000])


def test_giving_up_loses(client: stripe.StripeClient, shop: Shop) -> None:
    dispute_id = shop.control.dispute(bought(shop).id)["id"]

    lost = client.v1.disputes.close(dispute_id)

    assert (lost.status, lost.is_charge_refundable, money(lost)) == ("lost", False, [-2000])
    with pytest.raises(stripe.InvalidRequestError, match="already closed"):
        client.v1.disputes.close(dispute_id)


@pytest.mark.parametrize(
    ("card", "status"),
    [("0259", "needs_response"), ("2685", "needs_response"), ("1976", "warning_needs_response")],
)
def test_some_cards_dispute_by_themselves(
    card: str, status: str, client: stripe.StripeClient, shop: Shop, control: SandboxControl
) -> None:
    charge = bought(shop, card)

    control.wait_until_idle()

    assert [d.status for d in client.v1.disputes.list({"charge": charge.id}).data] == [status]


def test_disputes_reach_the_endpoints(
    receiver: Receiver, shop: Shop, control: SandboxControl
) -> None:
    bought(shop, "0259")

    control.wait_until_idle()

    assert set(OPENED) <= set(receiver.types)


def test_what_cannot_be_disputed_is_refused(shop: Shop, control: SandboxControl) -> None:
    charge = bought(shop)
    dispute_id = control.dispute(charge.id)["id"]

    with pytest.raises(RuntimeError, match="is disputed already"):
        control.dispute(charge.id)
    with pytest.raises(RuntimeError, match="A chargeback cannot end as warning_closed"):
        control.close_dispute(dispute_id, "warning_closed")
    with pytest.raises(RuntimeError, match="Invalid reason: must be one of"):
        control.dispute(bought(shop).id, reason="mood")


def test_a_refund_from_the_dashboard_is_told(shop: Shop, control: SandboxControl) -> None:
    charge, before = bought(shop), len(shop.types_since(0))

    refund = control.refund(charge.id, amount=700, reason="duplicate")

    assert (refund["amount"], refund["reason"]) == (700, "duplicate")
    assert shop.types_since(before)[:2] == ["refund.created", "charge.refunded"]


def test_a_refund_can_come_back(
    client: stripe.StripeClient, shop: Shop, control: SandboxControl
) -> None:
    charge = bought(shop, "5126")

    made = client.v1.refunds.create({"charge": charge.id})
    control.wait_until_idle()

    refund = client.v1.refunds.retrieve(made.id, {"expand": ["charge"]})
    assert (made.status, refund.status, refund.failure_reason) == ("succeeded", "failed", "unknown")
    assert isinstance(refund.charge, stripe.Charge)
    assert (refund.charge.amount_refunded, refund.charge.refunded) == (0, False)
    assert "refund.failed" in shop.types_since(0)


def test_disputes_have_the_shape_of_the_librarys_classes(
    client: stripe.StripeClient, shop: Shop, control: SandboxControl
) -> None:
    won = control.dispute(bought(shop).id)["id"]
    client.v1.disputes.update(won, {"evidence": {"customer_name": "Mara"}, "submit": True})
    control.close_dispute(won, "won")
    control.dispute(bought(shop).id, inquiry=True)
    control.fail_refund(control.refund(bought(shop).id)["id"])
    shapes = Shapes()

    events = [
        {name: value for name, value in event.items() if name != "deliveries"}
        for event in control.events()
    ]
    listed = client.v1.disputes.list({"expand": ["data.charge"]}).to_dict(for_json=True)

    assert [p for event in events for p in shapes.problems(event)] == []
    assert shapes.problems(listed) == []
