"""Targets that count who scrapes them, and when: one server for thousands of addresses. A line of JSON goes to FILE for each scrape:
[seconds since the epoch, target, scraper's address]. Usage: targets.py HOST PORT PROFILE FILE"""

import asyncio
import pathlib
import sys
import time


class Connection(asyncio.Protocol):
    def __init__(self, answer, out):
        self.answer, self.out, self.rest = answer, out, b""

    def connection_made(self, transport):
        self.transport = transport
        self.peer = transport.get_extra_info("peername")[0]

    def data_received(self, data):
        self.rest += data
        while (end := self.rest.find(b"\r\n\r\n")) >= 0:
            head, self.rest = self.rest[:end], self.rest[end + 4:]
            target = head.split(b" ", 2)[1].partition(b"id=")[2].partition(b"&")[0].decode()
            self.out.write(f'[{time.time():.3f},"{target}","{self.peer}"]\n')
            self.transport.write(self.answer)


async def main():
    host, port, profile, file = sys.argv[1:]
    body = pathlib.Path(profile).read_bytes()
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with open(file, "w", buffering=1 << 16) as out:
        server = await asyncio.get_running_loop().create_server(lambda: Connection(answer, out), host, int(port), backlog=1000)
        print("listening", f"{host}:{port}", flush=True)
        while True:
            await asyncio.sleep(0.2)
            out.flush()


asyncio.run(main())
