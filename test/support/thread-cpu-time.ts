/** The time that this thread has worked, in milliseconds: other processes of a loaded machine add nothing to it. */
export function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
