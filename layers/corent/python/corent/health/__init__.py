"""Health: live results folded into what routing and the public status read."""
