"""How many places each of a reader's interests had in their last issue."""

from mainline import ADA, bring, subscribe
from newsroom import Clock

from newsletter import Newsletter
from newsletter.readers.places import Places, places
from subscribers.evidence import Origin


def last(newsletter: Newsletter) -> Places | None:
    return places(newsletter.database, newsletter.subscriber(ADA))


def test_places_are_those_of_the_reasons_that_were_told(newsletter: Newsletter, clock: Clock) -> None:
    subscribe(newsletter, interests=("walking robots", "brain tumours", "medieval tapestries", "not: forests"))
    assert last(newsletter) is None  # nothing was sent yet
    shown = newsletter.preview(ADA)
    newsletter.send(now=True)
    found = last(newsletter)
    assert found is not None
    told = [pick.pick.words for pick in shown.picks]
    assert found.of_each == (
        ("walking robots", told.count("walking robots")),
        ("brain tumours", told.count("brain tumours")),
        ("medieval tapestries", 0),
    )
    assert found.of_each[0][1] > 0 and found.of_each[1][1] > 0 and found.by_votes == 0
    assert found.day == "Sunday, 22 November"
    newsletter.readers.change(newsletter.subscriber(ADA), origin=Origin("command line"), interests=["walking robots"])
    for pick in shown.picks:
        if "tumours" in pick.title:
            newsletter.readers.vote(newsletter.subscriber(ADA), pick.pick.entry_id, 1)
    clock.set("2026-11-30 12:00")
    bring(newsletter, 100, 16)
    newsletter.send(now=True)
    found = last(newsletter)
    assert found is not None and found.day == "Monday, 30 November"
    assert found.by_votes > 0 and [label for label, _ in found.of_each] == ["walking robots"]


def test_whoever_follows_nothing_has_no_places(newsletter: Newsletter) -> None:
    subscribe(newsletter, interests=())
    newsletter.send(now=True)
    assert last(newsletter) is None
