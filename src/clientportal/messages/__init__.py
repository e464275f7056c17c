"""What is said to clients and staff, and how it leaves."""
