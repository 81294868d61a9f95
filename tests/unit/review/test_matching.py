"""Which finding continues which: items change places, and nothing hides behind an equal fingerprint."""

from __future__ import annotations

from kustodian.model.environment import Severity
from kustodian.model.finding import AppliedWaiver, Finding, Location, Status
from kustodian.model.measure import Amount, Exactly, Measure
from kustodian.model.results.check_report import CheckReport
from kustodian.review.compare.pull_request import compare

WAIVER = AppliedWaiver("later", "ml", "2999-01-01")


def finding(
    measure: Measure | None = None, place: str = "p", waiver: AppliedWaiver | None = None, items: str = "list"
) -> Finding:
    return Finding(
        rule="host-port", severity=Severity.ERROR, message="m", fix="f", why="w", environment=None,
        overlay="o", object=None, field="", source=Location("f.yaml"), fingerprint=place, list_place=items,
        measure=measure, waiver=waiver,
    )  # fmt: skip


def statuses(now: list[Finding], before: list[Finding]) -> list[str]:
    report = CheckReport(findings=now)
    compare(report, before, "commit")
    return [str(each.status) for each in report.findings]


def test_equal_values_are_paired_first_wherever_in_the_list() -> None:
    before = [finding(Exactly("a"), "0"), finding(Exactly("b"), "1")]
    assert statuses([finding(Exactly("b"), "0"), finding(Exactly("a"), "1")], before) == ["unchanged"] * 2
    assert statuses([finding(Exactly("b"), "0")], before) == ["unchanged"]


def test_nothing_is_hidden_by_an_equal_fingerprint() -> None:
    before = [finding(Exactly("a")), finding(Exactly("b"))]
    now = [finding(Exactly("c")), finding(Exactly("b")), finding(Exactly("a"))]
    assert statuses(now, before) == ["new", "unchanged", "unchanged"]
    assert statuses([finding(Exactly("c")), finding(Exactly("b"))], before) == ["worse", "unchanged"]


def test_the_better_of_two_does_not_take_the_place_of_the_worse() -> None:
    before = [finding(Amount(5)), finding(Amount(1))]
    assert statuses([finding(Amount(1)), finding(Amount(5))], before) == ["unchanged", "unchanged"]
    assert statuses([finding(Amount(5)), finding(Amount(6))], before) == ["unchanged", "worse"]
    assert statuses([finding(Amount(0)), finding(Amount(4))], before) == ["unchanged", "unchanged"]


def test_a_finding_without_degrees_does_not_move() -> None:
    assert statuses([finding(None, "1")], [finding(None, "0")]) == ["new"]
    assert statuses([finding(None, "0")], [finding(None, "0")]) == ["unchanged"]


def test_another_kind_of_measure_is_worse() -> None:
    assert statuses([finding(Amount(1))], [finding(None)]) == ["worse"]
    assert statuses([finding(None)], [finding(Amount(1))]) == ["worse"]


def test_many_findings_in_one_place_take_linear_time() -> None:
    number = 20_000
    before = [finding(Amount(each), "p") for each in range(number)]
    now = [finding(Amount(each + 0.5), "p") for each in range(number)]
    assert "worse" in statuses(now, before)


def test_a_waived_finding_that_grew_worse_stays_waived_and_is_counted() -> None:
    report = CheckReport(findings=[finding(Exactly("b"), waiver=WAIVER)])
    compare(report, [finding(Exactly("a"), waiver=WAIVER)], "commit")
    assert report.findings[0].status is None
    assert [str(each.worse) for each in report.waived_worse] == ["was: a; now: b"]
    unwaived = CheckReport(findings=[finding(Exactly("a"))])
    compare(unwaived, [finding(Exactly("a"), waiver=WAIVER)], "commit")
    assert unwaived.findings[0].status is Status.NEW, "the waiver is gone"
