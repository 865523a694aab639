"""What operators see: structured logs, redaction, metrics."""
