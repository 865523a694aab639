"""What `./dev run` starts: the demo catalog, its people, and the processes that serve them."""
