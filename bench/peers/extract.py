"""Embeds the rows of a mapped .npy file with a VAE of a trainer checkpoint and writes them with np.save,
as a PyTorch script does; prints the seconds without those of its start: `python extract.py JOB.json`."""
import json
import sys
import time

import numpy as np
import torch

import vae


def main():
    with open(sys.argv[1]) as f:
        job = json.load(f)
    torch.set_num_threads(job["threads"])
    begin = time.perf_counter()
    model = vae.VAE(**job["model"]).to(job["device"])
    model.load_state_dict(torch.load(job["checkpoint"], map_location=job["device"])["model_state_dict"])
    data = np.load(job["data"], mmap_mode="c")  # "c": torch.from_numpy takes no read-only array
    out = np.empty((len(data), job["model"]["latent"]), dtype=np.float32)
    with torch.inference_mode():
        for i in range(0, len(data), job["batch"]):
            x = torch.from_numpy(data[i : i + job["batch"]]).to(job["device"])
            out[i : i + len(x)] = model.mu(model.encoder(x)).cpu().numpy()
    np.save(job["out"], out)
    print(time.perf_counter() - begin)


main()
