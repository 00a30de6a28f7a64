"""Databases that functions write to, looked at from outside."""
