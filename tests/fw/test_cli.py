"""The command line starts quickly, and every error is one message with an exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

import fw
from fw.cli import COMMANDS, main
from fw.cli.sweep import parse_over, sorted_rows, write_table
from fw.domain.frame import Frame
from fw.domain.saved import differences
from fw.hookspecs import KINDS

HEAVY = ("numpy", "numba", "pandas", "pyarrow", "torch", "rich", "structlog", "ccxt", "plotly")
PLUGIN = "import click, fw\n@fw.hookimpl\ndef fw_commands(cli):\n"


def test_help_is_quick_and_imports_nothing_heavy(run_python: Any) -> None:
    told = run_python(
        "import sys, time\n"
        "from fw.cli import main\n"
        "try:\n    main(['--help'])\n"
        "except SystemExit as end:\n    assert end.code == 0\n"
        f"print('heavy:', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    assert told.endswith("heavy: []")


def test_help_names_every_built_in_command_with_a_whole_sentence() -> None:
    told = CliRunner().invoke(main, ["--help"]).output
    lines = {words[0]: line for line in told.splitlines() if (words := line.split())}
    for command in COMMANDS:
        assert lines[command].endswith(".")
        assert not lines[command].endswith("...")


def test_only_the_module_of_the_command_asked_for_is_imported(run_python: Any) -> None:
    told = run_python(
        "import sys\nfrom fw.cli import main\n"
        "try:\n    main(['schema', '--help'])\nexcept SystemExit:\n    pass\n"
        "print(sorted(name for name in sys.modules if name.startswith(('fw.cli.', 'fw_', 'fw.plugins'))))"
    )
    assert told.splitlines()[-1] == "['fw.cli.process', 'fw.cli.schema', 'fw.cli.tables']"


def test_version(run_fw: Any) -> None:
    assert run_fw("--version").stdout == f"fw {fw.__version__}\n"


@pytest.mark.parametrize(
    "arguments", [["plugins"], ["parts"], ["schema"], ["run"], ["check"], ["replay"], ["show"], ["sweep"]]
)
def test_every_command_has_help(arguments: list[str]) -> None:
    assert CliRunner().invoke(main, [*arguments, "--help"]).exit_code == 0


def test_an_unknown_command_gets_a_suggestion_and_exit_code_2(run_fw: Any) -> None:
    done = run_fw("rnu")
    assert done.returncode == 2
    assert "there is no command 'rnu'. Did you mean 'run'?" in done.stderr


def test_completion_offers_commands(run_fw: Any) -> None:
    done = run_fw(_FW_COMPLETE="bash_complete", COMP_WORDS="fw p", COMP_CWORD="1")
    assert done.stdout.split() == ["plain,parts", "plain,plugins"]


def test_a_plugin_adds_a_command(site: Any, run_fw: Any) -> None:
    site.add(
        "mine", PLUGIN + "    @cli.command()\n    def hello():\n        'Say hello.'\n        click.echo('hello')\n"
    )
    assert run_fw("hello").stdout == "hello\n"
    assert "Say hello." in run_fw("--help").stdout
    assert run_fw("--no-plugins", "hello").returncode == 2
    assert run_fw("hello", FW_PLUGINS="").returncode == 2


def test_a_plugin_cannot_replace_a_command_and_its_others_stand(site: Any, run_fw: Any) -> None:
    code = (
        "    for name in ('run', 'hello'):\n"
        "        cli.add_command(click.Command(name, callback=lambda: click.echo('mine')))\n"
    )
    site.add("mine", PLUGIN + code)
    site.add("second", PLUGIN + "    cli.add_command(click.Command('hello'))\n    raise OSError('late')\n")
    assert run_fw("hello").stdout == "mine\n"
    assert "strategy file" in run_fw("run", "--help").stdout
    problems = {(p["plugin"], p["text"]) for p in json.loads(run_fw("plugins", "list", "--json").stdout)["problems"]}
    assert ("mine", "may not replace the command 'run'") in problems
    assert ("second", "adds the command 'hello', which another plugin has") in problems
    assert ("second", "fw_commands raised OSError: late (fw_second.py:5)") in problems
    assert "problem" in run_fw("--help").stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("line", "code", "text"),
    [
        ("raise fw.SettingsError('no such bar')", 2, "Error: no such bar\n"),
        ("raise fw.DataError('a gap')", 3, "Error: a gap\n"),
        ("raise fw.MissingExtra('needs x')", 4, "Error: needs x\n"),
        ("raise fw.NotFitted('train first')", 5, "Error: train first\n"),
        ("raise fw.RunRefused('not today')", 6, "Error: not today\n"),
        ("raise fw.Disconnected('gone')", 7, "Error: gone\n"),
        ("raise fw.Drift('2 lots here, 3 there')", 8, "Error: 2 lots here, 3 there\n"),
        ("raise ValueError('oh')", 4, "Error: fw fail of plugin 'mine' raised ValueError: oh (fw_mine.py:6)\n"),
        ("raise BrokenPipeError(32, 'Broken pipe')", 141, ""),
        ("raise KeyboardInterrupt", 130, "\ninterrupted\n"),
        ("return 5", 0, ""),
        ("click.get_current_context().exit(1)", 1, ""),
    ],
)
def test_every_error_is_one_message_and_its_exit_code(site: Any, run_fw: Any, line: str, code: int, text: str) -> None:
    site.add("mine", PLUGIN + f"    @cli.command()\n    def fail():\n        {line}\n")
    done = run_fw("fail")
    assert (done.returncode, done.stderr, done.stdout) == (code, text, "")


def test_a_settings_error_shows_its_places_as_they_are(site: Any, run_fw: Any) -> None:
    code = (
        "    from fw.errors import Problem\n    @cli.command()\n    def fail():\n"
        "        raise fw.SettingsError([Problem('s.yaml', 6, 3, 'strategy.fats', 'unknown setting')])\n"
    )
    site.add("mine", PLUGIN + code)
    assert run_fw("fail").stderr == "Error: s.yaml:6:3: strategy.fats: unknown setting\n"


BUG = (
    "import sys\nfrom fw.log import Secret\nimport fw.cli.schema\n"
    "def fails(**options):\n    raise RuntimeError('with ' + Secret('s3cret-value').reveal())\n"
    "fw.cli.schema.command.callback = fails\n"
    "fw.cli.main(['schema'])\n"
)


def bug(tmp_path: Path, **environ: str) -> Any:
    """Run a built-in command that has a bug."""
    import os
    import subprocess
    import sys

    environment = {**os.environ, **environ}
    return subprocess.run(
        [sys.executable, "-c", BUG], capture_output=True, text=True, check=False, cwd=tmp_path, env=environment
    )


def test_our_own_bug_is_exit_code_70_with_the_story_in_a_file(tmp_path: Path) -> None:
    done = bug(tmp_path)
    assert done.returncode == 70
    assert len(done.stderr.splitlines()) == 1
    (story,) = (tmp_path / ".fw").glob("crash-*.log")
    assert str(story) in done.stderr
    assert "RuntimeError: with ***" in story.read_text()
    assert "s3cret-value" not in story.read_text() + done.stderr


def test_a_trace_shows_the_story_at_once(tmp_path: Path) -> None:
    assert "RuntimeError: with ***" in bug(tmp_path, FW_TRACE="1").stderr


def test_a_story_that_the_workspace_cannot_hold_goes_to_the_temporary_folder(tmp_path: Path) -> None:
    (tmp_path / ".fw").write_text("a file where the folder should be")
    (tmp_path / "temporary").mkdir()
    assert bug(tmp_path, TMPDIR=str(tmp_path / "temporary")).returncode == 70
    assert list((tmp_path / "temporary").glob("crash-*.log"))


def test_the_plugin_list_is_a_table_with_problems_and_their_mending_below(site: Any, run_fw: Any) -> None:
    site.add("good")
    site.add("absent", "import nowhere_at_all", needs=["nowhere-at-all; extra == 'deep'"])
    told = run_fw("plugins", "list").stdout
    assert "strategy: always" in told
    assert "plugin 'absent' (fw-absent 1.0) needs nowhere_at_all: pip install \"fw-absent[deep]\"" in told


def test_the_plugin_list_counts_many_parts_and_says_who_keeps_secrets(site: Any, run_fw: Any) -> None:
    site.add("keeper", "import fw\n@fw.hookimpl\ndef fw_secret(name):\n    return None\n")
    shown = run_fw("plugins", "list", COLUMNS="80").stdout.splitlines()
    assert max(map(len, shown)) <= 80
    rows = {line.split()[0]: line for line in shown if line.strip()}
    assert "keeps secrets" in rows["keeper"]
    assert "keeps secrets" in rows["secrets"]
    assert " metrics; reporter: " in rows["report"]


def test_one_problem_with_plugins_is_told_in_full(site: Any, run_fw: Any) -> None:
    site.add("broken", "1 / 0")
    (said,) = [line for line in run_fw("parts").stderr.splitlines() if line]
    assert said.startswith("plugin 'broken' (fw-broken 1.0)")
    site.add("worse", "1 / 0")
    assert run_fw("parts").stderr.strip() == "2 problems with plugins: fw plugins list"


def test_help_of_parts_and_new_names_every_kind() -> None:
    for command in ("parts", "new"):
        told = CliRunner().invoke(main, [command, "--help"]).output
        assert f"Usage: fw {command} [OPTIONS]" in told.splitlines()[0]
        words = set(told.replace(",", " ").replace(".", " ").split())
        assert set(KINDS) <= words


def test_parts_are_listed_by_kind_and_described(site: Any, run_fw: Any) -> None:
    site.add("good")
    assert any(line.split()[:3] == ["strategy", "always", "good"] for line in run_fw("parts").stdout.splitlines())
    assert "always" not in run_fw("parts", "sizer").stdout
    listed = json.loads(run_fw("parts", "strategy", "--json").stdout)
    assert {"kind": "strategy", "name": "always", "help": "Long, always."}.items() <= next(
        part for part in listed if part["plugin"] == "good"
    ).items()
    unknown = run_fw("parts", "strategy", "allways")
    assert (unknown.returncode, unknown.stderr.startswith("Error: no plugin offers a strategy")) == (4, True)
    assert run_fw("parts", "stratgy").returncode == 2


def run_folder(workspace: Path, name: str, metrics: dict[str, Any], settings: dict[str, Any], **more: Any) -> None:
    """What a finished run leaves behind."""
    folder = workspace / "runs" / name
    folder.mkdir(parents=True)
    folder.joinpath("result.json").write_text(json.dumps({"metrics": metrics, **more}))
    folder.joinpath("manifest.json").write_text(json.dumps({"settings": settings, "status": "finished"}))


def test_runs_are_shown_side_by_side_with_the_settings_that_differ(tmp_path: Path, run_fw: Any) -> None:
    workspace = tmp_path / "workspace"
    strategy = {"use": "sma_cross", "fast": 5}
    run_folder(workspace, "a-1", {"sharpe": 1.25, "trades": 3}, {"seed": 0, "strategy": strategy})
    reasons = {"sharpe": "no deviation"}
    run_folder(workspace, "b-1", {"sharpe": None}, {"seed": 0, "strategy": strategy | {"fast": 7}}, unmeasured=reasons)
    told = run_fw("show", "a-1", "b").stdout
    rows = [line.split() for line in told.splitlines()]
    assert ["Sharpe", "1.25", "–"] in rows
    assert ["strategy.fast", "5", "7"] in rows
    assert "seed" not in told
    assert "– b-1: Sharpe does not exist: no deviation" in told
    shown = json.loads(run_fw("show", "--json", "a-1", "b-1").stdout)
    assert [run["metrics"]["sharpe"] for run in shown["runs"]] == [1.25, None]
    assert shown["differences"] == {"strategy.fast": [5, 7]}


def test_a_run_without_result_or_with_a_broken_one_is_one_line(tmp_path: Path, run_fw: Any) -> None:
    workspace = tmp_path / "workspace"
    assert run_fw("show", "nothing").returncode == 3
    run_folder(workspace, "torn", {}, {})
    (workspace / "runs" / "torn" / "result.json").write_text('{"metrics": ')
    assert "cannot be read" in run_fw("show", "torn").stderr
    (workspace / "runs" / "torn" / "result.json").unlink()
    (workspace / "runs" / "torn" / "manifest.json").write_text('{"status": "interrupted"}')
    done = run_fw("show", "torn")
    assert (done.returncode, done.stderr.endswith("has no result to show: it was interrupted\n")) == (3, True)


def test_parts_of_a_list_are_compared_by_their_names() -> None:
    first = {"risk": [{"use": "max_exposure", "limit": 2}, {"use": "drawdown_stop", "limit": 0.5}]}
    second = {"risk": [{"use": "drawdown_stop", "limit": 0.4}]}
    found = differences([first, second])
    assert found["risk.drawdown_stop.limit"] == [0.5, 0.4]
    assert found["risk.max_exposure.limit"] == [2, None]
    assert differences([first, first]) == {}


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("a.b=5:20:5", [5, 10, 15, 20]),
        ("a.b=5:19:5", [5, 10, 15]),
        ("a.b=0.1:0.3:0.1", [0.1, 0.2, 0.3]),
        ("a.b=3:1:-1", [3, 2, 1]),
        ("a.b=2:2:1", [2]),
        ("a.b=1,2.5,slow", [1, 2.5, "slow"]),
        ("a.b = 7", [7]),
    ],
)
def test_values_to_sweep_over(option: str, values: list[Any]) -> None:
    found = parse_over((option,))["a.b"]
    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]


@pytest.mark.parametrize(
    "option", ["a.b", "=1", "a=", "a=1:2", "a=1:2:0", "a=1:2:-1", "a=x:2:1", "a=0:1:1e-9", "a=nan:1:1"]
)
def test_values_that_make_no_sense_are_refused(option: str) -> None:
    with pytest.raises(fw.SettingsError, match="--over"):
        parse_over((option,))


def test_a_setting_may_be_swept_over_once() -> None:
    with pytest.raises(fw.SettingsError, match="a is given twice"):
        parse_over(("a=1", "a=2"))


def test_rows_of_a_sweep_are_sorted_with_missing_numbers_last(tmp_path: Path) -> None:
    frame = Frame.of({"fast": [5, 10, 15], "sharpe": [0.5, float("nan"), 1.5]})
    assert [row["fast"] for row in sorted_rows(frame, "sharpe")] == [15, 5, 10]
    assert sorted_rows(frame, "sharpe")[2] == {"fast": 10, "sharpe": None}
    with pytest.raises(fw.SettingsError, match="--by sortino: there is no such column; there are fast, sharpe"):
        sorted_rows(frame, "sortino")


def test_a_table_is_written_whole_in_both_formats(tmp_path: Path) -> None:
    import pandas as pd

    frame = Frame.of({"fast": [5, 10], "sharpe": [0.5, 1.5]})
    write_table(frame, tmp_path / "a" / "t.csv")
    write_table(frame, tmp_path / "a" / "t.parquet")
    assert (tmp_path / "a" / "t.csv").read_text() == "fast,sharpe\n5,0.5\n10,1.5\n"
    assert pd.read_parquet(tmp_path / "a" / "t.parquet")["fast"].tolist() == [5, 10]
    assert len(list((tmp_path / "a").iterdir())) == 2


@pytest.mark.parametrize("out", ["../t.csv", "t.xlsx"])
def test_a_sweeps_output_is_judged_before_anything_runs(run_fw: Any, out: str) -> None:
    done = run_fw("sweep", "absent.yaml", "--over", "a=1", "--out", out)
    assert done.returncode == 2
    assert out in done.stderr


def test_the_group_can_be_embedded_in_another_program() -> None:
    with pytest.raises(click.UsageError):
        main(["rnu"], standalone_mode=False)


def test_the_settings_of_a_part_are_shown_with_default_bounds_and_help(site: Any, run_fw: Any) -> None:
    site.add("good")
    told = run_fw("parts", "strategy", "always").stdout
    assert told.startswith("strategy 'always', of plugin 'good' (fw-good 1.0)\n")
    assert "\n\nLong, always.\n" in told
    assert told.splitlines()[-1].split() == ["strength", "a", "number", "1", "≥", "0,", "≤", "1", "how", "long"]
    (setting,) = json.loads(run_fw("parts", "strategy", "good:always", "--json").stdout)["settings"]
    assert (setting["name"], setting["bounds"], setting["help"]) == ("strength", "≥ 0, ≤ 1", "how long")


def test_the_schema_is_printed_or_written_inside_the_workspace(site: Any, run_fw: Any, tmp_path: Path) -> None:
    site.add("good")
    printed = json.loads(run_fw("schema").stdout)
    assert "always" in json.dumps(printed["$defs"]["strategy"])
    assert run_fw("schema", "--out", "a/strategy.schema.json").returncode == 0
    assert json.loads((tmp_path / "workspace" / "a" / "strategy.schema.json").read_text()) == printed
    outside = run_fw("schema", "--out", "../strategy.schema.json")
    assert (outside.returncode, "is outside the workspace" in outside.stderr) == (2, True)
    assert not (tmp_path / "strategy.schema.json").exists()
