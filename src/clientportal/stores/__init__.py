"""Where the portal keeps its own records: memory (the reference), and SQL."""
