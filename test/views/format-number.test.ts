import t from 'tap'
import {
  formatAgo,
  formatBytes,
  formatChange,
  formatCount,
  formatDay,
  formatDuration,
  formatMoment,
  formatMoney,
  formatMoneys,
  formatPrice,
  formatShare,
  formatTokens,
} from '../../src/views/format-number.ts'

t.test('numbers have the forms of the reference', async t => {
  t.same([0, 999, 48210, 1234567, -48210].map(formatCount), ['0', '999', '48,210', '1,234,567', '-48,210'])
  t.equal(formatMoney(1_234_567_891_000), '$1,234.57')
  t.same([0, 612, 1502, 999_950, 1e9, 2.5e12].map(formatBytes), ['0 B', '612 B', '1.5 KB', '1 MB', '1 GB', '2.5 TB'])
  t.same([formatTokens(1034), formatTokens(1050, true), formatTokens(39_100_000)], ['1,034', '~1,050', '39.1 M'])
  t.same([20_560_000_000, 179_700_000, 606_000, 500, 0, null].map(formatMoney), [
    '$20.56',
    '$0.1797',
    '$0.000606',
    '<$0.000001',
    '$0.00',
    'unknown',
  ])
  t.same(formatMoneys([179_400_000, 1_478_400_000]), ['$0.1794', '$1.4784'], 'one form for both')
  t.same([150_000_000, 2_500_000_000, 10_000_000_000, 75_000_000].map(formatPrice), ['$0.15', '$2.50', '$10', '$0.075'])
  t.same(
    [formatChange(179.4, 179.7), formatChange(200, 100), formatChange(0, 5), formatChange(0, 0)],
    ['+0.2%', '-50.0%', undefined, '0.0%'],
  )
  t.equal(formatShare(0.83), '83.0%')
})

t.test('time has at most two units', async t => {
  t.same([84, 2100, 12_000, 252_000, 11_100_000, 187_200_000].map(formatDuration), [
    '84 ms',
    '2.1 s',
    '12 s',
    '4 m 12 s',
    '3 h 05 m',
    '2 d 04 h',
  ])
  const at = Date.parse('2026-11-21T14:02:11.250Z')
  t.equal(formatMoment(at), '2026-11-21 14:02:11Z')
  t.equal(formatDay(at), '2026-11-21')
  t.same(
    [38_000, 42 * 60_000, 14 * 3_600_000, 25 * 3_600_000].map(passed => formatAgo(at, at + passed)),
    ['38 s ago', '42 min ago', '14 h ago', '2026-11-21 14:02:11Z'],
  )
})
