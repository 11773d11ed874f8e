from dataclasses import replace

from edgekeeper.report.standing import standing


def test_each_ending_is_told_apart(make_story, empty_story):
    flipped, noise = make_story(bars=50), make_story(bars=50, promoted=False)
    assert standing(flipped).kind == "retreated"
    assert standing(flipped).tally == "2 lines tried · 1 refused · 1 promotion · 1 retreat"
    assert standing(noise).kind == "refused"
    assert standing(noise).tally == "1 line tried · 1 refused · 0 promotions"
    assert standing(empty_story).kind == "empty"
    trading = replace(flipped, lines=[replace(flipped.lines[0], stage="production")])
    assert standing(trading).kind == "trading"
