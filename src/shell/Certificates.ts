/** Who a process is, to those who have the same authority. */

/** PEM texts, all of the same authority. */
export interface Certificates {
  /** The authority: whose certificates count. */
  readonly ca: string
  /** This process's own; a server's has its id for a name. */
  readonly cert: string
  readonly key: string
}
