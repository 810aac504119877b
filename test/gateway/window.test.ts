import fc from 'fast-check'
import t from 'tap'
import { windowOf } from '../../src/gateway/ledger/window.ts'

const HOUR = 3_600_000
const iso = (atMs: number) => new Date(atMs).toISOString().replace('.000Z', 'Z')
const window = (period: 'hour' | 'day' | 'week' | 'month', timezone: string, at: string) => {
  const { startMs, endMs } = windowOf(period, timezone, Date.parse(at))
  return { start: iso(startMs), end: iso(endMs), hours: (endMs - startMs) / HOUR }
}

t.test('BUD-6: windows are periods of the calendar of UTC', t => {
  const at = '2026-11-21T14:47:30.123Z'
  t.same(window('hour', 'UTC', at), { start: '2026-11-21T14:00:00Z', end: '2026-11-21T15:00:00Z', hours: 1 })
  t.same(window('day', 'UTC', at), { start: '2026-11-21T00:00:00Z', end: '2026-11-22T00:00:00Z', hours: 24 })
  t.same(window('week', 'UTC', at), { start: '2026-11-16T00:00:00Z', end: '2026-11-23T00:00:00Z', hours: 168 }, 'from Monday')
  t.same(window('month', 'UTC', at), { start: '2026-11-01T00:00:00Z', end: '2026-12-01T00:00:00Z', hours: 720 })
  t.same(window('month', 'UTC', '2028-02-29T23:59:59.999Z'), { start: '2028-02-01T00:00:00Z', end: '2028-03-01T00:00:00Z', hours: 696 })
  t.same(window('week', 'UTC', '2027-01-01T00:00:00Z'), { start: '2026-12-28T00:00:00Z', end: '2027-01-04T00:00:00Z', hours: 168 })
  t.end()
})

t.test('BUD-6: days of 23 and 25 hours count as one', t => {
  t.same(window('day', 'Europe/Berlin', '2026-03-29T12:00:00Z'), { start: '2026-03-28T23:00:00Z', end: '2026-03-29T22:00:00Z', hours: 23 })
  t.same(window('day', 'Europe/Berlin', '2026-10-25T12:00:00Z'), { start: '2026-10-24T22:00:00Z', end: '2026-10-25T23:00:00Z', hours: 25 })
  t.same(window('day', 'America/New_York', '2026-03-08T20:00:00Z'), {
    start: '2026-03-08T05:00:00Z',
    end: '2026-03-09T04:00:00Z',
    hours: 23,
  })
  t.same(window('day', 'Australia/Lord_Howe', '2026-04-05T00:00:00Z').hours, 24.5, 'half an hour is turned there')
  t.same(window('month', 'Europe/Berlin', '2026-03-15T00:00:00Z').hours, 31 * 24 - 1)
  t.end()
})

t.test('BUD-6: a day begins where its midnight is skipped, or comes twice, or never was', t => {
  t.same(window('day', 'Africa/Cairo', '2026-04-24T12:00:00Z').start, '2026-04-23T22:00:00Z', '00:00 to 01:00 is skipped')
  t.same(window('day', 'America/Havana', '2026-11-01T12:00:00Z'), { start: '2026-11-01T04:00:00Z', end: '2026-11-02T05:00:00Z', hours: 25 })
  t.same(window('day', 'Pacific/Apia', '2011-12-30T09:00:00Z').end, '2011-12-30T10:00:00Z', 'the 30th was left out')
  t.same(window('day', 'Asia/Kolkata', '2026-06-01T00:00:00Z').start, '2026-05-31T18:30:00Z')
  t.same(window('hour', 'Asia/Kolkata', '2026-06-01T00:10:00Z').start, '2026-05-31T23:30:00Z')
  t.end()
})

t.test('BUD-6: every moment is in the window that it gets, and windows follow each other without gap or overlap', t => {
  const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Africa/Cairo', 'Pacific/Chatham', 'America/St_Johns']
  const moment = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2035, 0, 1) })
  fc.assert(
    fc.property(fc.constantFrom(...zones), fc.constantFrom('day', 'week', 'month'), moment, (zone, period, atMs) => {
      const { startMs, endMs } = windowOf(period, zone, atMs)
      const next = windowOf(period, zone, endMs)
      const before = windowOf(period, zone, startMs - 1)
      return startMs <= atMs && atMs < endMs && next.startMs === endMs && before.endMs === startMs
    }),
    { numRuns: 300 },
  )
  t.end()
})
