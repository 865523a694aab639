"""The host product's side: webhooks that it gets, decorators in its process, its examples."""
