#!/usr/bin/env python3
"""Runtimes side by side, interleaved; medians (tests/bench/run calls this in the sandbox).

bench.py start RUNS TITLE NAME=COMMAND...
bench.py carry RUNS "WORKLOAD..." NAME=COMMAND...

COMMAND is the runtime with its global options.  Columns of `carry`, in milliseconds:
start       run -d, until memory is filled and every child runs
checkpoint  of a container that stops by it
live        checkpoint --leave-running
pause       the longest gap between two beats during the live checkpoint
restore     until the first beat
image       MiB
verified    memory, children and threads are whole, after the live checkpoint and after restore
"""
import mmap
import os
import shutil
import struct
import subprocess
import sys
import time

import table
from runtime import ROOT, Failed, Runtime, bundle, ms_since, quiet_dir, wait_for

# MiB, children, threads, pages rewritten per second
WORKLOADS = {
    "small": (0, 0, 0, 0),
    "mem64": (64, 0, 0, 0),
    "mem256": (256, 0, 0, 0),
    "mem1024": (1024, 0, 0, 0),
    "mem1024d": (1024, 0, 0, 26000),
    "mem4096": (4096, 0, 0, 0),
    "procs200": (1, 200, 0, 0),
    "procs1000": (1, 1000, 0, 0),
    "threads1000": (1, 0, 1000, 0),
}


class Shared:
    """The page of beat.c; the order of names is the order of its words."""
    NAMES = ("beats", "longest_gap_ns", "reset", "ready", "verify", "verdict", "rewritten", "answers")

    def __init__(self, path):
        with open(path, "wb") as file:
            file.write(bytes(4096))
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 4096)

    def __getitem__(self, name):
        return struct.unpack_from("<Q", self.map, 8 * self.NAMES.index(name))[0]

    def ask(self, name, limit_s=60):
        """Sets a word and waits until beat.c has set it back."""
        struct.pack_into("<Q", self.map, 8 * self.NAMES.index(name), 1)
        wait_for(name, lambda: self[name] == 0, limit_s)

    def wait_beats(self, what, count):
        at = self["beats"]
        wait_for(what, lambda: self["beats"] >= at + count)

    def whole(self):
        self.ask("verify")
        return self["verdict"] == 1


def size_mib(place):
    return sum(os.path.getsize(os.path.join(path, name))
               for path, _, names in os.walk(place) for name in names) / 2 ** 20


def forget_pages(place):
    """Big files give their blocks back; the folder goes at the end of all (see quiet_dir)."""
    for path, _, names in os.walk(place):
        for name in names:
            os.truncate(os.path.join(path, name), 0)


def once(runtime, place, shared_path, run):
    """One container: started, written while it runs, written, restored."""
    shared = Shared(shared_path)
    live, image = quiet_dir(f"{runtime.name}-live-{run}"), quiet_dir(f"{runtime.name}-image-{run}")
    work = runtime.new_dir(f"work-{run}")
    name = f"bench-{os.getpid()}"
    got = {}
    try:
        begun = time.monotonic()
        runtime.detached("run", "-d", "--bundle", place, name)
        wait_for("ready", lambda: shared["ready"])
        got["start"] = ms_since(begun)
        shared.wait_beats("first beats", 50)
        shared.ask("reset")
        got["live"] = runtime.call("checkpoint", "--leave-running", "--image-path", live,
                                   "--work-path", work, name)
        shared.wait_beats("beats after the live checkpoint", 20)
        got["pause"] = shared["longest_gap_ns"] / 1e6
        whole = shared.whole()
        os.sync()
        got["checkpoint"] = runtime.call("checkpoint", "--image-path", image, "--work-path", work, name)
        got["image"] = size_mib(image)
        subprocess.run([*runtime.command, "delete", name], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        at = shared["beats"]
        begun = time.monotonic()
        runtime.detached("restore", "-d", "--bundle", place, "--image-path", image,
                         "--work-path", work, name)
        wait_for("a beat after restore", lambda: shared["beats"] > at)
        got["restore"] = ms_since(begun)
        got["verified"] = float(whole and shared.whole())
    finally:
        runtime.delete(name)
        forget_pages(live)
        forget_pages(image)
    os.sync()
    return got


def strip(config):
    """As the recorded figures had it: /proc, /dev, one bind mount, nothing masked."""
    config["mounts"] = [mount for mount in config["mounts"]
                        if mount["destination"] in ("/proc", "/dev", "/out")]
    for key in ("maskedPaths", "readonlyPaths"):
        del config["linux"][key]


def beat_bundle(runtime, workload):
    out = runtime.new_dir(f"{workload}-out")
    numbers = [str(n) for n in WORKLOADS[workload]]
    place = bundle(f"{runtime.name}-{workload}", "--bind", out + ":/out", "--",
                   "/bin/beat", "/out/page", *numbers, strip=strip)
    shutil.copy(ROOT + "/build/tests/bench/beat", place + "/rootfs/bin/beat")
    return place, out + "/page"


def carry_one(workload, runtimes, runs):
    """All figures by runtime; one that failed is named and left out."""
    places = {runtime.name: beat_bundle(runtime, workload) for runtime in runtimes}
    got = {runtime.name: [] for runtime in runtimes}
    for run in range(runs):
        for runtime in runtimes:
            try:
                got[runtime.name].append(once(runtime, *places[runtime.name], f"{workload}-{run}"))
            except Failed as failure:
                print(f"{workload:10} {runtime.name}: {failure}", flush=True)
    return {name: values for name, values in got.items() if values}


def show(workload, got, ours):
    """Rows of a workload; False if ours lost something or failed."""
    middle = {name: table.medians(runs) for name, runs in got.items()}
    for name, runs in got.items():
        table.show(workload, name, middle[name])
        if len(runs) > 1:
            table.show(workload, name + ", least", table.least(runs))
    if workload in table.RECORDED:
        middle[table.RECORDED_NAME] = table.RECORDED[workload]
        table.show(workload, table.RECORDED_NAME, table.RECORDED[workload])
    if ours not in got:
        return False
    for name in middle:
        if name != ours:
            table.show_ratio(workload, f"{ours} : {name}", middle[ours], middle[name])
    return table.least(got[ours])["verified"] == 1


def carry(runs, workloads, runtimes):
    """False if the first runtime, ckrun, lost something or failed."""
    fine = True
    print("\ncheckpoint and restore")
    table.heading()
    for workload in workloads:
        got = carry_one(workload, runtimes, runs)
        fine = show(workload, got, runtimes[0].name) and fine
    return fine


def start(runs, title, runtimes):
    place = bundle("true-" + title.replace(" ", "-"), "--", "/bin/true")
    got = {runtime.name: [] for runtime in runtimes}
    for run in range(runs):
        for runtime in runtimes:
            got[runtime.name].append(runtime.call("run", "--bundle", place, f"true-{run}"))
    table.start_heading(title)
    for name, values in got.items():
        table.show_start(name, values)


def main():
    part, runs, what, *named = sys.argv[1:]
    runtimes = [Runtime(*text.split("=", 1)) for text in named]
    try:
        if part == "start":
            start(int(runs), what, runtimes)
        elif not carry(int(runs), what.split(), runtimes):
            sys.exit(1)
    except Failed as failure:
        sys.exit(f"tests/bench: {failure}")


if __name__ == "__main__":
    main()
