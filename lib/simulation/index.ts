/**
 * `xorpc/simulation`: whole networks of nodes in memory, on virtual time and a seed. Hundreds to tens of thousands of
 * nodes in one process, hours of network time in seconds, the same seed giving the same run.
 *
 * @module xorpc/simulation
 */
export { VirtualClock, VirtualEvent } from '../primitives/virtual-clock.js'
export { Churn } from './churn.js'
export { exponential, fixed, lognormal, pareto, uniform, weibull } from './distributions.js'
export { HostClock } from './host-clock.js'
export { SimulatedHost } from './host.js'
export { HostileHost } from './hostile-host.js'
export { matrix, plane } from './latency.js'
export { Nat } from './nat.js'
export { redirectTimers } from './redirected-timers.js'
export { SimulatedNetwork } from './network.js'
export { SeededRandom, seededRandom } from './seeded-random.js'
export { Simulation } from './simulation.js'
export { trueClosest } from './true-closest.js'
export { createUdx } from './udx.js'

export type { VirtualClockOptions } from '../primitives/virtual-clock.js'
export type { ChurnHost, ChurnOptions } from './churn.js'
export type { LinkConditions, LinkOptions } from './conditions.js'
export type { Distribution, Fractions } from './distributions.js'
export type { Endpoint, OnHostileDatagram } from './hostile-host.js'
export type { Link } from './host.js'
export type { Datagram } from './in-flight.js'
export type { LatencyFunction, LatencyModel, Place, PlaneOptions } from './latency.js'
export type { NatKind, NatOptions } from './nat.js'
export type { LossReason, NetworkStats } from './network-stats.js'
export type { HostName, HostOptions, NetworkOptions, SimulatedNetworkOptions, Tap } from './network.js'
export type { NodeHostOptions, SimulationOptions } from './simulation.js'
export type { RedirectOptions, TimerRedirection } from './redirected-timers.js'
export type { Identified } from './true-closest.js'
export type { SimulatedUdx, SimulatedUdxSender, SimulatedUdxSocket, SynchronousTransport } from './udx.js'
