"""The contract of the JSON API."""
