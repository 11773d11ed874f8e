"""Many open pages are refreshed a few at a time, and one that fails keeps nobody from theirs."""

import asyncio
import logging
from types import SimpleNamespace

from edgekeeper.dashboard.pulse import Pulse


class Page:
    """A visitor whose page takes a moment; notes how many are made at the same time."""

    place = SimpleNamespace(path="/")
    now = most = 0

    def __init__(self, fails=False):
        self.fails, self.shown = fails, ""

    async def refresh(self, stamp):
        Page.now += 1
        Page.most = max(Page.most, Page.now)
        await asyncio.sleep(0.001)
        Page.now -= 1
        if self.fails:
            raise RuntimeError("a page is broken")
        self.shown = stamp


def test_all_see_the_news_though_few_pages_are_made_at_once(caplog):
    house = SimpleNamespace(stamp=lambda: "news")
    pulse = Pulse(house)
    visitors = [Page(fails=n == 3) for n in range(50)]
    for n, visitor in enumerate(visitors):
        pulse.add(str(n), visitor)
    with caplog.at_level(logging.ERROR, "edgekeeper.dashboard"):
        asyncio.run(pulse._look())
    assert [v.shown for v in visitors if not v.fails] == ["news"] * 49
    assert Page.most == 2
    assert [record.getMessage() for record in caplog.records] == ["a page could not be refreshed"]
