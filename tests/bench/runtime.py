"""A runtime with runc's command line, and bundles that it runs."""
import json
import os
import shutil
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
DIR = os.environ["BENCH_DIR"]


class Failed(Exception):
    """A runtime said no; the text is what it printed last."""


def ms_since(begun):
    return (time.monotonic() - begun) * 1000


def wait_for(what, condition, limit_s=60):
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > limit_s:
            raise Failed(f"{what}: waited {limit_s} s")
        time.sleep(0.0003)


def bundle(name, *options, strip=lambda config: None):
    """A busybox bundle that the oldest runtime here reads."""
    place = os.path.join(DIR, name)
    subprocess.run([ROOT + "/bundles/make", "busybox", place, *options], check=True)
    with open(place + "/config.json") as file:
        config = json.load(file)
    config["ociVersion"] = "1.0.2"
    strip(config)
    with open(place + "/config.json", "w") as file:
        json.dump(config, file)
    return place


class Runtime:
    def __init__(self, name, command):
        self.name = name
        self.command = command.split()
        self.pipes = []

    def call(self, *args):
        """Milliseconds until the command ends."""
        begun = time.monotonic()
        done = subprocess.run([*self.command, *args], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
        took = ms_since(begun)
        if done.returncode:
            raise Failed(f"{args[0]}: {done.stdout.decode(errors='replace')[-400:].strip()}")
        return took

    def detached(self, *args):
        """A command whose container keeps our pipes: its end is waited for, not theirs."""
        stdin, stdout = os.pipe(), os.pipe()
        done = subprocess.Popen([*self.command, *args], stdin=stdin[0], stdout=stdout[1],
                                stderr=stdout[1])
        os.close(stdin[0])
        os.close(stdout[1])
        self.pipes += [stdin[1], stdout[0]]
        if done.wait(timeout=120):
            said = os.read(stdout[0], 65536)
            raise Failed(f"{args[0]}: {said.decode(errors='replace')[-400:].strip()}")

    def delete(self, container):
        """Whatever is left of it; nothing may be."""
        subprocess.run([*self.command, "delete", "-f", container],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for pipe in self.pipes:
            os.close(pipe)
        self.pipes = []

    def new_dir(self, name):
        place = os.path.join(DIR, f"{self.name}-{name}")
        shutil.rmtree(place, ignore_errors=True)
        os.makedirs(place)
        return place


def quiet_dir(name):
    """A folder where making a file is as fast as it can be.

    ext4 looks at every inode of the block group that was deleted within the last minutes first: 300
    us for each file beside a build that goes on, 30 us elsewhere.  DIR is a "top" folder (chattr +T,
    tests/bench/run): what is made in it is spread over the groups."""
    tried = []
    for number in range(16):
        place = os.path.join(DIR, f"{name}-{number}")
        os.makedirs(place)
        begun = time.monotonic()
        for file in range(64):
            os.close(os.open(f"{place}/{file}", os.O_CREAT | os.O_WRONLY))
        tried.append((time.monotonic() - begun, place))
        if tried[-1][0] < 64 * 60e-6:
            break
    quiet = min(tried)[1] + "/image"
    os.makedirs(quiet)
    return quiet
