import { openAiProtocolAt } from './openai-server.ts'
import { type Protocol, type ProtocolServer, startProtocolServer } from './protocol-server.ts'

/** OpenAI's models on Azure, by its v1 API; `url` is that of the resource alone. */
export function startAzureServer(): Promise<ProtocolServer> {
  return startProtocolServer(withApiKey(openAiProtocolAt('/openai/v1')))
}

/** By the addresses of deployments, with `api-version`, as the official client calls them. */
export function startAzureDeploymentServer(deployment: string): Promise<ProtocolServer> {
  const inner = openAiProtocolAt(`/openai/deployments/${deployment}`)
  return startProtocolServer(
    withApiKey({
      ...inner,
      kindOf: request => (new URLSearchParams(request.path.split('?')[1]).has('api-version') ? inner.kindOf(request) : undefined),
    }),
  )
}

function withApiKey(protocol: Protocol): Protocol {
  return {
    ...protocol,
    refusal(request) {
      const key = request.headers['api-key']
      if (key === undefined)
        return { status: 401, code: '401', message: 'Access denied due to invalid subscription key or wrong API endpoint.' }
      return protocol.refusal({ ...request, headers: { ...request.headers, authorization: `Bearer ${key}` } })
    },
  }
}
