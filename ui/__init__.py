"""The page: one module per tab, one per custom component."""
