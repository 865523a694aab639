"""The payment sandbox, tested through the official client, its pages and its control panel."""
