"""What an account's owner is told of unasked: that the balance is low, that a top-up failed."""
