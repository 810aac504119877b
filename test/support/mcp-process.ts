import { StdioServerTransport } from '@modelcontextprotocol/server/stdio'
import { officialServer } from './mcp-server.ts'

await officialServer().connect(new StdioServerTransport())
