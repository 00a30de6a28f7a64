"""OSS: buckets and objects as files."""
