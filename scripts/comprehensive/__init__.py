"""The checks of `test_billing_comprehensive.py`, by what they are about."""

from scripts.comprehensive import (
    catalog_checks,
    instance_checks,
    metering_checks,
    stripe_checks,
    subscription_checks,
)
from scripts.comprehensive.checks import Check

CHECKS: tuple[Check, ...] = (
    *catalog_checks.CHECKS,
    *subscription_checks.CHECKS,
    *metering_checks.CHECKS,
    *stripe_checks.CHECKS,
    *instance_checks.CHECKS,
)
