"""Plain HTTP in front of functions: function URLs and API Gateway, by a path on loopback."""
