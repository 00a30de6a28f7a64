"""Runs Cutover on a machine that has nothing but Python.

Real PostgreSQL and Redis from wheels, the sandbox clouds and the product's own processes, under one process
manager. Imports nothing of the product: what it knows of it are command lines and names of environment
variables.
"""
