"""case: the base of integration tests: a temporary folder, and a site shared by a class."""
import os
import shutil
import tempfile
import unittest

from .vouchsafe import Site


class FolderCase(unittest.TestCase):
    """self.folder is a fresh folder for the class; kept, and named, if a test failed."""

    @classmethod
    def setUpClass(cls, parent=None):
        cls.folder = tempfile.mkdtemp(prefix="vouchsafe-test-", dir=parent)
        cls.failed = False

    @classmethod
    def tearDownClass(cls):
        if cls.failed and os.environ.get("VOUCHSAFE_KEEP"):
            print("kept:", cls.folder)
        else:
            shutil.rmtree(cls.folder, ignore_errors=True)

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            type(self).failed = True


class SiteCase(FolderCase):
    """self.site is one installation for the class: attestd with the example app registered."""

    OPTIONS = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            cls.site = Site(os.path.join(cls.folder, "site"), **cls.OPTIONS)
            cls.start()
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def start(cls):
        """What else the class needs; cls.site is up."""

    @classmethod
    def tearDownClass(cls):
        if getattr(cls, "site", None):
            cls.site.stop()
        super().tearDownClass()

    def refusal(self, daemon, error_id):
        """The audit line of a refusal, found by the id that the client was given."""
        found = [e for e in daemon.events() if e.get("error_id") == error_id
                 and e.get("verdict") == "refused"]
        self.assertEqual(len(found), 1, "one audit line for " + str(error_id))
        return found[0]
