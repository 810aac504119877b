import t from 'tap'
import { listFailures } from '../../build/failures.ts'

const OUTPUT = `TAP version 14
# Subtest: test/a.test.ts
    # Subtest: a sum
        ok 1 - of nothing
        not ok 2 - of two
          ---
          diff: |
            -3
            +4
          ...
        1..2
    not ok 1 - a sum # time=3ms
      ---
      at: here
      ...
    1..1
not ok 1 - test/a.test.ts # time=12.5ms
ok 2 - test/b.test.ts
not ok 3 - timeout!
  ---
  signal: SIGTERM
  ...
`

t.test('a failed assertion is listed once, with the names above it and what tap says of it', async t => {
  t.same(listFailures(OUTPUT), [
    { path: ['test/a.test.ts', 'a sum', 'of two'], diagnostics: '  diff: |\n    -3\n    +4' },
    { path: ['timeout!'], diagnostics: '  signal: SIGTERM' },
  ])
})

t.test('nothing is listed where all passed', async t => {
  t.same(listFailures('TAP version 14\nok 1 - test/a.test.ts\n1..1\n'), [])
})
