import type { Clock } from '../../../base/clock.ts'
import type { Timers } from '../../../gateway/timers.ts'
import type { LiveEvent, Watch, WatchEvent } from '../engine.ts'
import { type RecordStore, TERMINAL_STATES } from '../record-store.ts'

/** Runs of other processes are looked at this often; those of this one tell. */
const POLL_MS = 500

export interface Watchers {
  watch(run: string, afterSeq: number, onEvent: (event: WatchEvent) => void): Watch
  onLive(event: LiveEvent): void
}

export function createWatchers(store: RecordStore, clock: Clock, timers: Timers): Watchers {
  const live = new Map<string, Set<(event: LiveEvent) => void>>()
  return {
    onLive(event) {
      for (const listener of live.get(event.run) ?? []) listener(event)
    },
    watch(run, afterSeq, onEvent) {
      let isClosed = false
      let hint = () => {}
      const listeners = live.get(run) ?? new Set()
      live.set(run, listeners)
      listeners.add(onEvent)
      const forget = store.onChange(changed => changed === run && hint())
      const reset = async () => {
        const record = await store.getRun(run)
        if (record && !isClosed) onEvent({ run, atMs: clock.now(), type: 'reset', record })
        return record !== undefined
      }
      const follow = async () => {
        let seq = afterSeq
        if (afterSeq > 0 && (await store.events(run, afterSeq - 1))[0]?.seq !== afterSeq) {
          if (!(await reset())) return
          seq = (await store.events(run, 0)).at(-1)?.seq ?? 0
        }
        let isLast = false
        while (!isClosed) {
          let isOver = isLast
          let hasHint = false
          const hinted = new Promise<void>(resolve => {
            hint = () => {
              hasHint = true
              resolve()
            }
          })
          const events = await store.events(run, seq)
          for (const event of events) {
            if (isClosed) return
            if (event.seq !== seq + 1 && !(await reset())) return
            onEvent(event)
            seq = event.seq
            isOver ||= TERMINAL_STATES.has(event.type.slice('run.'.length) as 'failed')
          }
          if (isOver) return
          // Of a run that is over, or removed, nothing comes any more but what came just now.
          isLast = events.length === 0 && !hasHint && (await isOverOrGone())
          if (!hasHint && !isLast) await withTimeout(timers, hinted)
        }
      }
      const isOverOrGone = async () => {
        const record = await store.getRun(run)
        return record === undefined || TERMINAL_STATES.has(record.state)
      }
      const end = () => {
        isClosed = true
        forget()
        listeners.delete(onEvent)
        if (listeners.size === 0) live.delete(run)
        hint()
      }
      return { ended: follow().finally(end), close: end }
    },
  }
}

async function withTimeout(timers: Timers, hinted: Promise<void>): Promise<void> {
  let cancel = () => {}
  await Promise.race([
    hinted,
    new Promise<void>(resolve => {
      cancel = timers.after(POLL_MS, resolve)
    }),
  ])
  cancel()
}
