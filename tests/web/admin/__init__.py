"""The admin's desk as an admin sees it, and as nobody else does."""
