#!/usr/bin/env python3
"""Writes registers and stack of an aarch64 program where a function begins: "NAME VALUE" for the registers, then "ADDRESS WORD" for
what is not 0. Usage: record.py PROGRAM ADDRESS >recording.txt. Needs qemu-user-static."""

import socket
import subprocess
import sys
import time

PORT = 21234
STACK_BYTES = 8192

program, address = sys.argv[1], int(sys.argv[2], 16)
run = subprocess.Popen(["qemu-aarch64-static", "-cpu", "max", "-g", str(PORT), program])
for _ in range(50):
    try:
        debugger = socket.create_connection(("127.0.0.1", PORT))
        break
    except OSError:
        time.sleep(0.1)


def ask(text):
    """A request of the remote protocol of gdb, and its answer."""
    debugger.sendall(b"$%s#%02x" % (text.encode(), sum(text.encode()) & 255))
    answer = b""
    while b"#" not in answer or len(answer) < answer.index(b"#") + 3:
        answer = (answer + debugger.recv(65536)).lstrip(b"+")
    debugger.sendall(b"+")
    return answer[1:answer.index(b"#")].decode()


ask(f"Z0,{address:x},4")
stop = ask("c")
while not stop.startswith("T05"):
    stop = ask("C" + stop[1:3])  # the program's own signal
words = bytes.fromhex(ask("g")[:33 * 16])
registers = [int.from_bytes(words[i:i + 8], "little") for i in range(0, len(words), 8)]
for name, number in (("pc", 32), ("sp", 31), ("fp", 29), ("lr", 30)):
    print(f"{name} {registers[number]:x}")
at = registers[31]
while at < registers[31] + STACK_BYTES and (memory := ask(f"m{at:x},400")) and not memory.startswith("E"):
    piece = bytes.fromhex(memory)
    for i in range(0, len(piece), 8):
        if word := int.from_bytes(piece[i:i + 8], "little"):
            print(f"{at + i:x} {word:x}")
    at += len(piece)
debugger.close()
run.kill()
run.wait()
