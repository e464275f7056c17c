"""The clinic's own app: its tables as they grew, and the adapter that shows them to the client portal."""
