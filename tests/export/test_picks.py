"""What is taken of an answer, and under which names."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.export.picks import picks_of, safe_name
from tests.export.samples import answer, hit, moment, video


def test_the_best_moment_of_each_or_all() -> None:
    a = hit(video("/v/a.mp4"), moment(1, 2, 0.9), moment(5, 6, 0.4))
    b = hit(video("/v/b.mp4"), moment(3, 4.5, 0.8))
    best = picks_of(answer(a, b))
    assert [(p.rank, p.number, p.moment.start_s) for p in best] == [(1, 1, 1), (2, 1, 3)]
    assert [p.name for p in best] == [
        "01 a 00h00m01.000s-00h00m02.000s", "02 b 00h00m03.000s-00h00m04.500s",
    ]  # fmt: skip
    every = picks_of(answer(a, b), every=True)
    assert [(p.rank, p.number) for p in every] == [(1, 1), (1, 2), (2, 1)]
    assert every[1].name == "01-2 a 00h00m05.000s-00h00m06.000s"


def test_names_sort_by_rank() -> None:
    results = [hit(video(f"/v/{i}.mp4"), moment(0, 1)) for i in range(120)]
    names = [pick.name for pick in picks_of(answer(*results))]
    assert names == sorted(names)
    assert len({name.casefold() for name in names}) == 120


def test_odd_names() -> None:
    assert safe_name("日本 – Öl_2") == "日本 _ Öl_2"
    assert safe_name("-rf .. /x") == "rf .. _x"
    assert safe_name('a\nb\x1b[31m:*?"<>|\\') == "a_b__31m________"
    assert safe_name("...") == safe_name("") == "video"
    assert safe_name("\udcff\udcfe") == "__"


@given(st.text(max_size=300))
def test_any_name_can_be_written(text: str) -> None:
    name = safe_name(text)
    assert name
    assert len(name.encode()) <= 120
    assert name[0] not in ".- "
    assert name[-1] not in ". "
    assert not set(name) & set('/\\:*?"<>|\0\n\r\t')
