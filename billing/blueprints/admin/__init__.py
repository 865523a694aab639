"""The admin's desk: for admins only, one module a noun; importing this room adds their routes."""

from billing.blueprints.admin import desk, users
from billing.blueprints.admin.blueprint import bp

__all__ = ["bp", "desk", "users"]
