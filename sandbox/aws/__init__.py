"""The AWS half: Lambda of our own over the shared executor, every other service by moto."""
