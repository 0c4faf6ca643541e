"""Reads who scraped which target when, as the targets wrote it."""

import bisect
import collections
import itertools
import json


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))] if values else 0.0


class Judge:
    def __init__(self, file, targets, interval):
        self.file, self.targets, self.interval, self.at = file, targets, interval, 0
        self.scrapes = collections.defaultdict(list)  # by target: (time, address of the node)

    def read(self):
        with open(self.file) as lines:
            lines.seek(self.at)
            while (line := lines.readline()).endswith("\n"):
                when, target, peer = json.loads(line)
                self.scrapes[target].append((when, peer))
                self.at = lines.tell()

    def wrong(self, begin, end, wanted):
        """Targets that other than `wanted` nodes scraped in the time, and those nodes."""
        self.read()
        out = {}
        for target in self.targets:
            nodes = {peer for when, peer in self.scrapes[target] if begin <= when < end}
            if len(nodes) != wanted:
                out[target] = nodes
        return out

    def within(self, target, begin, end):
        """Its scrapes in the time, and the last one before."""
        scrapes = self.scrapes[target]
        first = max(0, bisect.bisect_left(scrapes, (begin, "")) - 1)
        return scrapes[first:bisect.bisect_right(scrapes, (end, ""))]

    def between(self, begin, end):
        """Of each target: the longest time without a scrape beyond an interval. And how many scrapes came too soon after another."""
        self.read()
        gaps, twice = [], 0
        for target in self.targets:
            times = [when for when, _ in self.within(target, begin, end)]
            steps = [after - before for before, after in itertools.pairwise([*times, end] if times else [begin, end])]
            gaps.append(max(steps) - self.interval)
            twice += sum(step < self.interval / 2 for step in steps[:-1])
        return gaps, twice

    def shared(self, begin, end):
        """Targets that a node scraped once more, within two intervals, after another node had scraped them: (target, scrapes)."""
        self.read()
        out = []
        for target in self.targets:
            scrapes = self.within(target, begin, end)
            for first, second, third in zip(scrapes, scrapes[1:], scrapes[2:]):
                if first[1] == third[1] != second[1] and third[0] - first[0] <= 2 * self.interval:
                    out.append((target, scrapes))
                    break
        return out

    def last_of(self, peer, begin):
        """When the node scraped last, if after `begin`."""
        self.read()
        return max((when for scrapes in self.scrapes.values() for when, who in scrapes if who == peer and when >= begin), default=begin)
