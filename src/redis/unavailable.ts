/** Redis could not be asked, or gave no answer in time. Whoever asked goes on without it. */
export class RedisUnavailable extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'RedisUnavailable'
  }
}
