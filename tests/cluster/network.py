"""Namespaces and bridges for nodes, all of this run's own. Needs root and iproute2.

Every node has three interfaces: by the first it meets the other nodes, by the second it reaches the targets and is asked, by the third it
reaches etcd. So a cut parts just what it is meant to part.
"""

import os
import subprocess
import sys

MEET, WORK, ETCD = range(3)


def sh(command, check=True):
    done = subprocess.run(command.split(), capture_output=True, text=True)
    if check and done.returncode != 0:
        sys.exit(f"{command}: {done.stderr.strip()}")


def address(bridge, n):
    return f"10.213.{bridge}.{n + 1}"


def host(bridge):
    """The address of this machine on a bridge."""
    return f"10.213.{bridge}.254"


class Network:
    def __init__(self, nodes):
        self.tag = f"iv{os.getpid() % 10000}"
        self.spaces = [f"{self.tag}n{n}" for n in range(nodes)]
        self.bridges = [f"{self.tag}b{b}" for b in (MEET, WORK, ETCD)]
        try:
            self.build()
        except BaseException:
            self.remove()
            raise

    def build(self):
        for bridge in self.bridges:
            sh(f"ip link add {bridge} type bridge")
            sh(f"ip link set {bridge} up")
        for b in (WORK, ETCD):
            sh(f"ip addr add {host(b)}/24 dev {self.bridges[b]}")
        for n, space in enumerate(self.spaces):
            sh(f"ip netns add {space}")
            sh(f"ip -n {space} link set lo up")
            for b, bridge in enumerate(self.bridges):
                sh(f"ip link add {self.plug(b, n)} type veth peer name eth{b} netns {space}")
                sh(f"ip link set {self.plug(b, n)} master {bridge}")
                sh(f"ip link set {self.plug(b, n)} up")
                sh(f"ip -n {space} addr add {address(b, n)}/24 dev eth{b}")
                sh(f"ip -n {space} link set eth{b} up")

    def plug(self, bridge, n):
        return f"{self.tag}p{bridge}{n}"

    def cut(self, bridge, n, is_cut=True):
        sh(f"ip link set {self.plug(bridge, n)} {'down' if is_cut else 'up'}")

    def remove(self):
        for space in self.spaces:
            sh(f"ip netns del {space}", check=False)
        for bridge in self.bridges:
            sh(f"ip link del {bridge}", check=False)
