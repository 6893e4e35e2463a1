"""Makes the encoder files of this folder with PyTorch, and encoders.json with what PyTorch computes from them.

Run: python3 make_torch_mlp.py (torch 1.13, numpy 1.24; no safetensors package: the format is written by hand here).
"""

import json
import struct

import numpy as np
import torch

DTYPES = {torch.float32: ("F32", "<f4"), torch.float64: ("F64", "<f8")}


def save(path, tensors, metadata=None):
    header, data = {}, b""
    if metadata is not None:
        header["__metadata__"] = metadata
    for name, tensor in tensors.items():
        dtype, code = DTYPES[tensor.dtype]
        raw = np.ascontiguousarray(tensor.detach().numpy(), dtype=code).tobytes()
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode("utf-8")
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def perceptron(widths, activation):
    layers = []
    for l in range(1, len(widths)):
        layers.append(torch.nn.Linear(widths[l - 1], widths[l]))
        if l + 1 < len(widths):
            layers.append(activation())
    return torch.nn.Sequential(*layers)


def plain(file, prefix):
    """Linear, Tanh, Linear, Tanh, Linear in single precision: three observations, two latents, nothing else in the file."""
    torch.manual_seed(20240131)
    model = perceptron([3, 6, 5, 4], torch.nn.Tanh)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(2.0)
    save(file, {prefix + name: tensor for name, tensor in model.state_dict().items()})
    rows = torch.randn(16, 3, dtype=torch.float32)
    with torch.no_grad():
        raw = model(rows)
    return {
        "file": file, "description": "MlpEncoder 3-6-5-4 tanh", "precision": "Bits32", "linear_path": False, "tolerance": 1e-6,
        "rows": rows.double().tolist(), "means": raw[:, :2].double().tolist(), "log_variances": raw[:, 2:].double().tolist(),
    }


def scaled(file, name, activation, widths):
    """An encoder with a linear path (beside hidden layers), scales and metadata, in double precision."""
    torch.manual_seed(7)
    observations, latents = widths[0], widths[-1] // 2
    model = perceptron(widths, activation).double()
    tensors = {"layers." + key: tensor for key, tensor in model.state_dict().items()}
    path = torch.randn(latents, observations, dtype=torch.float64)
    if len(widths) > 2:
        tensors["linear_path.weight"] = path
    else:
        path = torch.zeros_like(path)
    scales = {
        "input_means": torch.randn(observations, dtype=torch.float64),
        "input_deviations": torch.rand(observations, dtype=torch.float64) + 0.5,
        "output_means": torch.randn(latents, dtype=torch.float64),
        "output_deviations": torch.rand(latents, dtype=torch.float64) + 0.5,
        "output_variances": torch.rand(latents, dtype=torch.float64) + 0.1,
    }
    # The scales come first: a reader must not count on an order.
    tensors = {**{"scales." + key: tensor for key, tensor in scales.items()}, **tensors}
    save(file, tensors, {"format_version": "1", "kind": "mlp_encoder", "activation": name, "precision": "bits64", "format": "pt"})
    rows = torch.randn(16, observations, dtype=torch.float64) * 2
    with torch.no_grad():
        u = (rows - scales["input_means"]) / scales["input_deviations"]
        raw = model(u)
        means = scales["output_means"] + scales["output_deviations"] * (raw[:, :latents] + u @ path.T)
        log_variances = torch.log(scales["output_variances"]) + raw[:, latents:]
    shape = "-".join(str(width) for width in widths)
    return {
        "file": file, "description": f"MlpEncoder {shape} {name if len(widths) > 2 else 'linear'}",
        "precision": "Bits64", "linear_path": len(widths) > 2, "tolerance": 1e-13,
        "rows": rows.tolist(), "means": means.tolist(), "log_variances": log_variances.tolist(),
    }


encoders = [
    plain("torch_sequential.safetensors", ""),
    plain("torch_module.safetensors", "layers."),
    scaled("torch_scaled_tanh.safetensors", "tanh", torch.nn.Tanh, [3, 5, 4]),
    scaled("torch_scaled_relu.safetensors", "relu", torch.nn.ReLU, [2, 7, 3, 2]),
    scaled("torch_scaled_silu.safetensors", "silu", torch.nn.SiLU, [4, 5, 6]),
    scaled("torch_scaled_linear.safetensors", "tanh", None, [3, 4]),
]
with open("encoders.json", "w", encoding="utf-8") as file:
    file.write("[\n" + ",\n".join(json.dumps(encoder) for encoder in encoders) + "\n]\n")
