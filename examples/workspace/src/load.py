"""Where the planted faults show up in use: rest the mouse on a layer's or a weight's name."""
import numpy as np

EXPECTED = {
    "edge_filters/kernel": (3, 3, 1, 16),
    "texture_filters/kernel": (3, 3, 16, 32),
    "features/kernel": (1568, 64),
    "digits/kernel": (64, 10),
}


def check(weights: dict[str, np.ndarray]) -> None:
    for name, shape in EXPECTED.items():
        assert weights[name].shape == shape, name
        if not np.isfinite(weights[name]).all():
            print(f"{name} holds values that are no numbers")


def first_filters(weights: dict[str, np.ndarray]) -> np.ndarray:
    return weights["edge_filters/kernel"][:, :, 0, :]
