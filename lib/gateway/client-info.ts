/** Who a connection is of. */
export interface ClientInfo {
  /** IP address. */
  address: string
  /** Whom it counts for: the address, or the /64 of it. */
  key: string
  /** Origin of the page; null: a program. */
  origin: string | null
}
