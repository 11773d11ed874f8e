from edgekeeper.desk import Desk


def test_what_is_held_and_what_became_of_orders(live_run):
    with Desk(live_run) as desk:
        (held,) = desk.positions()
        assert (held.symbol, held.side) == ("A/USD", "long")
        assert held.stop < held.entry_price < held.target
        fills = desk.rows("fills", where={"account": "edgekeeper", "symbol": "A/USD"}, limit=1)
        assert fills["quantity"][0] == held.quantity
        assert fills["event_time_ns"][0] == held.since_ns
        assert desk.positions("nobody") == ()
        order = desk.order("kill", actor="a person", reason="news")
        assert desk.outcome(order.id) is None
        assert desk.outcome("another") is None
        assert desk.channels() == ()
