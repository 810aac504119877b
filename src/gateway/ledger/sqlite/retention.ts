import type { SpendingRows } from './rows.ts'

const DAY_MS = 86_400_000
/** The longest window of a calendar is a month: its runs are counted until it is over. */
const RESERVATIONS_KEPT_DAYS = 32
/** Records of usage, and windows that nobody used since: a year, and what is compared with the year before. */
const USAGE_KEPT_DAYS = 400

/** Removes what is older than anybody asks for, once a day; of all projects, for the file is one. */
export function purgeDaily({ prepared, clock }: Pick<SpendingRows, 'prepared' | 'clock'>): void {
  const nowMs = clock.now()
  const last = prepared<{ value: string }>(`SELECT value FROM meta WHERE key = 'purged_at'`).get()
  if (last !== undefined && nowMs - Number(last.value) < DAY_MS) return
  prepared(`INSERT INTO meta(key, value) VALUES ('purged_at', ?) ON CONFLICT DO UPDATE SET value = excluded.value`).run(String(nowMs))
  const monthMs = nowMs - RESERVATIONS_KEPT_DAYS * DAY_MS
  prepared(`DELETE FROM reservation WHERE recorded = 1 AND reserved_at < ?`).run(monthMs)
  const oldestMs = nowMs - USAGE_KEPT_DAYS * DAY_MS
  prepared('DELETE FROM usage WHERE at < ?').run(oldestMs)
  prepared(`DELETE FROM window_run WHERE window IN (SELECT id FROM budget_window WHERE ends_at < ?)`).run(monthMs)
  prepared(
    `DELETE FROM budget_window WHERE used_at < iif(run = '', ?, ?) AND id NOT IN (SELECT value FROM reservation, json_each(windows))`,
  ).run(oldestMs, monthMs)
}
