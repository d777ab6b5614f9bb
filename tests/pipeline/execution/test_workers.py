"""Workers: order, fairness, jobs that block, and their threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from cameras import BoundedCalls, waiting
from pipeline.execution import workers as module
from pipeline.execution.workers import NAME, Job, Workers


class Turns(Job):
    """Calls a function of the test in each turn, and notes it in a common list."""

    def __init__(self, name: str, notes: list[str], action: Callable[[], None] = lambda: None) -> None:
        super().__init__(name)
        self.action = action
        self.notes = notes
        self.turns = threading.Semaphore(0)
        self.threads: list[threading.Thread] = []
        self.long = threading.Event()
        self.gives_up = False

    def run(self) -> None:
        self.threads.append(threading.current_thread())
        self.action()
        self.notes.append(self.name)
        self.turns.release()

    def runs_long(self, seconds: float) -> bool:
        self.long.set()
        return self.gives_up

    def wait(self, number: int = 1) -> None:
        for _ in range(number):
            assert self.turns.acquire(timeout=10)


class Waits:
    """Waits for what is computed elsewhere until it is let go, then is held."""

    def __init__(self) -> None:
        self.wait = Held()
        self.after = Held()

    def __call__(self) -> None:
        with waiting():
            self.wait()
        self.after()


class Held:
    """Holds the turns of a job until it is let go."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.go = threading.Semaphore(0)

    def __call__(self) -> None:
        self.entered.release()
        assert self.go.acquire(timeout=10)


@pytest.fixture
def watched_rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no job count as blocked because it takes long."""
    monkeypatch.setattr(module, "BLOCKED_S", 1000.0)


def many_times(action: Callable[[], None]) -> None:
    for _ in range(500):
        action()


@contextmanager
def working(number: int, *jobs: Job) -> Iterator[Workers]:
    """Yield workers with some members; at the end their threads must end."""
    before = set(threading.enumerate())
    workers = Workers(number)
    with ExitStack() as stack:
        for job in jobs:
            workers.enter(job)
            stack.callback(workers.leave, job)
        yield workers
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive()


def test_a_job_runs_when_it_is_ready_and_then_no_more() -> None:
    job = Turns("a", [])
    with working(1, job) as workers:
        workers.ready(job)
        job.wait()
        workers.ready(job)
        job.wait()
    workers.ready(job)
    assert job.notes == ["a", "a"]


def test_those_that_wait_come_in_their_order_and_each_once() -> None:
    notes: list[str] = []
    held = Held()
    first, others = Turns("first", notes, held), [Turns(name, notes) for name in "abc"]
    with working(1, first, *others) as workers:
        workers.ready(first)
        assert held.entered.acquire(timeout=10)
        for job in (*others, *others):
            workers.ready(job)
        held.go.release()
        others[-1].wait()
    assert notes == ["first", "a", "b", "c"]


def test_a_job_that_is_ready_again_waits_behind_the_others() -> None:
    notes: list[str] = []
    held = Held()
    greedy, other = Turns("greedy", notes, held), Turns("other", notes)
    with working(1, greedy, other) as workers:
        workers.ready(greedy)
        assert held.entered.acquire(timeout=10)
        workers.ready(greedy)
        workers.ready(other)
        held.go.release(2)
        greedy.wait(2)
    assert notes == ["greedy", "other", "greedy"]


def test_the_job_with_the_fewest_turns_is_next() -> None:
    notes: list[str] = []
    gate = Held()
    blocker = Turns("blocker", [], gate)
    often, seldom, late = (Turns(name, notes) for name in ("often", "seldom", "late"))
    with working(1, blocker, often, seldom) as workers:
        for _ in range(3):
            workers.ready(often)
            often.wait()
        workers.ready(blocker)
        assert gate.entered.acquire(timeout=10)
        workers.enter(late)
        for job in (often, late, seldom):
            workers.ready(job)
        gate.go.release()
        often.wait()
        assert notes[3:] == ["late", "seldom", "often"]
        notes.clear()
        for _ in range(2):
            workers.ready(blocker)
            assert gate.entered.acquire(timeout=10)
            for job in (often, seldom):
                workers.ready(job)
            gate.go.release()
            often.wait()
        assert notes[:2] in (["seldom", "often"], ["often", "seldom"])
        assert notes[2:] == ["often", "seldom"] or notes[2:] == ["seldom", "often"]
        workers.leave(late)


def test_a_few_turns_that_a_job_did_not_need_are_made_up_for() -> None:
    notes: list[str] = []
    gate = Held()
    blocker = Turns("blocker", [], gate)

    def again(job: Turns) -> None:
        if len(notes) < 40:
            workers.ready(job)

    often, seldom = Turns("often", notes, lambda: again(often)), Turns("seldom", notes, lambda: again(seldom))
    with working(1, blocker, often, seldom) as workers:
        notes.extend(["none"] * 40)
        for _ in range(20):
            workers.ready(often)
            often.wait()
        workers.ready(blocker)
        assert gate.entered.acquire(timeout=10)
        notes.clear()
        workers.ready(often)
        workers.ready(seldom)
        gate.go.release()
        often.wait(12)
    first = notes.index("often")
    assert module.MADE_UP <= first <= module.MADE_UP + 2
    assert notes[first : first + 20].count("seldom") == 10, "then they take turns"


def test_what_a_job_makes_ready_runs_next_on_its_thread() -> None:
    notes: list[str] = []
    held = Held()
    encoder, later = Turns("encoder", notes), Turns("later", notes)

    def publish() -> None:
        held()
        workers.ready(encoder)

    line = Turns("line", notes, publish)
    with working(2, line, encoder, later) as workers:
        blocker = Held()
        busy = Turns("busy", [], blocker)
        workers.enter(busy)
        workers.ready(busy)
        assert blocker.entered.acquire(timeout=10)
        workers.ready(line)
        assert held.entered.acquire(timeout=10)
        workers.ready(later)
        held.go.release()
        later.wait()
        blocker.go.release()
        busy.wait()
        workers.leave(busy)
    assert notes == ["line", "encoder", "later"]
    assert line.threads == encoder.threads


def test_a_second_follower_runs_on_another_thread_at_once() -> None:
    followers = [Turns(name, [], Held()) for name in "ab"]

    def publish() -> None:
        for follower in followers:
            workers.ready(follower)

    line = Turns("line", [], publish)
    with working(2, line, *followers) as workers:
        workers.ready(line)
        for follower in followers:
            assert isinstance(follower.action, Held)
            assert follower.action.entered.acquire(timeout=10), "both run at once"
        for follower in followers:
            assert isinstance(follower.action, Held)
            follower.action.go.release()
            follower.wait()


def test_a_job_never_runs_on_two_threads_at_once() -> None:
    running = threading.Lock()

    def alone() -> None:
        assert running.acquire(blocking=False)
        running.release()

    job = Turns("job", [], alone)
    with working(4, job) as workers:
        threads = [threading.Thread(target=lambda: many_times(lambda: workers.ready(job))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        workers.ready(job)
        job.wait()
    assert len(job.notes) == len(job.threads), "each turn ended without an error"


def test_a_job_that_blocks_gives_its_place_to_another(caplog: pytest.LogCaptureFixture) -> None:
    held = Held()
    stuck, other = Turns("stuck", [], held), Turns("other", [])
    with working(1, stuck, other) as workers:
        workers.ready(stuck)
        assert held.entered.acquire(timeout=10)
        workers.ready(other)
        other.wait()
        assert stuck.long.wait(10) and not stuck.notes
        held.go.release()
        stuck.wait()
        workers.ready(stuck)  # it has a worker again
        held.go.release()
        stuck.wait()
    assert not caplog.messages


@pytest.mark.usefixtures("watched_rarely")
def test_a_job_that_waits_for_what_is_computed_elsewhere_holds_no_worker() -> None:
    waits, notes = Waits(), list[str]()
    one, other, third = Turns("one", notes, waits), Turns("other", notes), Turns("third", notes)
    with working(1, one, other, third) as workers:
        workers.ready(one)
        assert waits.wait.entered.acquire(timeout=10)
        workers.ready(other)
        other.wait()
        assert notes == ["other"]
        waits.wait.go.release()
        assert waits.after.entered.acquire(timeout=10), "it goes on at once"
        workers.ready(third)
        waits.after.go.release()
        third.wait()
    assert notes == ["other", "one", "third"], "and has its place again: the third waits for the only worker"


@pytest.mark.usefixtures("watched_rarely")
def test_what_is_ready_when_a_wait_begins_runs_meanwhile() -> None:
    before, waits = Held(), Held()

    def work() -> None:
        before()
        with waiting():
            waits()

    one, other = Turns("one", [], work), Turns("other", [])
    with working(1, one, other) as workers:
        workers.ready(one)
        assert before.entered.acquire(timeout=10)
        workers.ready(other)
        before.go.release()
        other.wait()
        waits.go.release()
        one.wait()


@pytest.mark.usefixtures("watched_rarely")
def test_a_worker_that_comes_back_takes_no_place_of_another() -> None:
    waits, held, notes = Waits(), Held(), list[str]()
    one, other, third = Turns("one", notes, waits), Turns("other", notes, held), Turns("third", notes)
    with working(1, one, other, third) as workers:
        workers.ready(one)
        assert waits.wait.entered.acquire(timeout=10)
        workers.ready(other)
        assert held.entered.acquire(timeout=10)
        workers.ready(third)
        waits.wait.go.release()
        waits.after.go.release()
        one.wait()  # two ran at once, for the rest of this turn
        held.go.release()
        third.wait()
    assert notes == ["one", "other", "third"]


@pytest.mark.usefixtures("watched_rarely")
def test_waits_may_be_nested_and_be_those_of_a_call_on_another_thread() -> None:
    calls, inner, outer, after = BoundedCalls("service"), Held(), Held(), Held()

    def work() -> None:
        def call() -> None:
            with waiting():
                with waiting():
                    inner()
                outer()

        calls.run(call, 10)
        after()

    one, other = Turns("one", [], work), Turns("other", [])
    with working(1, one, other) as workers:
        workers.ready(one)
        for held in (inner, outer):
            assert held.entered.acquire(timeout=10)
            workers.ready(other)
            other.wait()
            held.go.release()
        assert after.entered.acquire(timeout=10)
        workers.ready(other)
        assert not other.turns.acquire(blocking=False)
        after.go.release()
        one.wait()
        other.wait()
        calls.close(lambda: None)
    assert (one.notes, other.notes) == (["one"], ["other"] * 3)


def test_a_wait_that_also_takes_long_is_counted_once() -> None:
    waits = Waits()
    one, others = Turns("one", [], waits), [Turns(name, [], Held()) for name in "abc"]
    with working(2, one, *others) as workers:
        workers.ready(one)
        assert waits.wait.entered.acquire(timeout=10)
        assert one.long.wait(10)
        with workers._lock:
            assert workers._blocked == 1
        waits.wait.go.release()
        assert waits.after.entered.acquire(timeout=10)
        waits.after.go.release()
        one.wait()
        one.action = lambda: None
        workers.ready(one)
        one.wait()
        with workers._lock:
            assert workers._blocked == 0


def test_a_wait_whose_turn_has_ended_without_it_changes_nothing() -> None:
    held, entered, left = Held(), threading.Event(), threading.Event()
    calls = BoundedCalls("service")

    def call() -> None:
        with waiting():
            entered.set()
            held()
        left.set()

    def work() -> None:
        with pytest.raises(TimeoutError):
            calls.run(call, 0)
        assert entered.wait(10)

    one = Turns("one", [], work)
    with working(1, one) as workers:
        workers.ready(one)
        one.wait()
        one.action = Held()
        workers.ready(one)
        assert one.action.entered.acquire(timeout=10)
        held.go.release()
        assert left.wait(10)
        with workers._lock:
            assert workers._blocked == 0
        one.action.go.release()
        one.wait()
        calls.close(lambda: None)


@pytest.mark.usefixtures("watched_rarely")
def test_after_waits_no_more_threads_are_kept_than_there_are_places() -> None:
    waits = Held()

    def wait() -> None:
        with waiting():
            waits()

    jobs = [Turns(str(number), [], wait) for number in range(8)]
    with working(1, *jobs) as workers:
        for _ in range(2):
            for job in jobs:
                workers.ready(job)
            for _ in jobs:
                assert waits.entered.acquire(timeout=10)
            assert len(workers._workers) >= len(jobs)
            waits.go.release(len(jobs))
            for job in jobs:
                job.wait()
        with workers._lock:
            assert len(workers._idle) <= 1


def test_a_turn_that_is_given_up_ends_beside_the_next_ones() -> None:
    held = Held()
    stuck = Turns("stuck", [], held)
    stuck.gives_up = True
    with working(1, stuck) as workers:
        workers.ready(stuck)
        assert held.entered.acquire(timeout=10)
        assert held.entered.acquire(timeout=10), "the next turn begins"
        stuck.gives_up = False
        held.go.release(2)
        stuck.wait(2)
        held.go.release()
        workers.ready(stuck)
        stuck.wait()
    assert len({*stuck.threads[:2]}) == 2


def test_a_failing_turn_is_logged_and_costs_no_thread(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise RuntimeError("a bug")

    bad, good = Turns("bad", [], fail), Turns("good", [])
    with working(1, bad, good) as workers:
        workers.ready(bad)
        workers.ready(good)
        good.wait()
    assert caplog.messages == ["bad: a turn failed"]


def test_a_thread_has_the_name_of_its_job() -> None:
    names: list[str] = []
    job = Turns("line porch", [], lambda: names.append(threading.current_thread().name))
    with working(1, job) as workers:
        workers.ready(job)
        job.wait()
    assert names == ["line porch"]
    assert job.threads[0].name == NAME


def test_there_are_no_threads_without_members_and_no_more_than_the_number() -> None:
    jobs = [Turns(str(number), [], Held()) for number in range(5)]
    before = threading.active_count()
    with working(2, *jobs) as workers:
        for job in jobs:
            workers.ready(job)
        for job in jobs[:2]:
            assert isinstance(job.action, Held)
            assert job.action.entered.acquire(timeout=10)
        assert threading.active_count() <= before + 3, "two workers, and the one that looks for what takes long"
        for job in jobs:
            assert isinstance(job.action, Held)
            job.action.go.release()
            job.wait()
    assert threading.active_count() == before


def test_without_threads_a_member_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoThread:
        def __init__(self, *_: object) -> None:
            pass

        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    job = Turns("job", [])
    workers = Workers(1)
    with monkeypatch.context() as patch:
        patch.setattr(module, "BackgroundThread", NoThread)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            workers.enter(job)
    workers.enter(job)
    workers.ready(job)
    job.wait()
    workers.leave(job)


def test_workers_are_saturated_while_jobs_wait_all_the_time() -> None:
    held = Held()
    first, second = Turns("first", [], held), Turns("second", [])
    with working(1, first, second) as workers:
        workers.ready(first)
        assert held.entered.acquire(timeout=10)
        with workers._lock:  # until the end nobody looks but this test, and no other thread takes the job that waits
            workers._line_up(second)
            second._turn = module._Turn.QUEUED
            assert not workers._is_saturated(waiting=True), "for a moment only"
            while not workers._is_saturated(waiting=True):
                pass
            shares = [workers._is_saturated(waiting=False) for _ in range(20)]
        assert shares[0] and not shares[-1], "they relax late"
        with workers._lock:
            while not workers._is_saturated(waiting=True):
                pass
        held.go.release()
        second.wait()
        for job in (first, second):
            workers.leave(job)
        workers.enter(second)
        assert not workers.saturated, "that was another time"
