"""Everything a process can ask for is answered by its test: events, HTTP, other processes, programs."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cauce.cli import app

pytestmark = pytest.mark.timeout(180)
PAY = """\
document: {dsl: '1.0.3', namespace: shop, name: pay, version: 1.0.0}
do:
  - tell:
      emit: {event: {with: {source: https://shop.example.com, type: ordered.v1, data: {order: '${ .order }'}}}}
  - payment:
      listen: {to: {one: {with: {type: paid.v1, data: '${ .order == "O-1" }'}}}}
      timeout: {after: P30D}
      output: {as: '.[0]'}
  - greet:
      call: http
      with: {method: post, endpoint: 'https://greet.example/hello', body: '${ . }'}
  - book:
      run: {workflow: {namespace: shop, name: booking, version: 1.0.0, input: {n: 1}}}
  - check:
      run: {workflow: {namespace: shop, name: checking, version: 1.0.0, input: {n: 2}}}
"""
CHECKING = """\
document: {dsl: '1.0.3', namespace: shop, name: checking, version: 1.0.0}
do:
  - note: {call: note@ledger, with: {text: seen}}
  - look: {call: http, with: {method: get, endpoint: 'https://look.example'}}
"""
# Only the sub-process writes there.
LEDGER = """\
connection: ledger
kind: echo
operations: {note: {calls: x, effect: write}}
"""
TESTS = """\
test: pay
process: pay
defaults:
  input: {order: O-1}
  answers:
    {greet: {output: {said: hello}}, note: {output: 1}, book: {output: {booked: true}}, shop.booking: {output: 1}}
cases:
  - name: paid after two days
    events:
      - {type: paid.v1, data: {order: O-2}, after: P1D}
      - {type: paid.v1, data: {order: O-1}, after: P2D}
    answers: {look: {output: 7}, note: {output: 1}}
    expect:
      output: 7
      took: P2D
      calls: {tell: {with: {type: ordered.v1, data: {order: O-1}}}, greet: {with: {method: POST, body: {order: O-1}}}}
      holds: '[.calls[].name] == ["emit", "http", "shop.booking", "note@ledger", "http"]'
  - name: paid as soon as it waits, and greeted with an error
    events: [{type: paid.v1, data: {order: O-1}, when: payment}]
    answers: {greet: {error: {status: 404}}}
    expect: {error: {status: 404}, took: PT0S}
  - name: booked with an error
    events: [{type: paid.v1, data: {order: O-1}, when: payment, after: PT1H}]
    answers: {book: {error: {class: business, code: FULL}}}
    expect: {error: {class: business, code: FULL}, took: PT1H}
  - name: never paid
    expect: {error: timeout, took: P30D}
  - name: waits for three days
    until: P3D
    expect: {status: waiting, took: P3D, moments: [{after: P1D, holds: '.listening | length == 1'}]}
"""
SIGN = """\
document: {dsl: '1.0.3', namespace: shop, name: sign, version: 1.0.0}
do:
  - start: {call: clock, with: {clock: answer, action: start}}
  - write: {call: human-task, with: {form: by-hand, assign: {group: sales}, due: {after: P1D}}}
  - sign:
      call: human-task
      with:
        form: by-hand
        assign: {group: leads}
        approvals: {need: 2, of: 3, when: .number != ""}
        due: {after: P9D}
        returnTo: [write]
  - stop: {call: clock, with: {clock: answer, action: stop}}
  - say: {set: '${ .met }'}
"""
SIGNED = """\
test: sign
process: sign
defaults:
  answers: {write: {by: ana, after: PT5H, answer: {number: '1'}}}
cases:
  - name: two of three sign while a clock runs
    answers:
      sign:
        - {by: eva, after: PT1H, answer: {number: a}}
        - {by: eva, after: PT2H, answer: {number: b}, refused: true}
        - {by: leo, after: PT3H, answer: {number: ''}}
        - {by: mia, after: P2D, answer: {number: c}}
    expect: {output: false, took: P2DT5H, calls: {sign: {times: 1, with: {approvals: {need: 2, of: 3}}}}}
  - name: it is sent back, and signed then
    answers:
      write: [{by: ana, after: PT2H, answer: {number: '1'}}, {by: ana, after: PT3H, answer: {number: '2'}}]
      sign:
        - {by: eva, returnTo: write, reason: Too much, after: PT4H}
        - {by: eva, answer: {number: a}}
        - {by: leo, answer: {number: b}}
    expect:
      output: false
      took: PT9H
      calls: {write: [{}, {with: {returned: {by: eva, reason: Too much}}}], sign: 2}
"""
CLOCK = "{clock: answer, target: PT6H, warn: [10, 50, 75], escalate: [{at: 150, raise: 10}, {at: 300, raise: 10}]}\n"
ORDER = """\
document: {dsl: '1.0.3', namespace: shop, name: order, version: 1.0.0}
do:
  - place:
      call: create@erp
      with: {id: A}
      metadata: {cauce: {fallback: {form: by-hand, group: sales, after: PT10M, due: P1D}}}
"""
ERP = """\
connection: erp
kind: echo
operations: {create: {calls: x, effect: write, output: {type: object, properties: {number: {type: string}}}}}
"""
FORM = """\
form: by-hand
title: By hand
schema: {type: object, properties: {number: {type: string}}}
"""
ORDER_TESTS = """\
test: order
process: order
cases:
  - name: the system is down, and a person enters it
    answers:
      place: [{error: transient}, {answer: {number: 7}, by: ana, after: PT1H, refused: true}, {answer: {number: '7'}}]
    expect:
      output: {number: '7'}
      # The pauses vary, and so does how often it is tried in ten minutes.
      holds:
        - '[.calls[] | select(.name == "human-task")] | length == 1'
        - '[.calls[] | select(.name == "create@erp")] | length > 4'
  - name: the system is back before somebody is asked
    answers: {place: [{error: transient}, {output: {number: '1'}}]}
    expect: {output: {number: '1'}, calls: {place: {times: 2}}}
  - name: nobody has done it yet
    answers: {place: {error: ambiguous}}
    until: PT12H
    expect: {status: waiting, open: [place]}
  - name: it is refused
    answers: {place: {error: business}}
    expect: {error: business}
"""
BY_HAND = (("order.yaml", ORDER), ("erp.yaml", ERP), ("by-hand.yaml", FORM), ("order.test.yaml", ORDER_TESTS))
SIGNING = (("sign.yaml", SIGN), ("clock.yaml", CLOCK), ("sign.test.yaml", SIGNED))


def test_every_kind_of_call_is_answered(tmp_path: Path) -> None:
    for name, text in (
        ("pay.yaml", PAY),
        ("checking.yaml", CHECKING),
        ("ledger.yaml", LEDGER),
        ("pay.test.yaml", TESTS),
        *BY_HAND,
        *SIGNING,
    ):
        (tmp_path / name).write_text(text)
    done = CliRunner().invoke(app, ["test", str(tmp_path), "--json"])
    report = json.loads(done.stdout)
    wrong = [
        (each["name"], each["failure"], each["differences"])
        for each in report.get("cases", [report])
        if not each.get("passed")
    ]
    assert wrong == []
    assert done.exit_code == 0
