/** What the page can ask for: name and arguments, as plain data that may cross to another thread. */
import type { NatKind } from 'xorpc/simulation'

export interface RealNetworkOptions {
  /** URL of a gateway, or several, separated by blanks. */
  gateway: string
  /** Where to join: `host:port`, separated by blanks; empty: the public network's own. */
  bootstrap: string
}

export interface Actions {
  pause: (paused: boolean) => void
  speed: (speed: number) => void
  step: () => void
  /** Whether datagrams are to be told of. */
  flights: (wanted: boolean) => void
  select: (key: number | null) => void
  startOver: (count: number) => void
  add: (count: number, nat: NatKind) => void
  watchNode: (nat: NatKind) => void
  /** Some by chance. */
  killSome: (count: number) => void
  firewallSome: (count: number) => void
  kill: (key: number) => void
  revive: (key: number) => void
  setNat: (key: number, nat: NatKind) => void
  cut: () => void
  heal: () => void
  loss: (share: number) => void
  /** `key`: who asks; null: any node. `text`: hashed for the target. */
  lookup: (key: number | null, text: string) => void
  put: (key: number | null, text: string, value: string) => void
  get: (key: number | null, text: string) => void
  /** Writes the next version of a record, whose owner the page is. */
  putRecord: (key: number | null, name: string, value: string) => void
  deleteRecord: (key: number | null, name: string) => void
  /** Of the record that is watched: those nearest to it. */
  killHolders: (count: number) => void
  run: (code: string) => void
  stop: () => void
  connect: (options: RealNetworkOptions) => void
  disconnect: () => void
}

export type ActionName = keyof Actions

/** One action, to be sent. */
export type Action = { [Name in ActionName]: { name: Name; args: Parameters<Actions[Name]> } }[ActionName]
