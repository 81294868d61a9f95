"""The questions as a person meets them, on a terminal that types what the test says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kustodian.model.errors import UserError
from kustodian.scaffold.answers.complete import complete
from kustodian.scaffold.answers.given import Given
from kustodian.scaffold.answers.model import Answers
from kustodian.scaffold.answers.prompts import ask_all
from kustodian.scaffold.answers.questions import questions_of

Give = Callable[..., Given]


class Typist:
    """Types the replies for a question in turn, then Enter; keeps what was shown."""

    def __init__(self, **replies: list[str]) -> None:
        self.replies = {key: list(lines) for key, lines in replies.items()}
        self.asked: list[str] = []
        self.defaults: dict[str, str] = {}
        self.shown: list[str] = []

    def say(self, text: str) -> None:
        self.shown.append(text)

    def ask(self, question: str, default: str) -> str:
        self.asked.append(question)
        self.defaults.setdefault(question, default)
        waiting = self.replies.get(question, [])
        return waiting.pop(0) if waiting else ""


def asked(given: Given, typist: Typist, *fixed: str) -> Answers:
    ask_all(given, frozenset(fixed), typist)
    assert not any(typist.replies.values()), f"never asked: {typist.replies}"
    return complete(given)


def test_enter_all_the_way_gives_the_defaults(answers: Answers) -> None:
    typist = Typist()
    assert asked(Given(), typist) == answers
    assert typist.defaults["repo_name"] == "iris-model"
    assert typist.defaults["environments"] == "dev, staging, prod"


def test_every_question_that_leaves_a_choice_is_asked_in_order() -> None:
    typist = Typist()
    asked(Given(), typist)
    expected = [question.key for question in questions_of(Answers) if len(question.choices) != 1]
    assert typist.asked == [*expected, "change one of them"]


def test_choices_are_taken_by_number_and_by_name_and_shown_with_their_meaning() -> None:
    typist = Typist(accelerator=["2"], exposure=["cluster-only"], autoscaling=[" none "])
    answers = asked(Given(), typist)
    assert (answers.accelerator, answers.exposure, answers.autoscaling) == ("none", "cluster-only", "none")
    assert "  2 none                 CPUs only" in typist.shown


def test_a_wrong_answer_is_refused_at_once_with_the_reason() -> None:
    typist = Typist(model_name=["Iris", "cats"], accelerator=["9", "nvidea", "nvidia"])
    answers = asked(Given(), typist)
    assert (answers.model_name, answers.accelerator) == ("cats", "nvidia")
    assert typist.asked.count("model_name") == 2 and typist.asked.count("accelerator") == 3
    refusals = [line for line in typist.shown if line.startswith("  model_name") or "cannot be" in line]
    assert refusals[0].startswith("  model_name must be a DNS label")
    assert "did you mean nvidia?" in refusals[-1]


def test_a_question_is_asked_only_where_its_condition_holds() -> None:
    for accelerator, is_asked in (("none", False), ("nvidia", True)):
        typist = Typist(accelerator=[accelerator], **{"change one of them": ["dev"]})
        asked(Given(), typist)
        assert ("gpu" in typist.asked) is is_asked
    typist = Typist(exposure=["cluster-only"], **{"change one of them": ["dev"]})
    asked(Given(), typist)
    assert typist.asked.count("domain") == 1  # the repository's: exposure is asked after it


def test_what_set_gave_is_not_asked(give: Give) -> None:
    typist = Typist()
    answers = asked(
        give("", "team=cats", "environments=live", "environments.live.gpu=true"),
        typist,
        "team",
        "environments",
    )
    assert "team" not in typist.asked and "environments" not in typist.asked
    assert (answers.team, list(answers.environments)) == ("cats", ["live"])


def test_a_preset_is_offered_as_the_default(give: Give) -> None:
    typist = Typist()
    answers = asked(give("accelerator: none\nteam: cats\n"), typist)
    assert (typist.defaults["team"], typist.defaults["accelerator"]) == ("cats", "none")
    assert typist.defaults["repo_url"] == "https://git.example.com/cats/iris-model.git"
    assert answers.accelerator == "none"


def test_answers_that_do_not_go_together_are_refused_at_the_second_of_them(give: Give) -> None:
    typist = Typist(environments=["dev", "dev, prod"])
    answers = asked(Given(), typist)
    assert list(answers.environments) == ["dev", "prod"]
    assert any("choose accelerator none, or give one environment gpu true" in line for line in typist.shown)
    typist = Typist(accelerator=["nvidia", "none"])
    answers = asked(give("", "environments=dev"), typist, "environments")
    assert answers.accelerator == "none"


def test_an_environment_is_changed_until_it_holds_together() -> None:
    typist = Typist(
        **{
            "change one of them": ["nope", "prod"],
            "replicas_min": ["zero", "9", "4"],
            "replicas_max": ["8", "8"],
        }
    )
    answers = asked(Given(), typist)
    assert (answers.environments["prod"].replicas_min, answers.environments["prod"].replicas_max) == (4, 8)
    assert any("there is no nope" in line for line in typist.shown)
    assert any("whole number from 1 to 1000, not 'zero'" in line for line in typist.shown)
    assert any("choose a replicas_max of 9 or more" in line for line in typist.shown)


def test_details_of_an_environment_survive_a_change_of_the_list(give: Give) -> None:
    typist = Typist(environments=["dev, qa, prod"])
    answers = asked(give("environments: {prod: {replicas_min: 5}}\naccelerator: none\n"), typist)
    assert list(answers.environments) == ["dev", "qa", "prod"]
    assert answers.environments["prod"].replicas_min == 5


def test_wrong_answers_that_came_before_are_refused_before_asking(give: Give) -> None:
    typist = Typist()
    with pytest.raises(UserError, match="unknown answer modle_name"):
        ask_all(give("", "modle_name=a"), frozenset({"modle_name"}), typist)
    assert typist.asked == []
