/** `127.0.0.1:80`, `[::1]:80`: a place of the network as URLs and flags write it, where an IPv6 address stands in brackets. */
export function hostPort(host: string, port: number | string): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`
}
