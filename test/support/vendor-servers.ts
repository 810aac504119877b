import type { ProviderType } from '../../src/artifact/provider.ts'
import { startAnthropicServer } from './anthropic-server.ts'
import { startAzureServer } from './azure-server.ts'
import { startBedrockServer } from './bedrock-server.ts'
import { startGoogleServer } from './google-server.ts'
import { startMistralServer } from './mistral-server.ts'
import { startOpenAiServer } from './openai-server.ts'
import type { ProtocolServer } from './protocol-server.ts'

/** A server of each vendor's protocol, with the block that leads to it. */
export interface VendorServer {
  readonly type: ProviderType
  readonly server: ProtocolServer
  /** HCL, with `api_key = secret("VENDOR_KEY")`. */
  readonly block: string
}

const starts: Readonly<Partial<Record<ProviderType, { readonly start: () => Promise<ProtocolServer>; readonly path?: string }>>> = {
  openai: { start: startOpenAiServer },
  openai_compatible: { start: startOpenAiServer },
  anthropic: { start: startAnthropicServer, path: '/v1' },
  google: { start: startGoogleServer, path: '/v1beta' },
  azure: { start: startAzureServer },
  amazon_bedrock: { start: startBedrockServer },
  mistral: { start: startMistralServer, path: '/v1' },
}

/** All types that call somebody. */
export function startVendorServers(): Promise<readonly VendorServer[]> {
  return Promise.all(
    Object.entries(starts).map(async ([name, { start, path = '' }]) => {
      const type = name as ProviderType
      const server = await start()
      const region = type === 'amazon_bedrock' ? '\n  region   = "eu-central-1"' : ''
      const block = `provider "${type}" {\n  api_key  = secret("VENDOR_KEY")\n  base_url = "${server.url}${path}"${region}\n}\n`
      return { type, server, block }
    }),
  )
}
