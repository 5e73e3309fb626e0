"""The command `formula`: checking against a blueprint's folder or none, and what it says of the customers of a folder."""

import json
import re

import pytest
from program import ROOT

EVENT = """event:
  key: order_completed
  name: Order Completed
  properties:
    total: {type: number}
"""
METRIC = """metric:
  key: spend
  name: Spend in a year
  formula: sum("Order Completed".total in last 365 days)
"""


@pytest.fixture
def blueprint(tmp_path):
    place = tmp_path / "blueprint"
    place.mkdir()
    (place / "order.yaml").write_text(EVENT)
    (place / "spend.yaml").write_text(METRIC)
    return place


def test_a_formula_that_reads_is_said_in_plain_words(folder, blueprint):
    done = folder.run("formula", "check", blueprint, 'spend > 100 and did("Order Completed" in last 30 days)')
    assert done.stdout == "A condition: Spend in a year is more than 100 and Order Completed in the last 30 days.\n"
    assert done.stderr == "" and not folder.path.exists()
    assert folder.run("formula", "check", blueprint, "spend / 12").stdout == "A number: Spend in a year divided by 12.\n"


def test_what_is_wrong_is_shown_with_its_place_and_the_exit_code_is_1(folder, blueprint):
    done = folder.run("formula", "check", blueprint, 'did("Order Completed")\n  or consent.emial = no', check=False)
    assert done.returncode == 1 and done.stderr == ""
    shown = done.stdout
    assert shown == "line 2, column 6: unknown channel emial; did you mean email?\n  or consent.emial = no\n     ^^^^^^^^^^^^^\n"
    assert shown in (ROOT / "docs/formulas.md").read_text(), "the language reference shows this very output"
    done = folder.run("formula", "check", blueprint, 'did("Order Complete")', check=False)
    assert done.returncode == 1 and 'unknown event "Order Complete"; did you mean "Order Completed"?' in done.stdout
    assert folder.run("formula", "check", blueprint, "spend", "--as", "condition", check=False).returncode == 1


def test_without_a_folder_interactions_may_have_any_name_and_metrics_none(folder):
    assert folder.run("formula", "check", 'did("Whatever Happened" today)').stdout == "A condition: Whatever Happened today.\n"
    done = folder.run("formula", "check", "spend > 3", check=False)
    assert done.returncode == 1 and "nobody has defined spend" in done.stdout


def test_a_formula_comes_from_a_file_or_from_standard_input(folder, blueprint, tmp_path):
    file = tmp_path / "formula.txt"
    file.write_text("# how much\nspend >= 12.5\n")
    said = "A condition: Spend in a year is at least 12.5.\n"
    assert folder.run("formula", "check", blueprint, "--file", file).stdout == said
    assert folder.run("formula", "check", blueprint, "--file", "-", input=file.read_text()).stdout == said
    done = folder.run("formula", "check", "--file", tmp_path / "none", check=False)
    assert done.returncode == 1 and "none" in done.stderr and done.stdout == ""
    file.write_bytes(b"\xff\xfe")
    assert folder.run("formula", "check", "--file", file, check=False).returncode == 1


def test_scripts_get_json(folder, blueprint):
    answer = json.loads(folder.run("formula", "check", blueprint, 'sum("Order Completed".total) > 3 and trait.city = "Leeds"', "--json").stdout)
    assert answer["ok"] and answer["type"] == "yes/no" and answer["problems"] == []
    assert [part["label"] for part in answer["conjuncts"]] == ["The sum of total in Order Completed is more than 3", "City is Leeds"]
    assert answer["reads"]["events"] == [{"name": "Order Completed", "properties": ["total"]}] and answer["reads"]["traits"] == ["city"]
    done = folder.run("formula", "check", blueprint, "speend > 3", "--json", check=False)
    problem = json.loads(done.stdout)["problems"][0]
    assert done.returncode == 1
    assert (problem["from"], problem["to"], problem["line"], problem["column"]) == (0, 6, 1, 1)
    assert problem["what"] == "nobody has defined speend" and problem["mend"] == "did you mean spend?"


def test_a_blueprint_in_which_something_is_wrong_is_told_and_the_rest_of_it_holds(folder, blueprint):
    (blueprint / "broken.yaml").write_text("metric:\n  key: broken\n  name: Broken\n  formula: sum(\n")
    done = folder.run("formula", "check", blueprint, "spend > 3")
    assert "A condition" in done.stdout and re.search(r"1 thing to mend in .*sightline blueprint check", done.stderr)


def test_what_a_stranger_wrote_into_a_formula_cannot_steer_the_terminal(folder, tmp_path):
    file = tmp_path / "formula.txt"
    file.write_text('did("\u001b[2J\u0007Event") and trait.x = "\u009b31m"')
    done = folder.run("formula", "check", "--file", file)
    assert not set(done.stdout) & set("\u001b\u0007\u009b")
    file.write_text('did("\u001b[2J")) and')
    done = folder.run("formula", "check", "--file", file, check=False)
    assert done.returncode == 1 and not set(done.stdout) & set("\u001b\u0007\u009b")


@pytest.mark.parametrize("words", [["check"], ["check", "a", "b", "c"], ["explain"], ["explain", "x", "--file", "y"], ["eval", "count(any)"]])
def test_a_command_that_lacks_something_or_has_too_much_says_so(folder, words):
    done = folder.run("formula", *words, check=False)
    assert done.returncode not in (0, 1) and done.stdout == "" and len(done.stderr) > 10


@pytest.mark.parametrize("command", ["check", "explain", "eval"])
def test_each_explains_itself_with_an_example(folder, command):
    assert f"sightline formula {command}" in folder.run("formula", command, "--help").stdout


def test_what_a_formula_gives_and_why_is_said_with_a_server_and_without(folder):
    formula = 'sum("Order Completed".value) > 30 and count("Order Completed") = 2'
    with folder.serving() as server:
        for n, total in enumerate([10, 25]):
            order = {"order_id": f"A-{n}", "total": total, "revenue": total}
            server.send({"type": "track", "userId": "ann", "event": "Order Completed", "properties": order, "timestamp": f"2026-03-0{n + 1}T10:00:00Z"})
        server.send({"type": "page", "userId": "ann", "name": "Home"}, {"type": "page", "userId": "bo", "name": "Home"})
        said = folder.run("formula", "eval", formula, "--customer", "user_id:ann").stdout
    lines = said.splitlines()
    assert lines[0] == "yes"
    assert [line.split("Order Completed")[0].split()[0] for line in lines[3:]] == ["2026-03-02", "2026-03-01"]
    # Nobody serves the folder now: the command opens it, and waits until its definitions are at work.
    assert folder.run("formula", "eval", formula, "--customer", "user_id:ann").stdout == said
    assert folder.run("formula", "eval", formula, "--customer", "user_id:bo").stdout.splitlines() == ["no"]
    assert "It holds for 1 of 2 customers (50%)." in folder.run("formula", "explain", formula).stdout


def test_what_is_wrong_is_shown_the_same_whoever_checks_it(folder, blueprint):
    wrong = 'did("Order Completed")\n  or consent.emial = no'
    folder.run("blueprint", "apply", blueprint)
    explained, checked = folder.run("formula", "explain", wrong, check=False), folder.run("formula", "check", blueprint, wrong, check=False)
    assert explained.returncode == checked.returncode == 1
    assert explained.stdout == checked.stdout and explained.stdout.endswith("\n  or consent.emial = no\n     ^^^^^^^^^^^^^\n")
    problems = [json.loads(folder.run("formula", *words, wrong, "--json", check=False).stdout)["problems"] for words in (["explain"], ["check", blueprint])]
    assert problems[0] == problems[1] and problems[0][0]["replacement"] == "consent.email"


def test_what_is_wrong_is_shown_by_eval_as_by_explain(folder):
    with folder.serving() as server:
        server.send({"type": "page", "userId": "ann", "name": "Home"})
        wrong, ann = "count(any)\n  + consent.emial", ["--customer", "user_id:ann"]
        shown = folder.run("formula", "explain", wrong, check=False).stdout
        done = folder.run("formula", "eval", wrong, *ann, check=False)
        assert done.returncode == 1 and done.stderr == ""
        assert done.stdout == shown and shown.endswith("did you mean email?\n  + consent.emial\n    ^^^^^^^^^^^^^\n")
        answer = json.loads(folder.run("formula", "eval", wrong, *ann, "--json", check=False).stdout)
        assert answer["ok"] is False and answer["problems"][0]["what"] == "unknown channel emial"
