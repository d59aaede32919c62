"""The definitions that the tests publish: all of them sound, because what is bad here is what they are given."""

FORM = """\
form: qualify
title: Qualify
schema:
  type: object
  required: [score]
  additionalProperties: false
  properties: {score: {type: integer, minimum: 0, maximum: 100}, note: {type: string}}
"""
ASK = """\
document: {dsl: '1.0.3', namespace: bad, name: ask, version: 1.0.0}
input:
  schema:
    document:
      type: object
      required: [customer]
      properties:
        customer: {type: object, required: [email], properties: {email: {type: string, minLength: 3}}}
do:
  - qualify: {call: human-task, with: {form: qualify, assign: {group: sales}, due: {after: PT1H}}}
"""
ADD = """\
document: {dsl: '1.0.3', namespace: bad, name: add, version: 1.0.0}
do:
  - add: {set: {sum: '${ .a + .b }'}}
"""
# Each task is one expression that never ends, or ends too late, or with too much.
BOMBS = """\
document: {dsl: '1.0.3', namespace: bad, name: bomb, version: 1.0.0}
do:
  - choose:
      switch:
        - recursion: {when: '.which == "recursion"', then: recursion}
        - range: {when: '.which == "range"', then: range}
        - text: {when: '.which == "text"', then: text}
        - repeat: {when: '.which == "repeat"', then: repeat}
        - steps: {when: '.which == "steps"', then: steps}
  - recursion: {set: {x: '${ def f: f; f }'}, then: end}
  - range: {set: {x: '${ [range(1e12)] }'}, then: end}
  - text: {set: {x: '${ "x" * 1e10 }'}, then: end}
  - repeat: {set: {x: '${ [limit(1e9; repeat(1))] }'}, then: end}
  - steps: {set: {x: '${ last(range(1e12)) }'}, then: end}
"""
ECHO = """\
connection: echo
kind: echo
operations:
  get: {calls: x, effect: read}
  put: {calls: x, effect: write}
  get-large: {calls: x, effect: read, response: '{data: [range(4) | "x" * 900000]}'}
  put-large:
    calls: x
    effect: write
    response: '{data: [range(4) | "x" * 900000]}'
    idempotency: {key: .id, find: find-large}
  find-large: {calls: x, effect: read}
"""
LARGE = """\
document: {dsl: '1.0.3', namespace: bad, name: large, version: 1.0.0}
do:
  - choose:
      switch:
        - read: {when: '.which == "read"', then: read}
        - write: {when: '.which == "write"', then: write}
        - caught: {when: '.which == "caught"', then: caught}
        - argument: {when: '.which == "argument"', then: argument}
        - task: {when: '.which == "task"', then: task}
        - raised: {when: '.which == "raised"', then: raised}
        - output: {when: '.which == "output"', then: output}
  - read: {call: get-large@echo, with: {}, then: end}
  - write: {call: put-large@echo, with: {id: '${ .id }'}, then: end}
  - caught:
      try: [{too-much: {call: get-large@echo, with: {}}}]
      catch: {errors: {with: {status: 413}}, as: error, do: [{mend: {set: {code: '${ $error.code }'}}}]}
      then: end
  - argument: {call: put@echo, with: {data: '${ [range(4) | "x" * 900000] }'}, then: end}
  - task:
      call: human-task
      with: {form: qualify, assign: {group: sales}, due: {after: PT1H}, data: '${ [range(4) | "x" * 900000] }'}
      then: end
  - raised:
      raise: {error: {type: 'https://bad.example/x', status: 500, title: X, detail: '${ "é" * 600000 }'}}
      then: end
  - output: {set: {data: '${ [range(4) | "x" * 900000] }'}}
"""
BASICS = (FORM, ASK, ADD, BOMBS, ECHO, LARGE)
