"""Teaches a small CLIP the drawn world, from scratch: what `pipeline.demo.train` runs.

Contrastive learning as in CLIP (Radford et al. 2021, https://arxiv.org/abs/2103.00020), with two
changes. A batch holds several pictures that a caption is true of, so that each row's target is
uniform over all of its true partners, as in supervised contrastive learning (Khosla et al. 2020,
https://arxiv.org/abs/2004.11362). And captions of nothing in this world, made of words that no
caption uses, are among the wrong answers for every picture, so that the model learns to keep away
from words it does not know.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path

import clip
import numpy as np
import torch
from torch.nn.functional import log_softmax, normalize

from pipeline.data import UInt8Array
from pipeline.demo.captions import plain, random_caption
from pipeline.demo.examples import draw, truth
from pipeline.demo.facts import Facts, held_out
from pipeline.demo.recipe import Point, Recipe
from pipeline.demo.strange import strange_caption, unknown_words
from pipeline.models.openai_clip import CLIP, MEAN, STD
from pipeline.models.untrained import ClipShape
from pipeline.models.weights import sha256_of

SHAPE = ClipShape(
    embed_dim=128,
    image_resolution=96,
    vision_layers=4,
    vision_width=128,
    vision_patch_size=12,
    transformer_width=64,
    transformer_heads=1,
    transformer_layers=3,
)
"""4.2 million parameters, 3.2 of them the table of clip's 49,408 tokens."""

CONTEXT = 32
"""Tokens that training reads; the model takes 77 as every CLIP does."""

_STRANGE_SHARE = 0.2
_TEST_PICTURES = 200
_MAX_SCALE = 100.0


def learn(
    recipe: Recipe,
    *,
    drawn: Callable[[int], None] = lambda more: None,
    at: Callable[[Point], None] = lambda point: None,
) -> CLIP:
    """Draw the pictures, and learn from them.

    Args:
        recipe: What and how.
        drawn: Told how many more pictures there are.
        at: Told each point of the curve.

    Returns:
        The model, in float32, on the GPU if there is one.
    """
    random = np.random.default_rng(recipe.seed)
    torch.manual_seed(recipe.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    side = SHAPE.image_resolution
    pictures, facts = draw(recipe.pictures, recipe.seed, side, on_progress=drawn)
    tests = [_test_set(recipe.seed + 1, _is_seen), _test_set(recipe.seed + 2, held_out)]
    model = _first(recipe).to(device)
    # One cycle: the rate rises and falls, beta 1 falls from 0.95 to 0.85 and rises again.
    optimizer = torch.optim.AdamW(_groups(model, recipe.weight_decay), betas=(0.95, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.learning_rate, recipe.steps, pct_start=0.1
    )
    losses: list[float] = []
    started = time.monotonic()
    for step, chosen in enumerate(_batches(recipe, random), 1):
        loss = _loss(model, pictures[chosen], [facts[n] for n in chosen], random)
        _step(model, loss, optimizer)
        schedule.step()
        losses.append(float(loss.detach()))
        if step % 100 == 0 or step == recipe.steps:
            scores = [_recall_at_1(model, *test) for test in tests]
            minutes = (time.monotonic() - started) / 60
            at(Point(step, float(np.mean(losses)), scores[0], scores[1], minutes))
            losses.clear()
    _mask(model, model.context_length)
    return model


def save(model: CLIP, path: Path) -> str:
    """Write a state dict in half precision, as `clip.load` reads it.

    Returns:
        SHA-256 of the file.
    """
    # All of it: `clip.model.convert_weights` leaves the table of tokens, most of the file.
    state = {name: value.detach().cpu().half() for name, value in model.state_dict().items()}
    torch.save(state, path)
    return sha256_of(path)


def _first(recipe: Recipe) -> CLIP:
    """The model before the first step."""
    model = CLIP(**asdict(SHAPE))
    if recipe.begin is not None:
        # Half precision is copied into the model's float32.
        model.load_state_dict(torch.load(recipe.begin, map_location="cpu", weights_only=True))
    return model


def _step(model: CLIP, loss: torch.Tensor, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    with torch.no_grad():
        model.logit_scale.clamp_(max=float(np.log(_MAX_SCALE)))


def _test_set(seed: int, allowed: Callable[[Facts], bool]) -> tuple[UInt8Array, list[Facts]]:
    """Pictures of distinct captions."""
    pictures, facts = draw(5 * _TEST_PICTURES, seed, SHAPE.image_resolution, allowed=allowed)
    first = {plain(fact).text: n for n, fact in reversed(list(enumerate(facts)))}
    chosen = sorted(first.values())[:_TEST_PICTURES]
    return pictures[chosen], [facts[n] for n in chosen]


def _is_seen(facts: Facts) -> bool:
    return bool(facts.subjects) and not held_out(facts)


def _groups(model: CLIP, weight_decay: float) -> list[dict[str, object]]:
    """Decay would wear away the tokens that no caption uses."""
    decayed: list[torch.nn.Parameter] = []
    kept: list[torch.nn.Parameter] = []
    for name, parameter in model.named_parameters():
        table = "embedding" in name
        (kept if table or parameter.ndim < 2 else decayed).append(parameter)
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": kept, "weight_decay": 0.0},
    ]


def _batches(recipe: Recipe, random: np.random.Generator) -> Iterator[np.ndarray]:
    for _ in range(recipe.steps):
        yield random.choice(recipe.pictures, recipe.batch_size, replace=False)


def _loss(
    model: CLIP, pictures: UInt8Array, facts: Sequence[Facts], random: np.random.Generator
) -> torch.Tensor:
    captions = [random_caption(fact, random) for fact in facts]
    true = torch.from_numpy(truth(captions, facts))
    count = round(len(captions) * _STRANGE_SHARE)
    strange = [strange_caption(_unknown(), random) for _ in range(count)]
    texts = _encode_texts(model, [*(caption.text for caption in captions), *strange])
    images = _encode_pictures(model, pictures)
    logits = model.logit_scale.exp() * images @ texts.T
    true = torch.cat([true.T, torch.zeros(len(facts), len(strange), dtype=torch.bool)], dim=1)
    true = true.to(logits.device)
    return (_agreement(logits, true) + _agreement(logits.T, true.T)) / 2


def _agreement(logits: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """Cross entropy of each row with the uniform distribution over its true columns."""
    rows = true.any(dim=1)
    logits, true = logits[rows], true[rows].to(logits.dtype)
    target = true / true.sum(dim=1, keepdim=True)
    return -(target * log_softmax(logits, dim=1)).sum(dim=1).mean()


def _encode_pictures(model: CLIP, pictures: UInt8Array) -> torch.Tensor:
    device = model.logit_scale.device
    x = torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(v, device=device).view(3, 1, 1) for v in (MEAN, STD))
    return normalize(model.encode_image((x - mean) / std), dim=-1)


def _encode_texts(model: CLIP, texts: Sequence[str]) -> torch.Tensor:
    """`model.encode_text` for texts shorter than `CONTEXT`: attention looks back only."""
    tokens = torch.cat([_tokens(text) for text in texts]).to(model.logit_scale.device)
    x = model.token_embedding(tokens) + model.positional_embedding[:CONTEXT]
    x = x.permute(1, 0, 2)
    _mask(model, CONTEXT)
    for block in model.transformer.resblocks:
        x = block(x)
    x = model.ln_final(x.permute(1, 0, 2))
    x = x[torch.arange(len(x)), tokens.argmax(dim=-1)] @ model.text_projection
    return normalize(x, dim=-1)


def _mask(model: CLIP, length: int) -> None:
    """Let the text transformer read texts of so many tokens."""
    mask = model.build_attention_mask()[:length, :length].to(model.logit_scale.device)
    for block in model.transformer.resblocks:
        block.attn_mask = mask


@cache
def _tokens(text: str) -> torch.Tensor:
    return clip.tokenize(text, CONTEXT)  # type: ignore[no-any-return]


@torch.no_grad()
def _recall_at_1(model: CLIP, pictures: UInt8Array, facts: Sequence[Facts]) -> float:
    captions = [plain(fact) for fact in facts]
    images = _encode_pictures(model, pictures)
    texts = _encode_texts(model, [caption.text for caption in captions])
    first = (texts @ images.T).argmax(dim=1).tolist()
    return float(
        np.mean([caption.holds(facts[n]) for caption, n in zip(captions, first, strict=True)])
    )


@cache
def _unknown() -> tuple[str, ...]:
    # Private, and the only list of its tokens.
    return unknown_words(clip.clip._tokenizer.encoder)
