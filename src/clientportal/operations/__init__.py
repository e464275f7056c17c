"""Loaders and steps: what is read for a rule, and what is done with its decision. One file per question."""
