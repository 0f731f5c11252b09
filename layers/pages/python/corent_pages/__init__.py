"""What every web page of Corent shares: layout, assets, policy, sessions and forms."""
