"""What a parity case is, and the sizes of all of them."""
BATCH, BATCHES, NOISES, STEPS = 8, 4, 5, 100
ROWS = BATCH * BATCHES

MLP = {"kind": "mlp", "hidden_dims": [24, 16], "activation": "relu"}
CONV = {"kind": "conv", "channels": [4, 6], "hidden_dims": [14, 12], "activation": "relu"}


def case(name, kind, variant, params, shape, x, **more):
    """One case; x and y are functions of a Draw, `noise` the numbers drawn for each sample (0 = none)."""
    base = {"name": name, "type": kind, "variant": variant, "params": params, "input_shape": shape, "x": x, "y": None, "label_shape": None,
            "noise": params.get("latent_dim", 0), "optimizer": {"name": "adam", "lr": 1e-3}, "grad_clip": None,
            "steps": STEPS, "step": 0, "spread": 1.0, "edit": None, "starts": False,
            "parts": None, "label_parts": None}
    return base | more


def gray(shape):
    return lambda d: d.uniform((ROWS, *shape))


def real(shape):
    return lambda d: d.normal((ROWS, *shape))
