#!/usr/bin/env python3
"""rpc.py - a client of `criu swrk`: rpc.py CRIU [--keep-open] TYPE[,FIELD=VALUE...]...

Sends each request, answers every notification (after "no:SCRIPT" as a request with a no) and prints
a line per packet: "TYPE success=1 FIELD=VALUE ...".  Fields are named below; those of options begin
with "o.".  The messages are put together by hand, so that nothing here knows our schema.
A value "fd:PATH" is the number of a descriptor of that directory.
"""
import os
import socket
import subprocess
import sys

TYPES = {"DUMP": 1, "RESTORE": 2, "CHECK": 3, "PRE_DUMP": 4, "PAGE_SERVER": 5, "NOTIFY": 6,
         "CPUINFO_DUMP": 7, "CPUINFO_CHECK": 8, "FEATURE_CHECK": 9, "VERSION": 10, "WAIT_PID": 11,
         "PAGE_SERVER_CHLD": 12, "SINGLE_PRE_DUMP": 13}
OPTIONS = {"images_dir_fd": 1, "pid": 2, "leave_running": 3, "ext_unix_sk": 4, "tcp_established": 5,
           "shell_job": 7, "log_level": 9, "log_file": 10, "notify_scripts": 12, "parent_img": 14,
           "track_mem": 15, "work_dir_fd": 17, "link_remap": 18, "rst_sibling": 26, "external": 37,
           "lazy_pages": 48, "lsm_profile": 53, "unknown": 900}
FEATURES = {"mem_track": 1, "lazy_pages": 2, "pidfd_store": 3}


def varint(n):
    n &= (1 << 64) - 1
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(number, value):
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


def parse(data):
    """[(number, int or bytes)]"""
    at, out = 0, []

    def number():
        nonlocal at
        n = shift = 0
        while True:
            byte = data[at]
            at += 1
            n |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return n

    while at < len(data):
        key = number()
        if key & 7 == 0:
            value = number()
        elif key & 7 == 2:
            size = number()
            value = data[at:at + size]
            at += size
        else:
            raise ValueError("wire type %d" % (key & 7))
        out.append((key >> 3, value))
    return out


def value_of(text):
    if text.startswith("fd:"):
        return os.open(text[3:], os.O_RDONLY | os.O_DIRECTORY)
    return int(text) if text.lstrip("-").isdigit() else text.encode()


def request(text, keep_open):
    words = text.split(",")
    message = field(1, TYPES.get(words[0]) or int(words[0]))
    options = features = b""
    for word in words[1:]:
        name, value = word.split("=", 1)
        if name.startswith("o."):
            options += field(OPTIONS[name[2:]], value_of(value))
        else:
            features += field(FEATURES[name], value_of(value))
    if options:
        message += field(2, options)
    if keep_open:
        message += field(4, 1)
    return message + (field(5, features) if features else b"")


ANSWER = {2: "success", 7: "cr_errno", 9: "cr_errmsg", 11: "status"}
NESTED = {3: ("dump", {1: "restored"}), 4: ("restore", {1: "pid"}), 5: ("notify", {1: "script", 2: "pid"}),
          8: ("features", {v: k for k, v in FEATURES.items()}),
          10: ("version", {1: "major", 2: "minor", 3: "gitid", 4: "sublevel", 6: "name"})}


def show(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def answer(data):
    """prints it; returns its type and the script of a notification"""
    names = {v: k for k, v in TYPES.items()}
    words, kind, script = [], None, None
    for number, value in parse(data):
        if number == 1:
            kind = names.get(value, str(value))
        elif number in NESTED:
            prefix, inner = NESTED[number]
            for n, v in parse(value):
                words.append("%s.%s=%s" % (prefix, inner[n], show(v)))
                if inner[n] == "script":
                    script = show(v)
        else:
            words.append("%s=%s" % (ANSWER[number], show(value)))
    print(kind, *words, flush=True)
    return kind, script


def main():
    program, words = sys.argv[1], sys.argv[2:]
    keep_open = "--keep-open" in words
    refused = [w[3:] for w in words if w.startswith("no:")]
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(30)
    child = subprocess.Popen([program, "swrk", str(theirs.fileno())], pass_fds=[theirs.fileno()])
    theirs.close()
    for word in words:
        if word.startswith(("no:", "--")):
            continue
        ours.send(word[4:].encode() if word.startswith("raw:") else request(word, keep_open))
        while True:
            data = ours.recv(1 << 20)
            if not data:
                print("closed")
                break
            kind, script = answer(data)
            if kind != "NOTIFY" or not script:
                break
            ours.send(field(1, TYPES["NOTIFY"]) + field(3, int(script not in refused)))
    ours.close()
    print("exit", child.wait(30))


main()
