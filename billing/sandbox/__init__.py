"""The local Stripe: its own process, its own store, spoken to by the official client over HTTP."""

from billing.sandbox.app import create_sandbox
from billing.sandbox.settings import SandboxSettings

__all__ = ["SandboxSettings", "create_sandbox"]
