import { lazy } from '../../base/lazy.ts'
import type { AnswerCache } from './answer-cache.ts'

/** A cache that is opened by the first call which looks into it: most have none. After a failure the next call tries again. */
export function lazyCache(name: string, open: () => Promise<AnswerCache>): AnswerCache {
  const opened = lazy(open)
  let isOpened = false
  const cache = async () => {
    isOpened = true
    return opened.get()
  }
  return {
    name,
    claim: async (...question) => (await cache()).claim(...question),
    extend: async (...question) => (await cache()).extend(...question),
    keep: async (...question) => (await cache()).keep(...question),
    release: async (...question) => (await cache()).release(...question),
    drop: async (...question) => (await cache()).drop(...question),
    statistics: async environment => (await cache()).statistics(environment),
    clear: async selection => (await cache()).clear(selection),
    async close() {
      if (!isOpened) return
      const last = await opened.get().catch(() => undefined)
      await last?.close()
    },
  }
}
