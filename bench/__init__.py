"""Benchmarks: how near Billhook comes to what the database itself can do."""
