"""Deliveries: at least once, beside each other, whatever dies (SECURITY §4.6, F-27 to F-29)."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from idp import worker
from idp.domain.runtime import outbox
from tests.conftest import City
from tests.installation import Place, an_installation
from tests.provider import GAPURA, Provider
from tests.sink import Sink, a_sink


@pytest.fixture
def sink() -> Iterator[Sink]:
    with a_sink() as made:
        yield made


def signed_out(city: City, sink: Sink, name: str = "a") -> None:
    """One person signs in at an application that wants to be told, and out."""
    siti = city.person(f"siti-{name}")
    client = city.client(name, backchannel_logout_uri=f"{sink.url}/logout")
    city.build()
    browser = city.browser()
    tokens = client.sign_in(browser, siti)
    page = browser.get(f"/oauth/logout?id_token_hint={tokens.id_token}")
    if page.page != "signed-out":
        browser.submit(page, page.form("decision"), decision="approve")


def jti(form: dict[str, list[str]]) -> str:
    payload = form["logout_token"][0].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=="))["jti"]


@contextmanager
def a_worker(provider: Provider) -> Iterator[subprocess.Popen[bytes]]:
    log = provider.directory / "worker.log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            [GAPURA, "worker", "--config", str(provider.config)],
            env={**os.environ, "GAPURA_METRICS__BIND": "127.0.0.1:0"},
            stdout=output,
            stderr=output,
        )
    try:
        wait_until(lambda: "worker_started" in log.read_text())
        yield child
    finally:
        child.kill()
        child.wait()


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def enqueue(place: Place, count: int, lane: str = "a") -> None:
    with place.work() as work:
        for number in range(count):
            outbox.enqueue(
                work, "backchannel_logout", lane, {"client_id": "gone", "sid": str(number), "person_id": "x"}
            )


class TestTwoWorkers:
    @pytest.mark.parametrize("database", ["sqlite", "postgresql"])
    def test_share_the_jobs_and_end_when_told(self, tmp_path, database):
        with an_installation(tmp_path, database) as place:
            enqueue(place, 60)
            stop = threading.Event()
            workers = [threading.Thread(target=worker.run, args=(place.settings, stop)) for _ in range(2)]
            for each in workers:
                each.start()

            def all_done() -> bool:
                with place.work() as work:
                    return outbox.counts(work.session)["waiting"] == 0

            wait_until(all_done)
            stop.set()
            for each in workers:
                each.join(10)
                assert not each.is_alive()
            with place.work() as work:
                jobs = work.session.query(outbox.Job).all()
            assert {job.done_at is not None for job in jobs} == {True}
            assert {job.attempts for job in jobs} == {1}


class TestALane:
    def test_that_is_full_leaves_room_for_the_others(self, tmp_path):
        """F-28: a slow application delays only itself."""
        with an_installation(tmp_path, "sqlite") as place:
            enqueue(place, 30, "slow")
            enqueue(place, 2, "quick")
            parts: dict[str, Any] = {"settings": place.settings, "engine": place.engine, "vault": place.vault}
            made = worker.Worker(
                **parts, clock=worker.Clock(), catalogue=worker.Catalogue(place.vault.sealer),
                fetch=worker.Outbound(place.settings), stop=threading.Event(),
            )  # fmt: skip
            lanes = [job.lane for job in made._lease()]
            assert lanes.count("slow") == worker.PARALLEL_PER_LANE
            time.sleep(0.01)
            lanes += [job.lane for job in made._lease()]
            assert lanes.count("quick") == 2
            assert lanes.count("slow") == worker.PARALLEL_PER_LANE


class TestAKilledWorker:
    def test_after_sending_sends_again_with_another_token(self, own_provider, sink):
        """F-29: never lost, never the same jti twice."""
        provider = own_provider(environment={"GAPURA_FAILPOINTS": "outbox.after_send_before_mark=crash"})
        signed_out(City(provider), sink)
        sink.wait_for(1)
        provider.clock.forward(worker.outbox.LEASE.total_seconds() + 1)
        with a_worker(provider):
            sink.wait_for(2, 20)
            time.sleep(1)
        tokens = [jti(form) for form in sink.received]
        assert len(tokens) == len(set(tokens)) >= 2

    def test_before_it_could_send_lost_nothing(self, own_provider, sink):
        """The job is committed with the sign-out; whoever comes next delivers it."""
        provider = own_provider(started=False)
        provider.process = subprocess.Popen(
            [GAPURA, "serve", "--config", str(provider.config)], stdout=subprocess.DEVNULL
        )
        wait_until(provider._answers)
        signed_out(City(provider), sink)
        provider.stop(signal.SIGKILL)
        assert sink.received == []
        with a_worker(provider):
            assert len(sink.wait_for(1, 20)) == 1


class TestATermination:
    def test_ends_a_worker_with_code_0(self, own_provider):
        provider = own_provider(started=False)
        with a_worker(provider) as child:
            child.send_signal(signal.SIGTERM)
            assert child.wait(10) == 0
