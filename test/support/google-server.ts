import { type Protocol, type ProtocolServer, type Reply, startProtocolServer } from './protocol-server.ts'

/** Google's Gemini API; `url` has no version: the official client adds one, ours is given it. */
export function startGoogleServer(): Promise<ProtocolServer> {
  return startProtocolServer(protocol)
}

const KINDS = {
  generateContent: 'answer',
  streamGenerateContent: 'stream',
  embedContent: 'embedding',
  batchEmbedContents: 'embedding',
} as const

/** What shows Google that a call of a tool is its own. */
const SIGNATURE = 'CiQB0e2Kb4c3hYqf'

const protocol: Protocol = {
  kindOf({ path }) {
    const [, method = ''] = path.match(/^\/v1(?:beta)?\/models\/[\w.-]+:(\w+)/) ?? []
    if (method in KINDS) return KINDS[method as keyof typeof KINDS]
    return /^\/v1(beta)?\/models(\?|$)/.test(path) ? 'models' : undefined
  },
  refusal({ path, headers, body }) {
    if (headers['x-goog-api-key'] === undefined)
      return { status: 403, code: 'PERMISSION_DENIED', message: 'Method doesn’t allow unregistered callers.' }
    if (/[cC]ontents?/.test(path.split(':')[1] ?? '') && body?.contents === undefined && !/embed/i.test(path))
      return { status: 400, code: 'INVALID_ARGUMENT', message: 'contents is not specified' }
    return undefined
  },
  errorBody: (code, message, status) => ({ error: { code: status, message, status: code } }),
  answer: ({ path }, reply) => chunk(path, [...thoughtParts(reply), ...textParts(reply), ...callParts(reply)], reply, true),
  events({ path }, reply) {
    const pieces = (reply.text ?? []).map(text => ({ data: chunk(path, [{ text }], reply, false), isText: true }))
    const thoughts = (reply.thoughts ?? []).map(text => ({ data: chunk(path, [{ text, thought: true }], reply, false) }))
    return [...thoughts, ...pieces, { data: chunk(path, callParts(reply), reply, true) }]
  },
  streamError: (code, message) => ({ data: { error: { code: 503, message, status: code } } }),
  embedding: ({ body }, values) =>
    body.requests
      ? { embeddings: body.requests.map(() => ({ values })) }
      : { embedding: { values }, usageMetadata: { promptTokenCount: 3 } },
  models: { models: [{ name: 'models/some-model' }] },
}

function chunk(path: string, parts: readonly object[], reply: Reply, isLast: boolean): object {
  return {
    candidates: [
      {
        content: { role: 'model', parts },
        index: 0,
        ...(isLast && { finishReason: reply.finishReason ?? 'STOP' }),
      },
    ],
    ...(isLast && usageOf(reply)),
    modelVersion: path.match(/models\/([\w.-]+):/)?.[1] ?? '',
    responseId: 'resp-1',
  }
}

function thoughtParts({ thoughts }: Reply): readonly object[] {
  return thoughts ? [{ text: thoughts.join(''), thought: true }] : []
}

function textParts({ text }: Reply): readonly object[] {
  return text ? [{ text: text.join('') }] : []
}

function callParts({ toolCalls = [] }: Reply): readonly object[] {
  return toolCalls.map((call, index) => ({
    functionCall: { id: `call_${index + 1}`, name: call.name, args: JSON.parse(call.arguments) },
    ...(index === 0 && { thoughtSignature: SIGNATURE }),
  }))
}

/** Google counts thoughts apart from the answer. */
function usageOf({ usage }: Reply): object {
  if (usage === null) return {}
  const { input, cached, output, reasoning } = usage ?? { input: 12, cached: 4, output: 7, reasoning: 2 }
  return {
    usageMetadata: {
      promptTokenCount: input,
      cachedContentTokenCount: cached,
      candidatesTokenCount: output - reasoning,
      thoughtsTokenCount: reasoning,
      totalTokenCount: input + output,
    },
  }
}
