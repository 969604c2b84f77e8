"""A fleet on Dask: several agents as processes on this machine, and what may happen to them."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import ssl
from pathlib import Path

import psutil
import pytest
from distributed import Client
from fake_fleet import Hosts, eventually

from ftbench.errors import UsageError
from ftbench.fleet import dask_link

BOTH = "hosts = ['a', 'b']\nbenchmarks = ['x', 'y', 'z']\n"


def test_each_host_does_its_own_runs_one_at_a_time(hosts: Hosts) -> None:
    hosts.ask(BOTH)
    for name in ("a", "b"):
        hosts.agent(name)
    hosts.run()
    for name in ("a", "b"):
        assert [bench for bench, _, _ in hosts.measured(name)] == ["x", "y", "z"]
        assert hosts.collected(name) == 3
        times = [time for _, begin, end in hosts.measured(name) for time in (begin, end)]
        assert times == sorted(times)
    assert "All 6 runs" in hosts.run("run", code=12)
    assert "0 runs to come" in hosts.run("status")


def test_agents_of_one_machine_take_turns(hosts: Hosts) -> None:
    hosts.ask("hosts = ['both']\nbenchmarks = ['p', 'q']\n", top="groups.both = ['a', 'b']")
    assert "4 runs on 2 hosts." in hosts.run("plan")
    for name in ("a", "b"):
        hosts.agent(name, lock="same")
    hosts.run()
    both = sorted(((x, y) for name in ("a", "b") for _, x, y in hosts.measured(name)))
    assert len(both) == 4
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(both))


def test_a_run_that_fails_is_tried_again_and_does_not_keep_others(hosts: Hosts) -> None:
    hosts.ask("hosts = ['a']\nbenchmarks = ['once', 'fails', 'x']\n", top="retries = 1")
    hosts.agent("a")
    said = hosts.run(code=4)
    assert "no luck today" in said
    assert "0 runs to come" in hosts.run("status")
    assert [bench for bench, _, _ in hosts.measured("a")] == ["once", "x"]
    assert hosts.collected("a") == 2


def test_an_agent_that_is_killed_begins_again_with_what_it_was_at(hosts: Hosts) -> None:
    hosts.ask("hosts = ['a']\nbenchmarks = ['slow', 'x']\n")
    guard = hosts.agent("a", "kept")
    run = hosts.command("run")
    eventually((hosts.folder / "a" / "slow.begun").exists)
    (worker,) = psutil.Process(guard.pid).children()
    worker.kill()
    hosts.ended(run)
    assert sorted(bench for bench, _, _ in hosts.measured("a")) == ["slow", "x"]


def test_an_agent_that_is_told_to_end_leaves_nothing_behind(hosts: Hosts) -> None:
    hosts.ask("hosts = ['a']\nbenchmarks = ['slow']\n")
    guard = hosts.agent("a", "kept")
    hosts.command("run")
    eventually((hosts.folder / "a" / "slow.begun").exists)
    (worker,) = psutil.Process(guard.pid).children()
    guard.terminate()
    guard.join(15)
    assert guard.exitcode == 130
    assert not worker.is_running()


def test_a_coordinator_that_is_killed_leaves_all_to_the_next(hosts: Hosts) -> None:
    hosts.ask("hosts = ['a']\nbenchmarks = ['x', 'slow', 'z']\n")
    hosts.agent("a")
    run = hosts.command("run")
    eventually((hosts.folder / "a" / "slow.begun").exists)
    run.kill()  # and Dask's scheduler with it
    run.join()
    eventually(lambda: len(hosts.measured("a")) == 2)
    assert hosts.collected("a") == 1
    hosts.run("collect")
    assert hosts.collected("a") == 2
    hosts.run()
    assert [bench for bench, _, _ in hosts.measured("a")] == ["x", "slow", "z"]
    assert hosts.collected("a") == 3


def test_an_agent_of_another_version_is_refused_and_told_why(hosts: Hosts) -> None:
    hosts.ask(BOTH)
    hosts.agent("a")
    hosts.agent("b", "older")
    said = hosts.run(code=3)
    assert "b: it is refused" in said
    assert "click" in said
    assert not hosts.measured("b")
    assert hosts.collected("a") == 3


def test_a_host_that_is_silent_is_told_of_and_not_waited_for_for_ever(hosts: Hosts) -> None:
    hosts.ask(BOTH, top="silent = 1\npatience = 6")
    hosts.agent("a")
    said = hosts.run(code=5)
    assert "b is silent since" in said
    assert "b: no answer" in said
    assert "3 runs to come" in hosts.run("status")
    assert hosts.collected("a") == 3


def test_the_name_of_another_machine_in_the_results_is_refused(hosts: Hosts) -> None:
    hosts.ask("hosts = ['a']\nbenchmarks = ['x']\n")
    folder = hosts.project / "results" / "a"
    folder.mkdir(parents=True)
    record = '{"machine": "a", "identity": "of another", "version": 1}'
    (folder / "machine.json").write_text(record, encoding="utf-8")
    hosts.agent("a")
    assert "not known to be of the host" in hosts.run(code=3)
    assert [path.name for path in folder.iterdir()] == ["machine.json"]


@pytest.mark.parametrize("who", ["nobody", "plain", "stranger"])
def test_who_has_not_the_certificate_gets_nothing(hosts: Hosts, tmp_path: Path, who: str) -> None:
    stranger = tmp_path / "stranger"
    dask_link.make_certificate(stranger)

    async def come() -> None:
        async with dask_link.listening("lo", 0, hosts.certificate) as link:
            address = link.address
            if who == "nobody":
                host, _, port = address.removeprefix("tls://").rpartition(":")
                context = ssl.create_default_context(cafile=hosts.certificate / "fleet.crt")
                context.check_hostname = False
                reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
                assert await reader.read() == b""
                writer.close()
            security = dask_link._security(stranger) if who == "stranger" else None
            if who == "plain":
                address = address.replace("tls", "tcp")
            await Client(  # type: ignore[no-untyped-call]
                address, security=security, asynchronous=True, timeout=2
            )

    with pytest.raises((OSError, TypeError)):
        asyncio.run(come())


def test_it_listens_on_the_named_interface_alone(hosts: Hosts) -> None:
    async def listeners() -> set[str]:
        async with dask_link.listening("lo", 0, hosts.certificate):
            listening = psutil.Process().net_connections()
            return {each.laddr.ip for each in listening if each.status == psutil.CONN_LISTEN}

    assert asyncio.run(listeners()) == {"127.0.0.1"}
    with pytest.raises(Exception, match="interface 'nowhere' is not known"):
        dask_link.address_of("nowhere")


def test_a_key_that_others_can_read_or_that_is_not_there_is_refused(
    hosts: Hosts, tmp_path: Path
) -> None:
    folder = tmp_path / "copied"
    shutil.copytree(hosts.certificate, folder)
    (folder / "fleet.key").chmod(0o644)
    with pytest.raises(UsageError, match="can be read by others"):
        dask_link._security(folder)
    (folder / "fleet.key").unlink()
    with pytest.raises(UsageError, match="There is no"):
        dask_link._security(folder)
