"""Answers as `--json` prints them: the contract that docs/search.md tells."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.data import (
        Answer,
        Evidence,
        Moment,
        ScoreCurve,
        SequenceAnswer,
        SequenceHit,
        SequenceStep,
        VideoHit,
        VideoRecord,
    )


def answer_document(answer: Answer) -> dict[str, Any]:
    """Of `query`, `similar` and `refine`; `reason` and `nearest` are there if nothing answers."""
    document: dict[str, Any] = {
        "results": [_result(found) for found in answer.results],
        "no_match": answer.no_match,
        "took_ms": round(answer.took_s * 1000, 1),
    }
    if answer.reason:
        document["reason"] = answer.reason
        document["nearest"] = [_result(found) for found in answer.nearest]
    if answer.bound is not None:
        document["bound"] = answer.bound
    return document


def sequence_document(answer: SequenceAnswer) -> dict[str, Any]:
    """Of `sequence`."""
    return {
        "results": [_sequence_result(hit) for hit in answer.results],
        "no_match": not answer.results,
        "reason": answer.reason,
        "compared": answer.compared,
        "bound": answer.bound,
        "took_ms": round(answer.took_s * 1000, 1),
    }


def curve_document(curve: ScoreCurve) -> dict[str, Any]:
    """Of `plot`."""
    video = curve.record.video
    columns = (curve.starts_s, curve.ends_s, curve.times_s, curve.scores)
    scenes = [
        {"start_s": start_s, "end_s": end_s, "best_s": best_s, "score": score}
        for start_s, end_s, best_s, score in zip(*(c.tolist() for c in columns), strict=True)
    ]
    return {
        "content_id": video.video_id,
        "path": video.path,
        "duration_s": video.duration_s,
        "best": scenes[curve.best],
        "scenes": scenes,
    }


def _result(found: VideoHit) -> dict[str, Any]:
    document = {
        "content_id": found.record.video.video_id,
        "score": found.score,
        "confidence": found.confidence,
        "timestamps": [moment.best_s for moment in found.moments],
        "metadata": _metadata(found.record),
        "moments": [_moment(moment) for moment in found.moments],
    }
    if found.evidence:
        document["evidence"] = [_evidence(each) for each in found.evidence]
    return document


def _metadata(record: VideoRecord) -> dict[str, Any]:
    video = record.video
    path = Path(video.path)
    return {
        "filename": path.name,
        "file_ext": path.suffix.lstrip("."),
        "file_id": video.video_id,
        "file_url": path.as_uri(),
        "paths": list(record.paths),
        "duration_s": video.duration_s,
        "width": video.width,
        "height": video.height,
        "frame_rate": video.frame_rate,
        "codec": video.codec,
        "size_bytes": video.stamp.size_bytes,
        "recorded_at": video.recorded_at,
        "recorded_from": video.recorded_from,
        "covered": video.covered,
        "indexed_at": record.indexed_at,
        "tags": list(record.tags),
    }


def _moment(moment: Moment) -> dict[str, Any]:
    box = moment.box
    return {
        "start_s": moment.start_s,
        "end_s": moment.end_s,
        "best_s": moment.best_s,
        "score": moment.score,
        "box": [box.x0, box.y0, box.x1, box.y1],
    }


def _evidence(each: Evidence) -> dict[str, Any]:
    hit = each.hit
    return {
        "row_id": hit.row_id,
        "scene_index": hit.scene_index,
        "kind": hit.kind,
        "at_s": hit.pts_s,
        "score": hit.score,
        "weight": each.weight,
    }


def _sequence_result(hit: SequenceHit) -> dict[str, Any]:
    return {
        "content_id": hit.record.video.video_id,
        "score": hit.score,
        "start_s": hit.start_s,
        "end_s": hit.end_s,
        "timestamps": [step.best_s for step in hit.steps],
        "metadata": _metadata(hit.record),
        "steps": [_step(step) for step in hit.steps],
    }


def _step(step: SequenceStep) -> dict[str, Any]:
    return {
        "text": step.text,
        "start_s": step.start_s,
        "end_s": step.end_s,
        "best_s": step.best_s,
        "score": step.score,
        "cosine": step.cosine,
    }
