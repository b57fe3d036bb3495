"""shipped: the files in deploy/ as they are, with nothing but ports and paths put in."""
import os

from .vouchsafe import ROOT


def shipped(name, swaps):
    """The text of deploy/NAME with each of `swaps` in it replaced: they must be there."""
    with open(os.path.join(ROOT, "deploy", name)) as f:
        text = f.read()
    for old, new in swaps.items():
        if old not in text:
            raise AssertionError("%s has no %r" % (name, old))
        text = text.replace(old, new)
    return text
