"""Runs a command and writes how it ended to a file as JSON: when it began (seconds since 1970), how
long it took, its peak memory in bytes, its exit code.

    python -I -S child.py REPORT COMMAND...

A process inherits the peak memory of the one that starts it (it is kept across exec), so the one that
starts a measured process must be as small as this.
"""
import json
import os
import sys
import time

report, *command = sys.argv[1:]
began = time.time()
pid = os.posix_spawnp(command[0], command, os.environ)
_, status, used = os.wait4(pid, 0)
with open(report, "w") as f:
    json.dump({"began": began, "seconds": time.time() - began, "memory": used.ru_maxrss << 10, "code": os.waitstatus_to_exitcode(status)}, f)
