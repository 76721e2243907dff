"""What the scripts of `cargo xtask bench` share: the command line, the network's folder, the clock.

A script defines `SYSTEMS`, a dictionary of what to do by system, and calls `main`. Each of its functions takes
the `Network` and returns a function that runs once and returns the result.
"""

import argparse
import json
import statistics
import time
from importlib import metadata
from pathlib import Path

import numpy as np


class Network:
    """The network a folder describes: `steps` with `weights` [outputs, inputs, ...] and `bias`, and an input."""

    def __init__(self, folder, batch, method, threads):
        description = json.loads((folder / "network.json").read_text())
        self.steps, self.method, self.threads = description["steps"], method, threads
        shape = [batch, *description["input"]]
        self.input = np.fromfile(folder / "input.f32", "<f4", np.prod(shape)).reshape(shape)
        with open(folder / "weights.f32", "rb") as file:
            for step in self.steps:
                step["weights"], step["bias"] = self._parameters(step, file)

    @staticmethod
    def _parameters(step, file):
        if step["kind"] not in ("convolution", "linear"):
            return None, None
        shape = [step["outputs"], step["inputs"] // step.get("groups", 1)]
        shape += [step["kernel"]] * 2 if "kernel" in step else []
        return np.fromfile(file, "<f4", np.prod(shape)).reshape(shape), np.fromfile(file, "<f4", shape[0])


def measure(run, batch, seconds, result):
    """The fields of a `Sample`: times for a picture, and most memory in use at once."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass
    output = run()
    if result:
        np.asarray(output, "<f4").tofile(result)
    times, start = [], time.perf_counter()
    while len(times) < 3 or time.perf_counter() - start < seconds:
        begin = time.perf_counter()
        run()
        times.append(1e3 * (time.perf_counter() - begin) / batch)
    return {"ms_per_image": statistics.median(times), "min": min(times), "peak_mib": peak_mib()}


def peak_mib():
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")), None)


def version(package):
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def main(systems, versions):
    parser = argparse.ArgumentParser()
    parser.add_argument("--versions", action="store_true")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--system", choices=list(systems))
    parser.add_argument("--method")
    parser.add_argument("--batch", type=int)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--result")
    arguments = parser.parse_args()
    if arguments.versions:
        return print(json.dumps(versions))
    network = Network(arguments.folder, arguments.batch, arguments.method, arguments.threads)
    run = systems[arguments.system](network)
    print(json.dumps(measure(run, arguments.batch, arguments.seconds, arguments.result)))
