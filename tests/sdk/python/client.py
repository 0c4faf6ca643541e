"""A Python program that profiles itself with pyroscope-io until it is stopped. Usage: client.py URL"""

import sys
import time

import pyroscope


def python_busy_work():
    end = time.monotonic() + 0.05
    while time.monotonic() < end:
        sum(i * i for i in range(1000))


pyroscope.configure(application_name="python.sdk", server_address=sys.argv[1], tags={"region": "eu"})
while True:
    python_busy_work()
