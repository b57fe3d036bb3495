"""matrix: what passed between which server or client and the mediator, and its copy in README.md.

Each test class keeps what it saw in a file of its own below the build folder; test_matrix reads
them all when the others are done."""
import json
import os

from harness.vouchsafe import BUILD, ROOT

FOLDER = os.path.join(BUILD, "interop")
README = os.path.join(ROOT, "README.md")
BEGIN, END = "<!-- matrix: written by tests/interop -->\n", "<!-- end of matrix -->\n"
FAILED, LACKING = "FAILED", "—"

SERVERS = ("Glewlwyd 2.7", "oidc-provider 9", "Authlib 1.2")
CLIENTS = ("openid-client 6", "oauth4webapi 3")


def _path(owner):
    return os.path.join(FOLDER, "%s.%s.json" % (owner.__module__, owner.__qualname__))


def forget(owner):
    if os.path.exists(_path(owner)):
        os.remove(_path(owner))


def keep(owner, column, cells):
    """`cells` are [(row, text)] of one class."""
    os.makedirs(FOLDER, exist_ok=True)
    with open(_path(owner), "w") as f:
        json.dump({"column": column, "cells": cells}, f)


def load(tables):
    """{(row, column): text}; one that failed anywhere failed. `tables` are [(columns, rows)]."""
    known = {(row, column) for columns, rows in tables for row in rows for column in columns}
    found = {}
    for name in sorted(os.listdir(FOLDER)) if os.path.isdir(FOLDER) else ():
        with open(os.path.join(FOLDER, name)) as f:
            seen = json.load(f)
        for row, text in seen["cells"]:
            at = (row, seen["column"])
            assert at in known, at
            if found.get(at, LACKING) == LACKING or text == FAILED:
                found[at] = text
    return found


def render(tables, found):
    """Markdown tables; rows without any cell are left out."""
    return "\n".join(_table(columns, rows, found) for columns, rows in tables)


def _table(columns, rows, found):
    lines = ["| | " + " | ".join(columns) + " |", "|---|" + "---|" * len(columns)]
    for row in rows:
        cells = [found.get((row, column)) for column in columns]
        if any(cells):
            lines.append("| %s | %s |" % (row, " | ".join(c or "" for c in cells)))
    return "\n".join(lines) + "\n"


def _parts():
    with open(README) as f:
        before, rest = f.read().split(BEGIN)
    return before, *rest.split(END)


def in_readme():
    return _parts()[1]


def write_readme(text):
    before, _, after = _parts()
    with open(README, "w") as f:
        f.write(before + BEGIN + text + END + after)
