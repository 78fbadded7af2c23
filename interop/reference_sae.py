"""The twins of `type: sae`, by variant; reference_sae_core.py says what they share."""
from reference_sae_penalty import Crosscoder, Gated, JumpReLU, PAnneal, ReluL1, ReluTranscoder
from reference_sae_topk import BatchTopK, Matryoshka, SkipTranscoder, TopK, Transcoder

TWINS = {"relu_l1": ReluL1, "topk": TopK, "batch_topk": BatchTopK, "matryoshka": Matryoshka, "gated": Gated, "jump_relu": JumpReLU,
         "p_anneal": PAnneal, "crosscoder": Crosscoder, "transcoder": Transcoder, "skip_transcoder": SkipTranscoder}


def build(variant, shape, activation="topk", **params):
    """The twin of a variant; a transcoder's activation chooses between two."""
    return (ReluTranscoder if activation == "relu" else TWINS[variant])(shape, **params)
