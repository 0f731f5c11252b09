"""The handbook: chapters in Markdown, the API reference from the contract, and both as text for agents."""
