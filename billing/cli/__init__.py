"""`flask billing <verb>`: parse, call one service, print."""
