"""What the admin's desk asks and does: lists over every table, records, and changes by hand."""
