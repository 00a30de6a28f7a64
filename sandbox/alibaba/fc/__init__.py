"""FC 3.0, API version 2023-03-30."""
