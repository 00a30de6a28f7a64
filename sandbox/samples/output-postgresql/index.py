"""Keeps tasks in a table of PostgreSQL: writes or deletes the one of the event, then answers with all.

Runs on AWS Lambda (the event is a dict) and on Function Compute (the event is bytes). Where the database is,
libpq reads from PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD and PGOPTIONS. The connection is kept for the
calls that find this instance warm.
"""

import json

import psycopg2

connections = []

WRITE = """
    INSERT INTO tasks (uuid, description, priority) VALUES (%(uuid)s, %(description)s, %(priority)s)
    ON CONFLICT (uuid) DO UPDATE SET description = excluded.description, priority = excluded.priority
"""


def connection():
    if not connections or connections[0].closed:
        connections[:] = [psycopg2.connect("")]
    return connections[0]


def handler(event, context):
    asked = json.loads(event) if isinstance(event, bytes) else event
    with connection() as transaction, transaction.cursor() as cursor:
        if "delete" in asked:
            cursor.execute("DELETE FROM tasks WHERE uuid = %s", [asked["delete"]])
            print("Deleted", cursor.rowcount)
        elif "uuid" in asked:
            cursor.execute(WRITE, asked)
            print("Wrote", asked["uuid"])
        cursor.execute("SELECT uuid, description, priority FROM tasks ORDER BY priority, uuid")
        names = [column.name for column in cursor.description]
        return {"tasks": [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]}
