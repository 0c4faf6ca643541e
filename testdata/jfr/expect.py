#!/usr/bin/env python3
"""What `jfr print` of a JDK says of a recording, summed up as the tests compare it: one line for each event type and stack,
`event count amount leaf;...;root`, each frame `class.method:line`. Usage: expect.py FILE.jfr... > NAME.expected

Files that were joined are given one by one: `jfr print` looks up the second one's constants among the first one's."""
import collections
import json
import re
import subprocess
import sys

AMOUNTS = {
    "jdk.ExecutionSample": None, "profiler.WallClockSample": None, "profiler.LiveObject": None,
    "jdk.ObjectAllocationInNewTLAB": "tlabSize", "jdk.ObjectAllocationOutsideTLAB": "allocationSize",
    "jdk.ObjectAllocationSample": "weight", "profiler.Malloc": "size",
    "jdk.JavaMonitorEnter": "duration", "jdk.ThreadPark": "duration",
}


def nanoseconds(text):
    hours, minutes, seconds, fraction = re.fullmatch(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d+))?S)?", text).groups()
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return whole * 10**9 + int((fraction or "").ljust(9, "0"))


def frame(value):
    method = value["method"]
    class_name = re.sub(r"^(.+\$\$Lambda)(\$?\d*[./](0x)?[\da-f]+|\d+)$", r"\1_", method["type"]["name"])
    name = class_name + "." + method["name"] if class_name else method["name"]
    return f"{name}:{value['lineNumber']}"


def events_of(path):
    printed = subprocess.run(["jfr", "print", "--json", "--stack-depth", "2048", path], check=True, stdout=subprocess.PIPE)
    return json.loads(printed.stdout)["recording"]["events"]


sums = collections.defaultdict(lambda: [0, 0])
for event in (event for path in sys.argv[1:] for event in events_of(path)):
    kind, values = event["type"], event["values"]
    if kind not in AMOUNTS or values["stackTrace"] is None:
        continue
    if kind == "jdk.ExecutionSample" and values["state"] == "STATE_SLEEPING":
        kind = "sleeping"
    total = sums[(kind, ";".join(map(frame, values["stackTrace"]["frames"])))]
    total[0] += values["samples"] if kind == "profiler.WallClockSample" else 1
    amount = values[AMOUNTS[kind]] if AMOUNTS.get(kind) else 0
    total[1] += nanoseconds(amount) if AMOUNTS.get(kind) == "duration" else amount
for (kind, stack), (count, amount) in sorted(sums.items()):
    print(kind, count, amount, stack)
