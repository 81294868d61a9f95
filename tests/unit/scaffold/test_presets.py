"""The presets that ship."""

from __future__ import annotations

import pytest

from kustodian.model.errors import UserError
from kustodian.scaffold.answers.complete import complete
from kustodian.scaffold.answers.given import Given
from kustodian.scaffold.presets import preset_file, preset_names, preset_purpose


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_is_complete_and_says_what_it_is_for(name: str) -> None:
    given = Given()
    given.add_file(preset_file(name), f"preset {name}")
    assert given.values
    assert complete(given) != complete(Given())
    assert len(preset_purpose(name)) > 20


def test_sklearn_cpu_asks_for_no_accelerator() -> None:
    given = Given()
    given.add_file(preset_file("sklearn-cpu"))
    answers = complete(given)
    assert answers.accelerator == "none"
    assert not any(environment.gpu for environment in answers.environments.values())


def test_an_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(UserError, match="no preset sklearn") as caught:
        preset_file("sklearn_cpu")
    assert caught.value.hint == "did you mean sklearn-cpu?"
