/** Where a server listens. */
export interface Address {
  readonly host: string
  /** 1 to 65535. */
  readonly port: number
}

/** The address in `HOST:PORT`, an IPv6 host in brackets; `undefined`: there is none. */
export const addressOf = (text: string): Address | undefined => {
  const [, bracketed, host = bracketed, port] = /^(?:\[([^\]]+)\]|([^:]+)):([0-9]{1,5})$/.exec(text) ?? []
  const number = Number(port)
  return host === undefined || number < 1 || number > 65_535 ? undefined : { host, port: number }
}

/** `addressOf` reads it back. */
export const textOf = ({ host, port }: Address): string => `${host.includes(":") ? `[${host}]` : host}:${port}`

/** Whether only this machine can reach what listens there. */
export const isLoopback = (host: string): boolean => /^(127\.\d+\.\d+\.\d+|::1|localhost)$/.test(host)
