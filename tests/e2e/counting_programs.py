"""Programs to be profiled that count exactly what they gave out: `/debug/pprof/allocs?id=NAME` answers with all that NAME allocated since
its start, `/debug/pprof/delta_heap?id=NAME` with what it allocated since that was asked last. Each question is preceded by some work."""

import collections
import gzip
import random
import threading
import time
import urllib.parse

from harness import HandlerServer

COLUMNS = (("alloc_objects", "count"), ("alloc_space", "bytes"), ("inuse_objects", "count"), ("inuse_space", "bytes"))


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def heap(objects):
    """A heap profile of one stack."""
    texts = ["", *dict.fromkeys(word for column in COLUMNS for word in column), "main.work", "main.go"]
    place = texts.index
    raw = b"".join(field(1, field(1, place(kind)) + field(2, place(unit))) for kind, unit in COLUMNS)
    raw += field(2, field(1, varint(1)) + field(2, b"".join(varint(n) for n in (objects, 64 * objects, 1, 64))))
    raw += field(4, field(1, 1) + field(3, 0x1234) + field(4, field(1, 1) + field(2, 7)))
    raw += field(5, field(1, 1) + field(2, place("main.work")) + field(3, place("main.work")) + field(4, place("main.go")))
    raw += b"".join(field(6, text.encode()) for text in texts)
    raw += field(9, time.time_ns())
    return gzip.compress(raw, 1)


class CountingPrograms(HandlerServer):
    def __init__(self):
        self.lock = threading.Lock()
        self.frozen = False
        self.total = collections.Counter()  # allocated, by program
        self.told = collections.Counter()  # of it, by delta_heap
        self.first = {}  # total at the first question for it
        self.asked = collections.Counter()
        super().__init__(self.answer)

    def answer(self, handler):
        url = urllib.parse.urlsplit(handler.path)
        program = urllib.parse.parse_qs(url.query)["id"][0]
        with self.lock:
            if not self.frozen:
                self.total[program] += random.randrange(1, 1000)
            if url.path.endswith("/delta_heap"):
                objects = self.total[program] - self.told[program]
                self.told[program] = self.total[program]
            else:
                objects = self.total[program]
                self.first.setdefault(program, objects)
                self.asked[program] += 1
        body = heap(objects)
        try:
            handler.send_response(200)
            handler.send_header("Content-Type", "application/octet-stream")
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)
        except ConnectionError:
            pass  # who asked has given up, since another node goes on

    def freeze(self):
        """Nothing is allocated any more."""
        with self.lock:
            self.frozen = True
