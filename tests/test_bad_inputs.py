"""Every bad input of the table is answered with the error that it deserves."""

import pytest
from bad_inputs import CALLS, COMMANDS
from typer.testing import CliRunner

from mempaper.cli import app
from mempaper.errors import InputError


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch, request):
    """Keeps runs and reports apart; some commands need the checkout."""
    monkeypatch.setenv("MEMPAPER_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("MEMPAPER_ROOT", str(request.config.rootpath))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("entry", range(len(CALLS)))
def test_a_bad_input_is_named_with_its_rule_and_a_remedy(entry):
    call, argument, words = CALLS[entry]
    with pytest.raises(InputError) as caught:
        call()
    error = caught.value
    assert error.argument == argument
    assert words in str(error)
    assert error.remedy
    assert len(str(error)) < 2000


@pytest.mark.parametrize(("arguments", "words"), COMMANDS)
def test_a_bad_command_says_what_is_wrong_in_one_message(arguments, words):
    done = CliRunner().invoke(app, arguments)
    said = " ".join(done.stderr.replace("│", " ").split())
    assert done.exit_code == 2
    assert words in said
    assert "Traceback" not in said
    assert done.stdout == ""


def test_the_table_is_large_and_its_entries_differ():
    codes = [(argument, words, call.__code__) for call, argument, words in CALLS]
    calls = {(a, w, code.co_code, code.co_consts, code.co_names) for a, w, code in codes}
    assert len(calls) == len(CALLS)
    assert len(calls) + len({tuple(arguments) for arguments, _ in COMMANDS}) >= 60
