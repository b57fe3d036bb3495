"""scenario: one kind of harm, done to real parts while a ledger is kept.

A module of scenarios is named scenarios_*.py and has SCENARIOS, a list of these. To add one: a
name, a sentence, and run(folder, safe) that returns figures. Beside the safe runs stand the
control's, with what protects switched off: they must lose something, or else the harm was none.
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
    #: how many of fifty runs it needs: fewer where one run does its harm many times
    runs_of_fifty = 50

    def runs(self, asked):
        return max(1, asked * self.runs_of_fifty // 50)

    def run(self, folder, safe):
        """Figures: at least tried, survived, lost (numbers); maybe recovery_ms, a number or a list,
        and complaints, what the ledger found."""
        raise NotImplementedError
