import type { Closure, ClosureMember } from '../../artifact/closure.ts'
import type { JsonObject, JsonValue } from '../../base/json.ts'

/** What a run is pinned to, as its blob holds it (RUN-3). */
export function closureToJson({ address, members }: Closure): JsonValue {
  return { address, members: Object.fromEntries([...members].map(([key, member]) => [key, member as unknown as JsonObject])) }
}

export function closureFromJson(json: JsonValue): Closure {
  const { address, members } = json as unknown as { readonly address: string; readonly members: Readonly<Record<string, ClosureMember>> }
  return { address, members: new Map(Object.entries(members)) }
}
