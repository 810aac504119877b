import type { Timers } from '../../../gateway/timers.ts'
import type { LiveEvent, Watch, WatchEvent } from '../engine.ts'
import { type RecordStore, TERMINAL_STATES } from '../record-store.ts'

/** Runs of other processes are looked at this often; those of this one tell. */
const POLL_MS = 500

export interface Watchers {
  watch(run: string, afterSeq: number, onEvent: (event: WatchEvent) => void): Watch
  onLive(event: LiveEvent): void
}

export function createWatchers(store: RecordStore, timers: Timers): Watchers {
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
      const follow = async () => {
        let seq = afterSeq
        while (!isClosed) {
          let isOver = false
          let hasHint = false
          const hinted = new Promise<void>(resolve => {
            hint = () => {
              hasHint = true
              resolve()
            }
          })
          for (const event of await store.events(run, seq)) {
            if (isClosed) return
            onEvent(event)
            seq = event.seq
            isOver ||= TERMINAL_STATES.has(event.type.slice('run.'.length) as 'failed')
          }
          if (isOver) return
          if (!hasHint) await withTimeout(timers, hinted)
        }
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
