"""scenario: one kind of harm, done to real parts while a ledger is kept.

A module of scenarios is named scenarios_*.py and has SCENARIOS, a list of these. To add one: a
name, a sentence, run(folder, safe) that returns figures, and judge(figures) that says what was
lost. Beside the safe runs stand the control's, with what protects switched off: they must lose
something, or else the harm was none.
"""


class Scenario:
    name = ""
    about = ""
    #: what the control does without
    control = ""
    #: also in the short version, which ./run test runs: where the control loses much every time
    short = False
    #: control runs until something is lost, at most
    control_tries = 5

    def run(self, folder, safe):
        """Figures: at least tried, survived, lost (numbers); maybe recovery_ms."""
        raise NotImplementedError
