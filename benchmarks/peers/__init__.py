"""Other libraries that do some of the same, each measured in a process of its own beside our floor."""
