"""A small neural-network engine in plain NumPy."""
