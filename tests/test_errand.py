"""What a visitor asked for: one thing at a time, stopped, left, and never mixed with the next."""

import pytest

from ui.errand import Errand


def test_it_is_taken_once_and_over_when_it_is_done() -> None:
    errand: Errand[str] = Errand()
    errand.want("learn")
    assert errand.busy
    assert errand.take() == "learn"
    assert errand.take() is None
    with errand.under_way():
        assert errand.busy
    assert not errand.busy


def test_stop_takes_back_what_waits_and_reaches_what_runs() -> None:
    errand: Errand[str] = Errand()
    errand.want("learn")
    assert errand.cancel() == "learn"
    assert not errand.busy
    errand.want("learn again")
    errand.take()
    with errand.under_way() as stop:
        assert not stop.is_set()
        assert errand.cancel() is None
        assert stop.is_set()
        assert errand.busy, "it ends by itself"


def test_what_was_wanted_before_the_last_ended_stays_wanted() -> None:
    """The last view of the first says that it is over; a press may come before its generator has ended."""
    errand: Errand[int] = Errand()
    errand.want(1)
    errand.take()
    with errand.under_way() as stop:
        errand.busy = False
        errand.want(2)
        assert not errand.stop.is_set()
        stop.set()
        assert not errand.stop.is_set(), "each has a stop of its own"
    assert errand.busy
    assert errand.take() == 2


def test_who_leaves_wants_nothing_any_more() -> None:
    errand: Errand[str] = Errand()
    errand.want("learn")
    errand.leave()
    assert errand.left
    assert errand.stop.is_set()
    assert errand.take() is None
    assert not errand.busy


def test_a_folder_that_has_gone_with_its_visitor_is_no_error() -> None:
    errand: Errand[str] = Errand()
    with pytest.raises(OSError, match="full"), errand.under_way():
        raise OSError("the disk is full")
    with errand.under_way():
        errand.leave()
        raise FileNotFoundError("the folder")
