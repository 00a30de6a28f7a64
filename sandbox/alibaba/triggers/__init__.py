"""Triggers of FC 3.0: what is stored of them, and what makes them fire."""
