"""Sample functions of the sandbox, and the loader that deploys them to its AWS half."""
