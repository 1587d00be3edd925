"""Tables of medians, and what they are compared with."""
import statistics

COLUMNS = ("start", "checkpoint", "live", "pause", "restore", "image", "verified")

# runc 1.1.5 with CRIU 4.2 on Linux 6.18, 2 processors; medians of 3, ms, MiB: as recorded, the
# middle where several series differ (by up to 30 %).  This machine may be another one.
RECORDED = {
    "small": {"start": 49, "checkpoint": 157, "live": 260, "pause": 153, "restore": 231, "image": 0.1},
    "mem64": {"start": 114, "checkpoint": 192, "live": 299, "pause": 209, "restore": 247, "image": 64},
    "mem1024": {"start": 1019, "checkpoint": 887, "live": 832, "pause": 754, "restore": 917,
                "image": 1024},
    "procs200": {"start": 68, "checkpoint": 1661, "live": 1638, "pause": 1500, "restore": 905,
                 "image": 13},
    "procs1000": {"start": 116, "checkpoint": 8862, "live": 8993, "pause": 8709, "restore": 6199,
                  "image": 62},
}
RECORDED_NAME = "runc+CRIU, recorded"
RECORDED_START = {"runc": (45, 57), "crun": (18, 22)}


def medians(runs):
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def least(runs):
    """What the machine can do when nothing disturbs it; `verified` of the worst run."""
    return {key: min(run[key] for run in runs) for key in runs[0]}


def ratio(ours, theirs):
    """Ours as a part of theirs; what is not a time has none."""
    return {key: ours[key] / theirs[key] for key in ("start", "checkpoint", "live", "pause", "restore")
            if key in ours and theirs.get(key)}


def row(workload, name, cells):
    print(f"{workload:10} {name:30}" + "".join(f"{cell:>11}" for cell in cells), flush=True)


def heading():
    row("ms, MiB", "runtime", COLUMNS)


def show(workload, name, values):
    def cell(key):
        if key not in values:
            return "-"
        if key == "verified":
            return "yes" if values[key] == 1 else "NO"
        return f"{values[key]:.1f}"

    row(workload, name, [cell(key) for key in COLUMNS])


def show_ratio(workload, name, ours, theirs):
    parts = ratio(ours, theirs)
    row(workload, name, [f"{parts[key]:.2f}" if key in parts else "" for key in COLUMNS])


def show_start(name, values):
    low, high = RECORDED_START.get(name, (None, None))
    recorded = f"{low}-{high}" if low else "-"
    print(f"{name:12}{statistics.median(values):>9.1f}{min(values):>9.1f}{max(values):>9.1f}{recorded:>12}",
          flush=True)


def start_heading(title):
    print(f"\nrun of true, ms: {title}")
    print(f"{'runtime':12}{'median':>9}{'least':>9}{'most':>9}{'recorded':>12}")
