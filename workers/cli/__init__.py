"""The command line: `manage.py cutover VERB`. One module per group of verbs; ``main.run`` is the entry."""
