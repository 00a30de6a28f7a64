"""Validation runs: both sides get each event; the answers become pairs, the pairs a verdict."""
