"""What the admin's pages share: lists, the guard, the password asked again."""
