"""Card payments: what the card processor says happened, in our words."""
