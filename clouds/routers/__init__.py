"""Who moves traffic: one module per kind of router."""
