"""When a run was paused, from the running time of its seconds."""

import pytest

from perfsvc.metrics.pauses import Pauses

T0 = 1_700_000_000


@pytest.mark.parametrize(
    ("seconds", "found"),
    [
        ([(1.0, False), (0.4, True), (0.0, True), (0.7, False), (1.0, False)], [(1.4, 3.3)]),
        ([(1.0, False), (0.0, True), (1.0, False)], [(1.0, 2.0)]),
        ([(0.2, True), (0.5, False), (1.0, False), (0.9, True), (0.0, True)], [(0.2, 1.5), (3.9, 5.0)]),
        ([(0.2, True), (0.6, True), (1.0, False)], [(0.2, 2.0)]),
        ([(1.0, False), (0.9, False), (0.2, False)], []),
        ([(1.2, False), (0.8, False)], []),
    ],
)
def test_a_pause_is_known_to_a_tenth_of_a_second(
    seconds: list[tuple[float, bool]], found: list[tuple[float, float]]
) -> None:
    pauses = Pauses()
    for second, (span, paused) in enumerate(seconds):
        pauses.note(T0 + second, round(span * 1e9), paused=paused)
    spans = [(block["start"] - T0, block["end"] - T0, block["seconds"]) for block in pauses.blocks()]
    assert spans == [pytest.approx((start, end, end - start)) for start, end in found]


def test_a_pause_within_one_second_is_known_to_a_millisecond() -> None:
    pauses = Pauses()
    for second, (span, paused) in enumerate([(1.0, False), (0.5, True), (0.7, False), (0.7, False)]):
        pauses.note(T0 + second, round(span * 1e9), paused=paused)
    for start, length in ((3.25, 0.3), (1.5, 0.8), (1.7, 0.2)):
        pauses.note_brief(T0 + start, length)
    spans = [(block["start"] - T0, block["end"] - T0, block["seconds"]) for block in pauses.blocks()]
    assert spans == [pytest.approx((1.5, 2.3, 0.8)), pytest.approx((3.25, 3.55, 0.3))]


def test_no_pause_goes_on_after_the_end_of_the_run() -> None:
    pauses = Pauses()
    pauses.note(T0, 500_000_000, paused=True)
    pauses.note(T0 + 1, 0, paused=True)
    assert pauses.blocks(T0 + 1.2) == [{"start": T0 + 0.5, "end": T0 + 1.2, "seconds": 0.7}]
