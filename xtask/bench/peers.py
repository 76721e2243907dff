"""Times PyTorch, ONNX Runtime, zennit or captum on a network that `cargo xtask bench` wrote.

What an explainer would keep between pictures (hooks, sessions) is made before the clock starts. Relevance starts
from the top score itself, as in this library.
"""

import common


def torch_module(network, join=None):
    """The network as a module; `join`, a module, stands in for sums of two values."""
    import torch

    torch.set_num_threads(network.threads)
    torch.set_num_interop_threads(1)

    class Graph(torch.nn.Module):
        def __init__(self):
            super().__init__()
            layers = [join() if join and step["kind"] == "add" else torch_layer(step) for step in network.steps]
            self.reads = [step["reads"] for step in network.steps]
            # Functions without weights are no modules: systems need not know a rule for them.
            self.functions = [None if isinstance(layer, torch.nn.Module) else layer for layer in layers]
            self.layers = torch.nn.ModuleDict(
                {str(i): layer for i, layer in enumerate(layers) if isinstance(layer, torch.nn.Module)}
            )

        def forward(self, x):
            values = [x]
            for i, (function, reads) in enumerate(zip(self.functions, self.reads)):
                layer = function or self.layers[str(i)]
                values.append(layer(*(values[read] for read in reads)))
            return values[-1]

    return Graph().eval().requires_grad_(False), torch.from_numpy(network.input)


def torch_layer(step):
    import torch
    from torch import nn

    kind = step["kind"]
    if kind == "flatten":
        return lambda x: x.flatten(1)
    if kind == "add":
        return torch.add
    if kind == "concat":
        return lambda *parts: torch.cat(parts, 1)
    if kind == "globalmean":
        return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    if kind == "rect":
        return nn.ReLU()
    if kind == "maxpool":
        return nn.MaxPool2d(step["size"], step["stride"], step["padding"])
    if kind == "linear":
        make = lambda: nn.Linear(step["inputs"], step["outputs"])
    elif kind == "convolution":
        sizes = step["inputs"], step["outputs"], step["kernel"], step["stride"], step["padding"]
        make = lambda: nn.Conv2d(*sizes, groups=step["groups"])
    else:
        raise SystemExit(f"PyTorch has no {kind} of this kind")
    with torch.device("meta"):
        layer = make()
    parameters = {"weight": torch.from_numpy(step["weights"]), "bias": torch.from_numpy(step["bias"])}
    layer.load_state_dict(parameters, assign=True)
    return layer


def seed(scores):
    """The top score of each sample, zero elsewhere."""
    import torch

    top = scores.detach().argmax(1, keepdim=True)
    return torch.zeros_like(scores).scatter(1, top, scores.detach().gather(1, top))


def pytorch(network):
    import torch

    module, x = torch_module(network)
    if network.method == "forward":
        module = torch.inference_mode()(module)
        return lambda: module(x)
    x.requires_grad_()
    if network.method == "gradient":
        return lambda: backward(module(x), x)
    output = module(x)
    return lambda: torch.autograd.grad(output, x, output.detach(), retain_graph=True)[0]


def backward(scores, x):
    import torch

    return torch.autograd.grad(scores, x, seed(scores))[0]


def zennit(network):
    import torch
    from torch.nn import Linear, Module
    from zennit import composites, rules, types
    from zennit.layer import Sum

    composite = {
        "epsilon": lambda: composites.LayerMapComposite(
            composites.layer_map_base() + [((types.Convolution, Linear), rules.Epsilon(1e-6))]
        ),
        "epsilon-plus-flat": composites.EpsilonPlusFlat,
        "epsilon-alpha2-beta1": composites.EpsilonAlpha2Beta1,
        "epsilon-gamma-box": lambda: composites.EpsilonGammaBox(low=-3.0, high=3.0),
    }[network.method]()

    class Join(Module):
        """Where zennit has a rule for sums, it has it for this one."""

        def __init__(self):
            super().__init__()
            self.sum = Sum()

        def forward(self, *parts):
            return self.sum(torch.stack(parts, -1))

    module, x = torch_module(network, Join)
    composite.register(module)
    x.requires_grad_()
    return lambda: backward(module(x), x)


def captum(network):
    import torch
    from captum.attr import LRP
    from captum.attr._utils.lrp_rules import EpsilonRule

    module, x = torch_module(network)

    def run():
        # captum takes its rules off the layers after each explanation.
        for layer in module.layers.values():
            if not isinstance(layer, torch.nn.ReLU):
                layer.rule = EpsilonRule(epsilon=1e-6)
        target = module(x).argmax(1)
        return LRP(module).attribute(x, target=target).detach()

    return run


def onnxruntime(network):
    import onnxruntime as runtime

    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = network.threads, 1
    session = runtime.InferenceSession(onnx_model(network), options, providers=["CPUExecutionProvider"])
    # The session has weights of its own.
    network.steps = None
    return lambda: session.run(None, {"0": network.input})[0]


def onnx_model(network):
    """The network as ONNX: value `i` is called by its number."""
    from onnx import TensorProto, helper, numpy_helper

    operators = {
        "convolution": lambda s: ("Conv", {
            "kernel_shape": [s["kernel"]] * 2,
            "strides": [s["stride"]] * 2,
            "pads": [s["padding"]] * 4,
            "group": s["groups"],
        }),
        "linear": lambda s: ("Gemm", {"transB": 1}),
        "maxpool": lambda s: ("MaxPool", {
            "kernel_shape": [s["size"]] * 2,
            "strides": [s["stride"]] * 2,
            "pads": [s["padding"]] * 4,
        }),
        "globalmean": lambda s: ("ReduceMean", {"axes": [2, 3], "keepdims": 0}),
        "concat": lambda s: ("Concat", {"axis": 1}),
        "rect": lambda s: ("Relu", {}),
        "flatten": lambda s: ("Flatten", {}),
        "add": lambda s: ("Add", {}),
    }
    nodes, initializers = [], []
    for i, step in enumerate(network.steps):
        operator, attributes = operators[step["kind"]](step)
        inputs = [str(read) for read in step["reads"]]
        for name in ("weights", "bias"):
            if step[name] is not None:
                inputs.append(f"{name}{i}")
                initializers.append(numpy_helper.from_array(step[name], inputs[-1]))
        nodes.append(helper.make_node(operator, inputs, [str(i + 1)], **attributes))
    value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    output = value(str(len(nodes)), None)
    graph = helper.make_graph(nodes, "network", [value("0", network.input.shape)], [output], initializers)
    opset = [helper.make_opsetid("", 13)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


SYSTEMS = {"torch": pytorch, "onnxruntime": onnxruntime, "zennit": zennit, "captum": captum}

if __name__ == "__main__":
    versions = {name: common.version(name) for name in SYSTEMS}
    # The model for ONNX Runtime is written with another package.
    versions["onnxruntime"] = versions["onnxruntime"] if common.version("onnx") else None
    common.main(SYSTEMS, versions)
