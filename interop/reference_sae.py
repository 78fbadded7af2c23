"""The twins of `type: sae`, by variant; reference_sae_core.py says what they share."""
from reference_sae_penalty import Gated, JumpReLU, ReluL1
from reference_sae_topk import BatchTopK, Matryoshka, TopK

TWINS = {"relu_l1": ReluL1, "topk": TopK, "batch_topk": BatchTopK, "matryoshka": Matryoshka, "gated": Gated, "jump_relu": JumpReLU}
