"""What the blueprints share: guards, forms, filters, error pages, headers."""
