"""How checks speak: one line each, `ok NAME` or `FAIL NAME: why`, and at the end their number."""
import contextlib
import os


class Wrong(Exception):
    """What a check found to be wrong, in one sentence."""


def demand(condition, sentence):
    """Raises Wrong where the condition does not hold; unlike assert, also under python -O."""
    if not condition:
        raise Wrong(sentence)


def none_of(problems):
    """Raises Wrong with all the sentences of an iterable, if there is one."""
    problems = list(problems)
    demand(not problems, "; ".join(problems))


class Report:
    """Runs checks, prints their lines and counts them."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, name, function, *args, **more):
        """One check: the function raises where something is wrong, and may return what it proved."""
        try:
            proved = function(*args, **more)
        except Exception as e:  # whatever torch or numpy say is the finding
            self.fail(name, e)
            return False
        self.passed += 1
        print(f"ok {name}" + (f" ({proved})" if proved else ""), flush=True)
        return True

    def fail(self, name, e):
        self.failed += 1
        kind = "" if isinstance(e, Wrong) else type(e).__name__ + ": "
        print(f"FAIL {name}: {kind}{' '.join(str(e).split())}", flush=True)

    @contextlib.contextmanager
    def part(self, name):
        """Checks that build on one another: what breaks between them ends the part, as one failure."""
        try:
            yield
        except Exception as e:
            self.fail(name, e)

    def skip(self, name, why):
        """A check that this machine cannot do."""
        self.skipped += 1
        print(f"skipped {name}: {why}", flush=True)

    def close(self, name):
        """The closing line, also for $TEST_TOTALS where that is set; the process's exit status."""
        if os.environ.get("TEST_TOTALS"):
            with open(os.environ["TEST_TOTALS"], "a") as f:
                f.write(f"{name} {self.passed} {self.failed} {self.skipped}\n")
        print(f"{name}: {self.passed} passed, {self.failed} failed" + (f", {self.skipped} skipped" if self.skipped else ""), flush=True)
        return 1 if self.failed else 0
