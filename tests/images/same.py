"""same.py CRIT CKRUN FILE...: is what crit prints of each file the same in what ckrun prints?

ckrun prints more: fields that are younger than crit.  Prints how many files were compared.
"""
import json
import subprocess
import sys


def within(crit, ours, where):
    if isinstance(crit, dict):
        for key, value in crit.items():
            if key == "extra" and value == "" and key not in ours:
                continue  # contents that are in pages: crit reads what is not there
            if key not in ours:
                sys.exit(f"{where}.{key}: ckrun does not print it")
            within(value, ours[key], f"{where}.{key}")
    elif isinstance(crit, list):
        if len(crit) != len(ours):
            sys.exit(f"{where}: {len(crit)} elements, ckrun prints {len(ours)}")
        for i, value in enumerate(crit):
            within(value, ours[i], f"{where}[{i}]")
    elif crit != ours:
        sys.exit(f"{where}: {crit!r}, ckrun prints {ours!r}")


def run(*command):
    return subprocess.run(command, capture_output=True, text=True)


crit, ckrun, *files = sys.argv[1:]
compared = 0
for file in files:
    theirs = run(crit, "decode", "-i", file)
    if theirs.returncode != 0:
        continue  # a file that only ckrun knows, or that has no records
    ours = run(ckrun, "image", "decode", file)
    if ours.returncode != 0:
        sys.exit(ours.stderr)
    within(json.loads(theirs.stdout), json.loads(ours.stdout), file)
    compared += 1
print(compared)
