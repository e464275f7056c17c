"""What the portal's tables were made by, release by release."""
