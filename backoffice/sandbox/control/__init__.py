"""The control path: faults, the oracle's view of the ledgers, and what happens at the partners without us.

Nothing here is part of a partner's API. Every answer is JSON; a request that cannot be read gets 400 and a sentence.

| Method and path | Does |
|---|---|
| `GET /control/health` | says it is ready, and the sandbox's time |
| `GET /control/ledger?reference=&client=&after=` | all the books, every arrival, how often what was asked |
| `GET` `POST` `DELETE /control/faults`, `DELETE /control/faults/<id>` | rules and how often each fired; add; clear |
| `POST /control/orders` | orders made elsewhere: one, several under `orders`, or `bulk` |
| `POST /control/orders/<id>` | change `status` or `amount`, or `hidden` |
| `POST /control/transactions`, `.../<id>/state` | Bitnob transactions: add; move to another state |
| `POST /control/clients`, `.../<id>` | register clients of any status; change one |
| `POST /control/assets/<id>` | change the three flags |
| `POST /control/adjustments` | move a balance without an order, or hold part of it |
| `POST /control/clock` | `offset_seconds` against the real clock |
| `POST /control/latency` | `milliseconds` before every answer |
| `GET` `POST /control/settings` | the switches of `switches.py` |
| `POST /control/down` | close the listener for `seconds`: connections are refused |
| `POST /control/reset` | start over with a `history` and a `seed` |

A fault is `{"match": {...}, "action": {"kind": ...}, "nth": 1, "times": 1, "label": ""}`. It strikes from the nth
request on that fits (`partner`, `method`, `path` as a prefix, `reference`, `client`, `query`), so many times, or always
with `times: null`. The kinds are the classes of `faults/`.
"""
