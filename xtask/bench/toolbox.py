"""Times the Python part of the LRP Toolbox, whose folder is the first argument, on a network that
`cargo xtask bench` wrote. Its numbers are float64; rules are timed from a recorded forward pass.
"""

import sys
from pathlib import Path

import numpy as np

import common

# Names that newer versions of numpy no longer have and the toolbox still uses.
for name, meaning in {"float": float, "int": int, "bool": bool, "Inf": np.inf}.items():
    if name not in vars(np):
        setattr(np, name, meaning)

# What this library calls a rule, and what the toolbox does.
RULES = {
    "simple": ("simple", None),
    "epsilon(0.01)": ("epsilon", 0.01),
    "alphabeta(2,1)": ("alphabeta", 2.0),
    "flat": ("flat", None),
    "w2": ("ww", None),
}


def layer(step):
    from modules.convolution import Convolution
    from modules.flatten import Flatten
    from modules.linear import Linear
    from modules.maxpool import MaxPool
    from modules.rect import Rect
    from modules.sumpool import SumPool

    kind = step["kind"]
    if kind == "convolution":
        sizes = step["kernel"], step["kernel"], step["inputs"], step["outputs"]
        made = Convolution(filtersize=sizes, stride=(step["stride"],) * 2)
        made.W = np.ascontiguousarray(step["weights"].transpose(2, 3, 1, 0), float)
    elif kind == "linear":
        made = Linear(step["inputs"], step["outputs"])
        made.W = np.ascontiguousarray(step["weights"].T, float)
    else:
        simple = {"rect": Rect, "flatten": Flatten}
        pools = {"maxpool": MaxPool, "sumpool": SumPool}
        return simple[kind]() if kind in simple else pools[kind]((step["size"],) * 2, (step.get("stride", step["size"]),) * 2)
    made.B = step["bias"].astype(float)
    return made


def toolbox(network):
    from modules.sequential import Sequential

    model = Sequential([layer(step) for step in network.steps])
    x = network.input.astype(float)
    scores = model.forward(x)
    if network.method == "forward":
        return lambda: model.forward(x)
    relevance = scores * (scores == scores.max(1, keepdims=True))
    rule, parameter = RULES[network.method]
    return lambda: model.lrp(relevance, rule, parameter)


if __name__ == "__main__":
    folder = Path(sys.argv.pop(1))
    if not (folder / "modules" / "sequential.py").exists():
        sys.exit(f"{folder} holds no modules/sequential.py: is it the folder 'python' of the LRP Toolbox?")
    sys.path.insert(0, str(folder))
    common.main({"toolbox": toolbox}, {"toolbox": f"numpy {np.__version__}"})
