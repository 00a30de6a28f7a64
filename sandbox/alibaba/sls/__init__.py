"""Simple Log Service: projects, logstores, indexes, writing and querying rows."""
