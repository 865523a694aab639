"""Pure values and arithmetic: no time, no database, no network, no log."""
