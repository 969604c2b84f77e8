"""What our site relies on in asv's: a new asv that differs must fail here, not on the reader."""

from __future__ import annotations

import inspect
import json
import re
from collections import Counter
from pathlib import Path

import asv
import fake_results
import pytest
import synthetic
from asv.commands.publish import Publish
from asv.plugins.regressions import Regressions
from asv.publishing import OutputPublisher
from synthetic import Plan

from ftbench.asv.assets import ASSETS
from ftbench.asv.publisher import PagesPublisher
from ftbench.releases import Release
from ftbench.results import read_results

WWW = Path(asv.__file__).parent / "www"
INDEX = (WWW / "index.html").read_text(encoding="utf-8")
ONE = Plan(releases=("3.14.2",))


def script(name: str) -> str:
    return (WWW / name).read_text(encoding="utf-8")


def test_asv_loads_ten_third_party_files_and_states_the_hash_of_each() -> None:
    loaded = re.findall(r'(?:src|href)="https://[^"]*/([^"/]+)" integrity="([^"]+)"', INDEX)
    assert sorted(name for name, _ in loaded) == sorted(asset.instead_of for asset in ASSETS)
    ours = {
        asset.instead_of for asset in ASSETS if (asset.instead_of, asset.integrity) not in loaded
    }
    assert {name.partition(".min")[0] for name in ours} == {
        "stupidtable",
        *(f"jquery.flot{part}" for part in ("", ".time", ".selection", ".categories")),
    }


def test_asvs_pages_ask_one_object_for_names_and_only_when_they_draw() -> None:
    assert "this.get_commit_hash = get_commit_hash;" in script("asv.js")
    assert "this.get_revision = get_revision;" in script("asv.js")
    assert "this.format_hash_string = format_hash_string;" in script("asv.js")
    for name in ("graphdisplay.js", "regressions.js", "summarylist.js"):
        # A reference kept from before our script ran would go round it.
        assert not re.search(r"=\s*\$\.asv\.(get_commit_hash|get_revision)\b(?!\()", script(name))


def test_asvs_pages_read_a_range_of_commits_as_letters_and_digits() -> None:
    assert "value.match(/^([a-z0-9]+)-([a-z0-9]+)$/)" in script("graphdisplay.js")


def test_links_to_commits_are_the_configured_address_and_the_name() -> None:
    assert "$.asv.main_json.show_commit_url + previous_hash" in script("graphdisplay.js")
    assert "show_commit_url + '../compare/'" in script("regressions.js")


def test_a_missing_environment_variable_is_called_none_in_brackets_in_addresses() -> None:
    assert "value == '[none]'" in script("asv.js")


def test_our_publishers_come_after_asvs_and_our_pages_last() -> None:
    signature = inspect.signature(OutputPublisher.publish)
    assert list(signature.parameters) == ["conf", "repo", "benchmarks", "graphs", "revisions"]
    assert Regressions.order < PagesPublisher.order
    source = inspect.getsource(Publish.run)
    assert source.index("graphs.save") < source.index("cls.publish(") < source.index("index.json")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    synthetic.write_project(tmp_path, ONE, only="track_round")
    return tmp_path


def test_a_published_site_says_names_and_keeps_asvs_ids_in_its_data(project: Path) -> None:
    done = synthetic.publish(project)
    assert done.returncode == 0, done.stdout + done.stderr
    tags = (project / "html" / "ftbench-tags.js").read_text(encoding="utf-8")
    assert '"31402f00": "v3.14.2"' in tags
    index = json.loads((project / "html" / "index.json").read_text(encoding="utf-8"))
    assert "31402f00" in index["revision_to_hash"].values()
    assert (project / "html" / "choose.html").exists()


def test_without_npm_the_site_is_published_with_one_warning(project: Path, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "no-programs")
    done = synthetic.publish(project, PATH=nowhere, FTBENCH_CACHE=str(tmp_path / "cache"))
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert said.count("There is no npm on this machine.") == 1
    index = (project / "html" / "index.html").read_text(encoding="utf-8")
    assert 'href="choose.html"' in index
    assert "jquery-3.3.1.min.js" in index


def test_publishing_skips_what_is_damaged_and_names_it(project: Path) -> None:
    whole, *_ = files = sorted((project / "results" / "quiet-vm").glob("314*.json"))
    files[1].write_bytes(b'{"version": 2, "x": "\xff"}')
    files[2].write_bytes(whole.read_bytes()[:-40])
    other = project / "results" / "other" / "machine.json"
    other.parent.mkdir()
    other.write_text("null", encoding="utf-8")
    done = synthetic.publish(project)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    for path in (files[1], files[2], other):
        assert path.name in said
        assert path.exists()
    assert "Traceback" not in said


def test_a_place_that_cannot_be_written_is_a_message(project: Path) -> None:
    (project / "html").write_text("a file, not a folder", encoding="utf-8")
    done = synthetic.publish(project)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "The site cannot be written to" in said
    assert "--html-dir" in said
    assert "Traceback" not in said


def test_an_empty_folder_is_a_place_to_publish(project: Path) -> None:
    (project / "site").mkdir()
    done = synthetic.publish(project, "--html-dir", str(project / "site"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (project / "site" / "choose.html").exists()


def test_asvs_graphs_have_our_medians_at_the_usual_speed_of_the_stick(tmp_path: Path) -> None:
    slow = {"3.14.1": 1.0, "3.14.2": 1.7}
    synthetic.write_project(tmp_path, Plan(releases=tuple(slow)), only="track_round")
    results = tmp_path / "results"
    listed = json.loads((results / "benchmarks.json").read_text("utf-8"))
    listed[fake_results.ROUND]["computes"] = True
    (results / "benchmarks.json").write_text(json.dumps(listed), "utf-8")
    stored = {}
    for path in fake_results.result_files(results):
        release = Release.from_commit_id(path.name[:8]).name
        fake_results.slow_down(path, slow[release], cells=1000)
        stored[path] = path.read_bytes()
        speed = {"stick": "1-3.11", "seconds": 0.002 * slow[release], "slices": 5}
        fake_results.edit_records(path, "cell", speed=speed, run=f"of {release}")
    done = synthetic.publish(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr

    figures = read_results(results).figures
    ours = Counter(each.median for each in figures if each.median is not None and each.stick)
    assert ours.total() > len(slow) * 30
    graphs = (tmp_path / "html" / "graphs").glob(
        f"*/**/branch-releases/**/{fake_results.ROUND}.json"
    )
    points = [point for graph in graphs for point in json.loads(graph.read_text("utf-8"))]
    assert Counter(value for _, values in points for value in values if value is not None) == ours
    assert all(path.read_bytes() == whole for path, whole in stored.items())
